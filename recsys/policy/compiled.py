"""A policy over one bundle: what a decision asks of it, as arrays over members and candidates."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from recsys.catalogue import Catalogue
from recsys.decision import Context
from recsys.members import MemberBatch
from recsys.offers.definitions import OfferDefinitions
from recsys.policy.contact import ContactRules
from recsys.policy.evaluate import ErrorCounter
from recsys.policy.guardrails import DepthLimit, remove_by_basket
from recsys.policy.masks import multiply, remove_listed, remove_owned, remove_rows, standing_boost
from recsys.policy.native import KEPT, Code, Codes, NativeRule, as_answer
from recsys.policy.rules import CompiledRule, Situation
from recsys.policy.schema import Experiment, Policy, RecentlyBought
from recsys.policy.standing import Standings
from recsys.types import SECONDS_PER_DAY, Channel, ItemKind, KeepMask, Rows


@dataclass(frozen=True, slots=True)
class Placement:
    """A slot as the engine fills it."""

    name: str
    channel: Channel
    capacity: int
    types: frozenset[ItemKind]
    max_offers: int


@dataclass(frozen=True, slots=True)
class SlateCap:
    """
    At most ``limit`` products of one group in a slate.

    Attributes:
        rule_id: Whose cap it is.
        limit: At least 0.
        group: Shape (n_products,): products of one group have one number; -1 is not counted.
        applies: Shape (m,): the members for whom it holds.
    """

    rule_id: str
    limit: int
    group: Rows
    applies: KeepMask


@dataclass(frozen=True, slots=True)
class Pin:
    """
    A product or offer that stands at a position, provided that no rule removes it.

    Attributes:
        rule_id: Whose pin it is.
        kind, row: Which product or offer.
        position: From 1.
        applies: Shape (m,): the members for whom it holds.
    """

    rule_id: str
    kind: ItemKind
    row: int
    position: int
    applies: KeepMask

    def names(self, kind: ItemKind, row: int) -> bool:
        """Is it about this product or offer?"""
        return self.kind is kind and self.row == row


@dataclass(frozen=True, slots=True)
class CompiledPolicy:
    """
    What `compile_policy` makes of a policy file and a bundle.

    Methods take the members of one call and answer for each; they change nothing but ``errors``. A context whose
    placement the policy does not know is treated as the default placement.

    Attributes:
        source: What it was compiled from; says in which section a rule stands, and why it exists.
        policy_id, name: Of the file.
        rule_ids: Position is the code that removals answer.
        boost_ids: Position is the bit that boosts answer.
        errors: Expressions that could not be evaluated, so far.
        warnings: What in the file does nothing with this bundle, as sentences.
        experiment: Absent where none runs.
        epsilon, risk_aversion, default_margin_rate, answer_ttl_s: As in the file.
        contact_cost_minor: Cost of a message by channel, where it replaces the offer definition's.
        default_placement: Answers unknown placements.
        rules: Those of the file, over this bundle.
    """

    source: Policy
    policy_id: str
    name: str
    rule_ids: tuple[str, ...]
    boost_ids: tuple[str, ...]
    errors: ErrorCounter
    warnings: tuple[str, ...]
    experiment: Experiment | None
    epsilon: float
    risk_aversion: float
    default_margin_rate: float
    answer_ttl_s: int
    contact_cost_minor: Mapping[Channel, int]
    default_placement: Placement
    rules: tuple[CompiledRule, ...]
    _placements: Mapping[str, Placement] = field(repr=False)
    _standings: Standings = field(repr=False)
    _contact: ContactRules = field(repr=False)
    _depth_limits: tuple[DepthLimit, ...] = field(repr=False)
    _basket_offers: NDArray[np.intp] = field(repr=False)
    _recently_bought: RecentlyBought = field(repr=False)
    _code: Mapping[NativeRule, Code] = field(repr=False)
    _tiers: tuple[str, ...] = field(repr=False)
    _catalogue: Catalogue = field(repr=False)
    _offers: OfferDefinitions = field(repr=False)

    def placement(self, name: str) -> Placement | None:
        """The placement of that name; absent where the policy has none."""
        return self._placements.get(name)

    def removed_for_everybody(self, context: Context) -> dict[ItemKind, dict[str, int]]:
        """How many products and offers each rule removes whoever asks, by id of the first rule; for checks."""
        standing = self._standings.at(self._situation(context))
        counts: dict[ItemKind, dict[str, int]] = {}
        for kind, layer in ((ItemKind.PRODUCT, standing.products), (ItemKind.OFFER, standing.offers)):
            codes, n_removed = np.unique(layer.codes[layer.codes != KEPT], return_counts=True)
            counts[kind] = {self.rule_ids[code]: int(n) for code, n in zip(codes, n_removed, strict=True)}
        return counts

    def slate_removals(self, batch: MemberBatch, context: Context) -> NDArray[np.int16]:
        """
        Say who may be sent nothing at all in this channel: consent is missing or a cap on messages is reached.

        Returns:
            Shape (m,): position in ``rule_ids``; -1 where something may be sent, which on the web is always.
        """
        situation = self._situation(context)
        if situation.channel is Channel.WEB:
            return np.full(len(batch), -1, dtype=np.int16)
        return as_answer(self._contact.member_codes(batch, situation.channel, situation.now))

    def product_removals(self, batch: MemberBatch, context: Context, candidates: Rows) -> NDArray[np.int16]:
        """
        Say which candidates the hard rules remove.

        Args:
            batch: The m members.
            context: Of the call.
            candidates: Shape (m, c): product rows; UNKNOWN_ROW pads.

        Returns:
            Shape (m, c): position in ``rule_ids`` of the first rule that removes the product; -1 where none does.
            Padding may have any value.
        """
        situation = self._situation(context)
        layer = self._standings.at(situation).products
        codes: Codes = layer.codes[candidates]
        self._remove_bought_lately(codes, candidates, batch, situation)
        for rule, lists in (
            (NativeRule.EXCLUDED_BY_REQUEST, batch.excluded_products),
            (NativeRule.ALREADY_IN_BASKET, batch.basket),
            (NativeRule.ASKED_ABOUT, batch.about),
        ):
            if len(lists.values):
                remove_listed(codes, candidates, lists.owners(), lists.values, self._code[rule])
        if situation.channel is not Channel.WEB:
            reach = self._contact.member_codes(batch, situation.channel, situation.now)
            np.minimum(codes, reach[:, None], out=codes)
        for removal in layer.removals:
            remove_rows(codes, removal.codes, candidates, self._holds(removal.rule, batch, situation))
        return as_answer(codes)

    def offer_removals(self, batch: MemberBatch, context: Context, *, withhold: KeepMask) -> NDArray[np.int16]:
        """
        Say which offers the hard rules remove.

        Args:
            batch: The m members.
            context: Of the call.
            withhold: Shape (m,): members in an arm without offers.

        Returns:
            Shape (m, n_offers): position in ``rule_ids`` of the first rule that removes the offer; -1 where none does.
        """
        situation = self._situation(context)
        standing = self._standings.at(situation)
        codes: Codes = standing.offers_by_tier[batch.tier]
        remove_owned(codes, batch.excluded_offers, self._code[NativeRule.EXCLUDED_BY_REQUEST])
        remove_owned(codes, batch.held, self._code[NativeRule.OFFER_ALREADY_HELD])
        reach = self._contact.member_codes(batch, situation.channel, situation.now)
        np.minimum(codes, reach[:, None], out=codes)
        self._contact.cap_offers(codes, batch, situation.channel, situation.now)
        self._contact.cool_offers(codes, batch, self._offers.offers, situation.now)
        remove_by_basket(codes, batch, self._offers.amount_minor, self._basket_offers, self._depth_limits)
        for removal in standing.offers.removals:
            holds = self._holds(removal.rule, batch, situation)
            codes[holds] = np.minimum(codes[holds], removal.codes[:-1])
        codes[withhold] = np.minimum(codes[withhold], np.uint16(self._code[NativeRule.EXPERIMENT_HOLDOUT]))
        return as_answer(codes)

    def product_boost(
        self, batch: MemberBatch, context: Context, candidates: Rows
    ) -> tuple[NDArray[np.float32], NDArray[np.uint32]]:
        """Shape (m, c) both: what multiplies each candidate's score (1 = nothing), and the bits of ``boost_ids``."""
        situation = self._situation(context)
        layer = self._standings.at(situation).products
        factors, bits = standing_boost(layer, candidates)
        for boost in layer.boosts:
            multiply(factors, bits, boost, candidates, self._holds(boost.rule, batch, situation))
        return factors, bits

    def offer_boost(self, batch: MemberBatch, context: Context) -> tuple[NDArray[np.float32], NDArray[np.uint32]]:
        """Shape (m, n_offers) both: what multiplies each offer's value (1 = nothing), and the bits of ``boost_ids``."""
        situation = self._situation(context)
        layer = self._standings.at(situation).offers
        everything = np.arange(len(self._offers), dtype=np.int32)[None].repeat(len(batch), axis=0)
        factors, bits = standing_boost(layer, everything)
        for boost in layer.boosts:
            multiply(factors, bits, boost, everything, self._holds(boost.rule, batch, situation))
        return factors, bits

    def caps(self, batch: MemberBatch, context: Context) -> tuple[SlateCap, ...]:
        """The caps in force, in the order of the file."""
        situation = self._situation(context)
        return tuple(
            SlateCap(cap.rule.rule.id, cap.limit, cap.group, self._holds(cap.rule, batch, situation))
            for cap in self._standings.at(situation).caps
        )

    def pins(self, batch: MemberBatch, context: Context) -> tuple[Pin, ...]:
        """The pins in force, in the order of the file; where two want one position, the first has it."""
        situation = self._situation(context)
        return tuple(
            Pin(pin.rule.rule.id, pin.kind, pin.row, pin.position, self._holds(pin.rule, batch, situation))
            for pin in self._standings.at(situation).pins
        )

    def _situation(self, context: Context) -> Situation:
        placement = self._placements.get(context.placement, self.default_placement)
        return Situation(placement.name, context.channel or placement.channel, context)

    def _holds(self, rule: CompiledRule, batch: MemberBatch, situation: Situation) -> KeepMask:
        return rule.holds_for(batch, situation, tiers=self._tiers, errors=self.errors)

    def _remove_bought_lately(self, codes: Codes, candidates: Rows, batch: MemberBatch, situation: Situation) -> None:
        settings = self._recently_bought
        if not settings.days:
            return
        lately = (batch.bought_at > situation.now - settings.days * SECONDS_PER_DAY).nonzero()[0]
        rarely = self._catalogue.repeat_rate[batch.bought.values[lately]] < settings.unless_repeat_rate_at_least
        entries = lately[rarely]
        if len(entries):
            owners = batch.bought.indptr.searchsorted(entries, side="right") - 1
            code = self._code[NativeRule.RECENTLY_BOUGHT]
            remove_listed(codes, candidates, owners, batch.bought.values[entries], code)
