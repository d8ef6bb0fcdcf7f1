"""What a policy says to the members of one call: asked of them once, answered for any candidates."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from recsys.members import MemberBatch
from recsys.offers.economics import OfferValues
from recsys.policy.compiled_masks import Masks
from recsys.policy.evaluate import ErrorCounter
from recsys.policy.expressions.logic import bits as numbers_of
from recsys.policy.guardrails import remove_by_basket
from recsys.policy.layout import Block
from recsys.policy.masks import WORD, Words, remove_listed, remove_named, remove_owned
from recsys.policy.members.readers import Audience, attributes_of
from recsys.policy.members.who import Answers
from recsys.policy.native import KEPT, Codes, NativeRule, as_answer, remove
from recsys.policy.shown import Pin, Placement, SlateCap
from recsys.policy.standing import Standing
from recsys.ragged import Ragged
from recsys.types import SECONDS_PER_DAY, Channel, ItemKind, KeepMask, Rows


@dataclass(slots=True)
class Ruling:
    """
    The answers of a policy to the m members of a call, whatever candidates come.

    Attributes:
        audience: The members and what they share.
        placement: That is filled.
        standing: What is in force.
        errors: Takes note, once a part of the policy that is asked, of who-expressions that could not be evaluated.
    """

    audience: Audience
    placement: Placement
    standing: Standing
    errors: ErrorCounter
    _answers: Answers = field(repr=False)
    _holds: Words = field(repr=False)
    _bits: int | None = field(repr=False)
    _masks: Masks = field(repr=False)
    _reach: list[Codes] = field(default_factory=list, repr=False)
    _met: list[KeepMask] = field(default_factory=list, repr=False)
    _noted: set[int] = field(default_factory=set, repr=False)

    @classmethod
    def of(
        cls,
        audience: Audience,
        placement: Placement,
        standing: Standing,
        answers: Answers,
        *,
        masks: Masks,
        errors: ErrorCounter,
    ) -> "Ruling":
        """Of what the members' who-expressions answered."""
        bits = None if answers.bits is None else answers.bits & standing.asked_bits
        return cls(audience, placement, standing, errors, answers, answers.holds & standing.asked, bits, masks)

    @property
    def batch(self) -> MemberBatch:
        """The members."""
        return self.audience.batch

    def narrowed(self, who: NDArray[np.intp], batch: MemberBatch) -> "Ruling":
        """The same for some of the members, by position; *batch* has these alone."""
        audience = Audience(batch, self.audience.at, {})
        answers = Answers(self._answers.holds[who], None)
        holds = self._holds[who]
        return Ruling(audience, self.placement, self.standing, self.errors, answers, holds, None, self._masks)

    def slate_removals(self) -> NDArray[np.int16]:
        """
        Say who may be sent nothing at all in this channel: consent is missing or a cap on messages is reached.

        Returns:
            Shape (m,): position in ``rule_ids``; -1 where something may be sent, which on the web is always.
        """
        if self.audience.at.channel is Channel.WEB:
            return np.full(len(self.audience.batch), -1, dtype=np.int16)
        return as_answer(self._reached())

    def product_removals(self, candidates: Rows) -> NDArray[np.int16]:
        """
        Say which candidates the hard rules remove.

        Args:
            candidates: Shape (m, c): product rows; UNKNOWN_ROW pads.

        Returns:
            Shape (m, c): position in ``rule_ids`` of the first rule that removes the product; -1 where none does.
            Padding may have any value.
        """
        batch, masks = self.audience.batch, self._masks
        codes: Codes = self.standing.products.take(candidates)
        self._remove_bought_lately(codes, candidates)
        for rule, lists in (
            (NativeRule.EXCLUDED_BY_REQUEST, batch.excluded_products),
            (NativeRule.ALREADY_IN_BASKET, batch.basket),
            (NativeRule.ASKED_ABOUT, batch.about),
        ):
            if len(lists.values):
                remove_listed(codes, candidates, self._owners(lists), lists.values, masks.code[rule])
        if self.audience.at.channel is not Channel.WEB:
            np.minimum(codes, self._reached()[:, None], out=codes)
        kind = ItemKind.PRODUCT
        holds = self._holding(masks.layout.removals[kind])
        remove_named(codes, masks.removal_names[kind], holds, masks.removal_codes[kind], candidates)
        return as_answer(codes)

    def offer_removals(
        self,
        *,
        withhold: KeepMask,
        values: OfferValues | None = None,
        ids: NDArray[np.bytes_] | None = None,
        unsuitable: Sequence[tuple[NativeRule, NDArray[np.intp], KeepMask]] = (),
    ) -> NDArray[np.int16]:
        """
        Say which offers the hard rules remove.

        Args:
            withhold: Shape (m,): members in an arm without offers.
            values: What the offers are worth; without them, bounds on money that need them remove nothing.
            ids: Shape (m,): the members, as `recsys.assignment.hash_units` takes them; come with values.
            unsuitable: By rule: rows of offers, shape (k,), and whom they do not suit, shape (m, k).

        Returns:
            Shape (m, n_offers): position in ``rule_ids`` of the first rule that removes the offer; -1 where none does.
        """
        batch, masks, at = self.audience.batch, self._masks, self.audience.at
        codes = self._offers_named()
        remove_owned(codes, batch.excluded_offers, masks.code[NativeRule.EXCLUDED_BY_REQUEST])
        remove_owned(codes, batch.held, masks.code[NativeRule.OFFER_ALREADY_HELD])
        masks.triggered.remove_from(codes, batch, at.now)
        reached = self._reached()
        if len(batch) != 1 or reached.item(0) != KEPT:
            np.minimum(codes, reached[:, None], out=codes)
        offers = masks.knowledge.offers
        masks.contact.cap_offers(codes, batch, at.channel, at.now)
        masks.contact.cool_offers(codes, batch, offers.offers, at.now)
        remove_by_basket(codes, batch, offers.amount_minor, masks.basket_offers, masks.depth_limits)
        if values is not None and ids is not None:
            masks.money.remove_from(codes, ids, values, now=at.now)
        if offers.points_cost.any():
            dear = offers.points_cost > batch.points[:, None]
            remove(codes, dear, masks.code[NativeRule.NOT_ENOUGH_POINTS])
        for rule, rows, whom in unsuitable:
            of_rule = np.where(whom, np.uint16(masks.code[rule]), np.uint16(KEPT))
            codes[:, rows] = np.minimum(codes[:, rows], of_rule)
        if withhold.item(0) if len(batch) == 1 else withhold.any():
            codes[withhold] = np.minimum(codes[withhold], np.uint16(masks.code[NativeRule.EXPERIMENT_HOLDOUT]))
        return as_answer(codes)

    def _offers_named(self) -> Codes:
        """Shape (m, n_offers), new: what removes them for everybody, for the tier, and by the rules that hold."""
        masks, kind, tier = self._masks, ItemKind.OFFER, self.audience.batch.tier
        holds = self._holding(masks.layout.removals[kind])
        key = None if self._bits is None else (tier.item(0), holds.tobytes())
        known = None if key is None else self.standing.offers_known.get(key)
        if known is not None:
            return known.copy()
        alike = np.full((len(tier), len(masks.removal_names[kind])), KEPT, dtype=np.uint16)
        remove_named(alike, masks.removal_names[kind], holds, masks.removal_codes[kind])
        codes: Codes = alike.take(masks.offers_alike, axis=1)
        np.minimum(codes, self.standing.offers_by_tier.take(tier, axis=0), out=codes)
        if key is not None:
            self.standing.remember_offers(key, codes.copy())
        return codes

    def product_boost(self, candidates: Rows) -> tuple[NDArray[np.float32], Words]:
        """Shape (m, c) both: what multiplies each candidate's score (1 = nothing), and the bits of ``boost_ids``."""
        levers, factors = self._masks.levers[ItemKind.PRODUCT], self._masks.lever_factors
        holds = self._holding(self._masks.layout.levers)
        if self._bits is None:
            return levers.of_candidates(holds, candidates, factors)
        factor, bits = levers.of_one(holds.item(0) if holds.size else 0, factors)
        alike = levers.alike.take(candidates)
        return factor.take(alike), bits.take(alike)

    def offer_boost(self) -> tuple[NDArray[np.float32], Words]:
        """Shape (m, n_offers) both: what multiplies each offer's value (1 = nothing), and the bits of ``boost_ids``."""
        levers, factors = self._masks.levers[ItemKind.OFFER], self._masks.lever_factors
        holds = self._holding(self._masks.layout.levers)
        if self._bits is None:
            return levers.of_all(holds, factors)
        return levers.all_of_one(holds.item(0) if holds.size else 0, factors)

    def caps(self) -> tuple[SlateCap, ...]:
        """The caps in force, in the order of the file."""
        if self._bits is not None:
            return self._shown_to_one()[0]
        holds = self._shown(self.standing.caps)
        return tuple([SlateCap(cap.rule_id, cap.limit, cap.group, holds[:, at]) for at, cap in self.standing.caps])

    def pins(self) -> tuple[Pin, ...]:
        """The pins in force, in the order of the file; where two want one position, the first has it."""
        if self._bits is not None:
            return self._shown_to_one()[1]
        holds = self._shown(self.standing.pins)
        return tuple(
            [Pin(pin.rule_id, pin.kind, pin.row, pin.position, holds[:, at]) for at, pin in self.standing.pins]
        )

    def holds(self, position: int) -> KeepMask:
        """Shape (m,): the members for whom the rule holds that has this bit, in force or not for everybody."""
        word, bit = divmod(position, WORD)
        held = self._answers.holds[:, word] & self.standing.in_force[word] & np.uint64(1 << bit)
        return np.asarray(held != 0)

    def _shown(self, of_them: Sequence[object]) -> KeepMask:
        """Shape (m, bits): who meets each cap and pin; worked out once, and only where some of them are in force."""
        if not of_them:
            return np.zeros((len(self.batch), 0), dtype=np.bool_)
        if not self._met:
            holds = np.ascontiguousarray(self._holding(self._masks.layout.shows))
            self._met.append(np.unpackbits(holds.view(np.uint8), axis=1, bitorder="little").view(np.bool_))
        return self._met[0]

    def _shown_to_one(self) -> tuple[tuple[SlateCap, ...], tuple[Pin, ...]]:
        """The caps and pins of the only member."""
        holds = self._holding(self._masks.layout.shows)
        return self.standing.shown_to(int.from_bytes(holds.tobytes(), "little"))

    def _reached(self) -> Codes:
        """Shape (m,): what keeps each member from being reached; asked once."""
        if not self._reach:
            at = self.audience.at
            self._reach.append(self._masks.contact.member_codes(self.audience.batch, at.channel, at.now))
        return self._reach[0]

    def _holding(self, block: Block) -> Words:
        """Shape (m, words of the block): bits of its rules that hold; what could not be evaluated is counted once."""
        if self._answers.failed is not None and block.words.start not in self._noted:
            self._noted.add(block.words.start)
            self._note_failures(block, self._answers.failed[:, block.words] & self.standing.in_force[block.words])
        return self._holds[:, block.words]

    def _note_failures(self, block: Block, failed: Words) -> None:
        alone, noted = len(failed) == 1, []
        for word, bits in enumerate((failed[0] if alone else np.bitwise_or.reduce(failed, axis=0)).tolist()):
            for bit in numbers_of(bits):
                rule = block.rules[WORD * word + bit]
                rows = (0,) if alone else np.flatnonzero(failed[:, word] & np.uint64(1 << bit)).tolist()
                noted.append((rule.rule.id, len(rows)))
                if rule.who is not None and not self.errors.has_example(rule.rule.id, "who"):
                    seen = attributes_of(rule.who.references, self.audience, rows[0], self._masks.knowledge)
                    self.errors.add(rule.rule.id, "who", 0, rule.who.error(seen))
        self.errors.add_all("who", noted)

    def _owners(self, lists: Ragged) -> NDArray[np.int64]:
        """As `Ragged.owners`; of the only member without building much."""
        return np.zeros(len(lists.values), dtype=np.int64) if len(self.batch) == 1 else lists.owners()

    def _remove_bought_lately(self, codes: Codes, candidates: Rows) -> None:
        masks, batch = self._masks, self.audience.batch
        if not masks.rarely_days or not len(batch.bought_at):
            return
        since = self.audience.at.now - masks.rarely_days * SECONDS_PER_DAY
        (entries,) = (batch.bought_at > since).nonzero()
        if len(entries):
            entries = entries[masks.rarely_bought[batch.bought.values[entries]]]
        if len(entries):
            alone = len(batch) == 1
            owners = np.zeros_like(entries) if alone else batch.bought.indptr.searchsorted(entries, side="right") - 1
            code = masks.code[NativeRule.RECENTLY_BOUGHT]
            remove_listed(codes, candidates, owners, batch.bought.values[entries], code)
