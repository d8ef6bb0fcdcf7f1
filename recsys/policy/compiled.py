"""A policy over one bundle: who asks it gets a ruling, and what it consists of is told by name."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from recsys.decision import Context
from recsys.members import MemberBatch
from recsys.policy.calendar.periods_on import PeriodsOn
from recsys.policy.compiled_masks import Masks
from recsys.policy.evaluate import ErrorCounter
from recsys.policy.file.schema import Experiment, Policy
from recsys.policy.masks import Words
from recsys.policy.members.circumstances import Circumstances, accepted, circumstances
from recsys.policy.members.readers import Audience
from recsys.policy.members.segments import Segments
from recsys.policy.members.who import Who
from recsys.policy.money_limits import BudgetLimit
from recsys.policy.native import KEPT, Code
from recsys.policy.rules import CompiledRule
from recsys.policy.ruling import Ruling
from recsys.policy.shown import Pin, Placement, SlateCap
from recsys.policy.standing import Standings
from recsys.types import Channel, ItemKind, KeepMask, Rows

_MOST_CIRCUMSTANCES = 64
"""That are remembered: calls come many a second, and share the second, or share all."""


@dataclass(frozen=True, slots=True)
class CompiledPolicy:
    """
    What `compile_policy` makes of a policy file and a bundle.

    Nothing in it changes but ``errors`` and tables that remember answers; any number of threads may ask. A context
    whose placement the policy does not know is treated as the default placement.

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
        rules: Those of the file, over this bundle, in the order in which they are asked.
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
    _sections: Mapping[str, str] = field(repr=False)
    _positions: Mapping[str, int] = field(repr=False)
    _zone: ZoneInfo = field(repr=False)
    _periods: PeriodsOn = field(repr=False)
    _segments: Segments = field(repr=False)
    _who: Who = field(repr=False)
    _standings: Standings = field(repr=False)
    _masks: Masks = field(repr=False)
    _known: dict[object, Circumstances] = field(default_factory=dict, repr=False)

    @property
    def budgets(self) -> tuple[BudgetLimit, ...]:
        """The budgets of the guardrails, in the order of the file, and which offers each pays for."""
        return self._masks.money.budgets

    def placement(self, name: str) -> Placement | None:
        """The placement of that name; absent where the policy has none."""
        return self._placements.get(name)

    def ruling(self, batch: MemberBatch, context: Context) -> Ruling:
        """Ask the policy of the members of a call, once for all that a decision wants to know."""
        at = self._circumstances(context)
        inside: dict[str, NDArray[np.int8]] = {}
        audience = Audience(batch, at, inside)
        inside.update(self._segments.of(audience, self.errors))
        answers = self._who.ask(audience)
        placement = self._placements[at.placement]
        return Ruling.of(audience, placement, self._standings.at(at), answers, masks=self._masks, errors=self.errors)

    def code_of(self, rule_id: str) -> Code:
        """
        Position of a rule that can remove something in ``rule_ids``.

        Raises:
            KeyError: No such rule has the id.
        """
        return self._standings.code_of[rule_id]

    def section_of(self, rule_id: str) -> str:
        """
        The section of the file that a rule stands in; ``native`` of what is always on.

        Raises:
            KeyError: No rule has the id.
        """
        return self._sections[rule_id]

    def names(self, rule_id: str) -> KeepMask:
        """
        Shape (n_products,) or (n_offers,): what a rule of the file names, whatever it does to it.

        Raises:
            KeyError: No rule of the file has the id.
        """
        found: list[KeepMask] = [rule.what for rule in self.rules if rule.rule.id == rule_id]
        if not found:
            raise KeyError(rule_id)
        return np.asarray(np.logical_or.reduce(found))

    def holds(self, rule_id: str, batch: MemberBatch, context: Context) -> KeepMask:
        """
        Shape (m,): the members for whom a rule of the file holds here and now.

        Raises:
            KeyError: No rule of the file has the id.
        """
        return self.ruling(batch, context).holds(self._positions[rule_id])

    def levers_of(self, bits: int) -> tuple[tuple[str, float], ...]:
        """The levers of a set of bits, as rulings answer them: id and factor, in the order of ``boost_ids``."""
        rules = self._masks.layout.levers.rules
        return tuple((rule.rule.id, rule.rule.factor or 1.0) for bit, rule in enumerate(rules) if bits >> bit & 1)

    def removed_for_everybody(self, context: Context) -> dict[ItemKind, dict[str, int]]:
        """How many products and offers each rule removes whoever asks, by id of the first rule; for checks."""
        standing = self._standings.at(self._circumstances(context))
        counts: dict[ItemKind, dict[str, int]] = {}
        for kind, column in ((ItemKind.PRODUCT, standing.products[:-1]), (ItemKind.OFFER, standing.offers)):
            codes, n_removed = np.unique(column[column != KEPT], return_counts=True)
            counts[kind] = {self.rule_ids[code]: int(n) for code, n in zip(codes, n_removed, strict=True)}
        return counts

    def slate_removals(self, batch: MemberBatch, context: Context) -> NDArray[np.int16]:
        """As `Ruling.slate_removals`, where nothing else is asked."""
        return self.ruling(batch, context).slate_removals()

    def product_removals(self, batch: MemberBatch, context: Context, candidates: Rows) -> NDArray[np.int16]:
        """As `Ruling.product_removals`, where nothing else is asked."""
        return self.ruling(batch, context).product_removals(candidates)

    def offer_removals(self, batch: MemberBatch, context: Context, *, withhold: KeepMask) -> NDArray[np.int16]:
        """As `Ruling.offer_removals`, where nothing else is asked."""
        return self.ruling(batch, context).offer_removals(withhold=withhold)

    def product_boost(
        self, batch: MemberBatch, context: Context, candidates: Rows
    ) -> tuple[NDArray[np.float32], Words]:
        """As `Ruling.product_boost`, where nothing else is asked."""
        return self.ruling(batch, context).product_boost(candidates)

    def offer_boost(self, batch: MemberBatch, context: Context) -> tuple[NDArray[np.float32], Words]:
        """As `Ruling.offer_boost`, where nothing else is asked."""
        return self.ruling(batch, context).offer_boost()

    def caps(self, batch: MemberBatch, context: Context) -> tuple[SlateCap, ...]:
        """As `Ruling.caps`, where nothing else is asked."""
        return self.ruling(batch, context).caps()

    def pins(self, batch: MemberBatch, context: Context) -> tuple[Pin, ...]:
        """As `Ruling.pins`, where nothing else is asked."""
        return self.ruling(batch, context).pins()

    def _circumstances(self, context: Context) -> Circumstances:
        placement = self._placements.get(context.placement, self.default_placement)
        channel, declared = context.channel or placement.channel, self.source.context_attributes
        key = (context.now, placement.name, channel, context.relation, accepted(context, declared))
        found = self._known.get(key)
        if found is None:
            found = circumstances(
                context,
                placement=placement.name,
                channel=channel,
                zone=self._zone,
                declared=declared,
                periods=self._periods,
            )
            if len(self._known) >= _MOST_CIRCUMSTANCES:
                self._known.clear()
            self._known[key] = found
        return found
