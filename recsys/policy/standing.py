"""What holds in a placement, a channel and a stretch of time: masks for everybody, bits of what is asked besides."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from recsys.knowledge import Knowledge
from recsys.policy.attributes import margin_rate
from recsys.policy.file.schema import Policy
from recsys.policy.layout import Block, Layout
from recsys.policy.masks import WORD, Words, as_words
from recsys.policy.members.circumstances import Circumstances
from recsys.policy.native import KEPT, Code, Codes, NativeRule, remove
from recsys.policy.rules import CompiledRule
from recsys.policy.shown import Pin, SlateCap
from recsys.types import Channel, EpochSeconds, Instants, ItemKind, Rows

_MET = np.array([[False], [True]])
_MET.flags.writeable = False
_MOST_SHOWN = 4_096
_MOST_BYTES = 1 << 22


@dataclass(frozen=True, slots=True)
class CapRule:
    """A cap on slates; ``group`` has shape (n_products,), -1 where it counts nothing."""

    rule_id: str
    limit: int
    group: Rows


@dataclass(frozen=True, slots=True)
class PinRule:
    """A pin of a product or offer that the bundle knows, by its row."""

    rule_id: str
    kind: ItemKind
    row: int
    position: int


@dataclass(frozen=True, slots=True)
class Dated:
    """
    What is known of all products, or of all offers, without any member.

    Attributes:
        fixed: Shape (n,): what removes each at any time.
        since, until: Shape (n,): first instant of its time, and first instant after.
        code: Of being outside that time.
    """

    fixed: Codes
    since: Instants
    until: Instants
    code: Code

    def codes(self, now: EpochSeconds) -> Codes:
        """Shape (n + 1,): what removes each now; the last entry, which the row -1 finds, is KEPT."""
        codes = np.full(len(self.fixed) + 1, KEPT, dtype=np.uint16)
        codes[:-1] = self.fixed
        remove(codes[:-1], (now < self.since) | (now >= self.until), self.code)
        return codes


@dataclass(frozen=True, slots=True)
class Standing:
    """
    All that is in force.

    Attributes:
        products: Shape (n_products + 1,): what removes each for everybody.
        offers: Shape (n_offers,): what removes each for everybody.
        offers_by_tier: Shape (n_tiers, n_offers): what removes each for everybody of a tier.
        in_force: Shape (words,): bits of the rules that hold here and now.
        asked: Shape (words,): those of them that are not in ``products`` and ``offers_by_tier`` already.
        asked_bits: The same as a whole number.
        caps, pins: With their bit in the block ``shows``.
        shown: The caps and pins of one member, by what holds of the block ``shows``; remembered.
        offers_known: Shape (1, n_offers) each: what removes the offers of one member by the rules, by tier and bits.
    """

    products: Codes
    offers: Codes
    offers_by_tier: Codes
    in_force: Words
    asked: Words
    caps: tuple[tuple[int, CapRule], ...]
    pins: tuple[tuple[int, PinRule], ...]
    asked_bits: int
    shown: dict[int, tuple[tuple[SlateCap, ...], tuple[Pin, ...]]] = field(default_factory=dict, repr=False)
    offers_known: dict[tuple[int, bytes], Codes] = field(default_factory=dict, repr=False)

    def shown_to(self, holds: int) -> tuple[tuple[SlateCap, ...], tuple[Pin, ...]]:
        """The caps and pins of who these bits of the block ``shows`` hold for; as many alike share them."""
        found = self.shown.get(holds)
        if found is None:
            caps = [SlateCap(cap.rule_id, cap.limit, cap.group, _MET[holds >> at & 1]) for at, cap in self.caps]
            pins = [Pin(pin.rule_id, pin.kind, pin.row, pin.position, _MET[holds >> at & 1]) for at, pin in self.pins]
            if len(self.shown) >= _MOST_SHOWN:
                self.shown.clear()
            found = self.shown[holds] = (tuple(caps), tuple(pins))
        return found

    def remember_offers(self, key: tuple[int, bytes], codes: Codes) -> None:
        """Keep them; what is full starts anew, which costs time and changes no answer."""
        if len(self.offers_known) >= max(1, _MOST_BYTES // max(1, codes.nbytes)):
            self.offers_known.clear()
        self.offers_known[key] = codes


@dataclass(frozen=True, slots=True, eq=False)
class Standings:
    """
    Builds the standing of a situation and keeps it until a date passes.

    Attributes:
        layout: Of the rules' bits.
        code_of: Of the rules that remove.
        dated: Products and offers as they are.
        tier_codes: Shape (n_tiers, n_offers): removals that only the tier decides.
        channel_codes: Shape (n_offers,) each: removals that only the channel decides.
        caps, pins: By their bit in the block ``shows``.
        changes: Every instant at which something starts or ends, ascending.
    """

    layout: Layout
    code_of: dict[str, Code]
    dated: dict[ItemKind, Dated]
    tier_codes: Codes
    channel_codes: Mapping[Channel, Codes]
    caps: dict[int, CapRule]
    pins: dict[int, PinRule]
    changes: list[EpochSeconds]
    _kept: dict[tuple[str, Channel], tuple[int, Standing]] = field(default_factory=dict, repr=False)

    def at(self, situation: Circumstances) -> Standing:
        """The same object until the next change; safe to call from several threads."""
        known = situation.kept.get(self)
        if known is not None:
            return known  # type: ignore[no-any-return]  # kept by ourselves
        stretch = bisect_right(self.changes, situation.now)
        key = (situation.placement, situation.channel)
        kept = self._kept.get(key)
        if kept is None or kept[0] != stretch:
            kept = self._kept[key] = (stretch, self._build(situation))
        situation.kept[self] = kept[1]
        return kept[1]

    def _build(self, situation: Circumstances) -> Standing:
        in_force, asked = 0, 0
        for position, rule in self.layout.positions():
            if rule.in_force(situation):
                in_force |= 1 << position
                asked |= (rule.asks or not self._removes(rule)) << position
        codes = {kind: self._for_everybody(kind, situation) for kind in ItemKind}
        shown = {number for number, rule in enumerate(self.layout.shows.rules) if rule.in_force(situation)}
        return Standing(
            products=codes[ItemKind.PRODUCT],
            offers=codes[ItemKind.OFFER][:-1],
            offers_by_tier=np.minimum(self.tier_codes, codes[ItemKind.OFFER][:-1]),
            in_force=as_words(in_force, self.layout.n_words),
            asked=as_words(asked, self.layout.n_words),
            caps=tuple((number, cap) for number, cap in self.caps.items() if number in shown),
            pins=tuple((number, pin) for number, pin in self.pins.items() if number in shown),
            asked_bits=asked,
        )

    def _for_everybody(self, kind: ItemKind, situation: Circumstances) -> Codes:
        codes = self.dated[kind].codes(situation.now)
        if kind is ItemKind.OFFER:
            np.minimum(codes[:-1], self.channel_codes[situation.channel], out=codes[:-1])
        for rule in self.layout.removals[kind].rules:
            if not rule.asks and rule.in_force(situation):
                remove(codes[:-1], rule.removed(), self.code_of[rule.rule.id])
        return codes

    def _removes(self, rule: CompiledRule) -> bool:
        return rule.rule.id in self.code_of and rule.rule.cap is None


def dated(policy: Policy, knowledge: Knowledge, native: Mapping[NativeRule, Code]) -> dict[ItemKind, Dated]:
    """The products and the offers of a bundle, with what removes them for everybody."""
    catalogue, offers = knowledge.catalogue, knowledge.offers
    product_codes: Codes = np.full(len(catalogue), KEPT, dtype=np.uint16)
    remove(product_codes, ~catalogue.in_stock(), native[NativeRule.OUT_OF_STOCK])
    least = policy.guardrails.min_margin_rate
    if least is not None:
        thin = margin_rate(catalogue, policy.economics.default_margin_rate) < least
        remove(product_codes, thin, native[NativeRule.MIN_MARGIN])
    offer_codes: Codes = np.full(len(offers), KEPT, dtype=np.uint16)
    remove(offer_codes, offers.scope_empty, native[NativeRule.NOTHING_IN_SCOPE])
    remove(offer_codes, offers.total_limit == 0, native[NativeRule.USED_UP])
    remove(offer_codes, offers.budget_minor == 0, native[NativeRule.OUT_OF_BUDGET])
    return {
        ItemKind.PRODUCT: Dated(
            product_codes, catalogue.sale_from, catalogue.sale_until, native[NativeRule.NOT_ON_SALE]
        ),
        ItemKind.OFFER: Dated(offer_codes, offers.valid_from, offers.valid_until, native[NativeRule.OFFER_NOT_VALID]),
    }


def tiered(knowledge: Knowledge, native: Mapping[NativeRule, Code]) -> Codes:
    """Shape (n_tiers, n_offers): the offers that the definitions do not allow a tier."""
    every_tier = np.arange(len(knowledge.tiers), dtype=np.int8)
    codes: Codes = np.full((len(every_tier), len(knowledge.offers)), KEPT, dtype=np.uint16)
    remove(codes, ~knowledge.offers.allowed_for(every_tier), native[NativeRule.TIER_NOT_ALLOWED])
    return codes


def carried(knowledge: Knowledge, native: Mapping[NativeRule, Code]) -> dict[Channel, Codes]:
    """Shape (n_offers,) each: the offers that the definitions do not let a channel carry."""
    codes: dict[Channel, Codes] = {}
    for channel in Channel:
        codes[channel] = np.full(len(knowledge.offers), KEPT, dtype=np.uint16)
        remove(codes[channel], ~knowledge.offers.carried_by(channel), native[NativeRule.CHANNEL_NOT_CARRIED])
    return codes


def all_changes(dated: Sequence[Dated], rules: Sequence[CompiledRule]) -> list[EpochSeconds]:
    """Every instant at which a product, an offer or a rule starts or ends, ascending."""
    of_rules = np.array([instant for rule in rules for instant in (rule.starts, rule.ends)], dtype=np.int64)
    changes: list[EpochSeconds] = np.unique(
        np.concatenate([of_rules, *(column for one in dated for column in (one.since, one.until))])
    ).tolist()
    return changes


def removal_names(block: Block, n: int) -> Words:
    """Shape (n + 1, words): bits of the rules that remove each thing; none of the last, which the row -1 finds."""
    names = np.zeros((n + 1, block.words.stop - block.words.start), dtype=np.uint64)
    for number, rule in enumerate(block.rules):
        word, bit = divmod(number, WORD)
        names[:-1, word] |= rule.removed().astype(np.uint64) << np.uint64(bit)
    return names


def lever_names(block: Block, kind: ItemKind, n: int) -> Words:
    """Shape (n + 1,): bits of the levers that name each thing; none of the last, which the row -1 finds."""
    names = np.zeros(n + 1, dtype=np.uint64)
    for bit, rule in enumerate(block.rules):
        if rule.rule.applies_to is kind:
            names[:-1] |= rule.what.astype(np.uint64) << np.uint64(bit)
    return names
