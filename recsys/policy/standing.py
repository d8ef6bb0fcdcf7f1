"""What holds in a placement, a channel and a stretch of time: masks for everybody, questions for the rest."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from recsys.policy.native import KEPT, Code, Codes, remove
from recsys.policy.rule import Effect
from recsys.policy.rules import CompiledRule, Situation
from recsys.types import Channel, EpochSeconds, Instants, ItemKind, KeepMask, Rows


@dataclass(frozen=True, slots=True)
class Removal:
    """An exclude or a require; ``codes`` has shape (n + 1,), its code where it removes, KEPT at the end."""

    rule: CompiledRule
    codes: Codes


@dataclass(frozen=True, slots=True)
class Boost:
    """A boost; ``factors`` and ``bits`` have shape (n + 1,), 1 and 0 where it does nothing and at the end."""

    rule: CompiledRule
    factors: NDArray[np.float32]
    bits: NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class CapRule:
    """A cap on slates; ``group`` has shape (n_products,), -1 where it counts nothing."""

    rule: CompiledRule
    limit: int
    group: Rows


@dataclass(frozen=True, slots=True)
class PinRule:
    """A pin of a product or offer that the bundle knows, by its row."""

    rule: CompiledRule
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
class Layer:
    """
    One kind of item: what everybody meets, and the rules that ask who it is.

    Attributes:
        codes: Shape (n + 1,): what removes each for everybody.
        factors, bits: Shape (n + 1,): product of the boosts that everybody gets, and which; absent where none is.
        removals, boosts: In force, and to be asked of each member.
    """

    codes: Codes
    factors: NDArray[np.float32] | None
    bits: NDArray[np.uint32] | None
    removals: tuple[Removal, ...]
    boosts: tuple[Boost, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """All that is in force; ``offers_by_tier`` has shape (n_tiers, n_offers), everybody's removals of offers."""

    products: Layer
    offers: Layer
    offers_by_tier: Codes
    caps: tuple[CapRule, ...]
    pins: tuple[PinRule, ...]


@dataclass(frozen=True, slots=True)
class Standings:
    """
    Builds the standing of a situation and keeps it until a date passes.

    Attributes:
        dated: Products and offers as they are.
        tier_codes: Shape (n_tiers, n_offers): removals that only the tier decides.
        removals, boosts: Of both kinds, in the order of the file.
        caps, pins: In the order of the file.
        changes: Every instant at which something starts or ends, ascending.
    """

    dated: dict[ItemKind, Dated]
    tier_codes: Codes
    removals: tuple[Removal, ...]
    boosts: tuple[Boost, ...]
    caps: tuple[CapRule, ...]
    pins: tuple[PinRule, ...]
    changes: list[EpochSeconds]
    _kept: dict[tuple[str, Channel], tuple[int, Standing]] = field(default_factory=dict, repr=False)

    def at(self, situation: Situation) -> Standing:
        """The same object until the next change; safe to call from several threads."""
        stretch = bisect_right(self.changes, situation.now)
        key = (situation.placement, situation.channel)
        kept = self._kept.get(key)
        if kept is not None and kept[0] == stretch:
            return kept[1]
        standing = self._build(situation)
        self._kept[key] = (stretch, standing)
        return standing

    def _build(self, situation: Situation) -> Standing:
        products, offers = (self._layer(kind, situation) for kind in (ItemKind.PRODUCT, ItemKind.OFFER))
        return Standing(
            products=products,
            offers=offers,
            offers_by_tier=np.minimum(self.tier_codes, offers.codes[:-1]),
            caps=tuple(cap for cap in self.caps if cap.rule.in_force(situation)),
            pins=tuple(pin for pin in self.pins if pin.rule.in_force(situation)),
        )

    def _layer(self, kind: ItemKind, situation: Situation) -> Layer:
        codes = self.dated[kind].codes(situation.now)
        removals = [one for one in self.removals if _is_about(one.rule, kind, situation)]
        boosts = [one for one in self.boosts if _is_about(one.rule, kind, situation)]
        for removal in removals:
            if removal.rule.who is None:
                np.minimum(codes, removal.codes, out=codes)
        factors: NDArray[np.float32] | None = None
        bits: NDArray[np.uint32] | None = None
        for boost in boosts:
            if boost.rule.who is None:
                factors = boost.factors if factors is None else factors * boost.factors
                bits = boost.bits if bits is None else bits | boost.bits
        return Layer(
            codes=codes,
            factors=factors,
            bits=bits,
            removals=tuple(one for one in removals if one.rule.who is not None),
            boosts=tuple(one for one in boosts if one.rule.who is not None),
        )


def all_changes(dated: Sequence[Dated], rules: Sequence[CompiledRule]) -> list[EpochSeconds]:
    """Every instant at which a product, an offer or a rule starts or ends, ascending."""
    of_rules = np.array([instant for rule in rules for instant in (rule.starts, rule.ends)], dtype=np.int64)
    changes: list[EpochSeconds] = np.unique(
        np.concatenate([of_rules, *(column for one in dated for column in (one.since, one.until))])
    ).tolist()
    return changes


def removal_of(rule: CompiledRule, code: Code) -> Removal:
    """The removal that an exclude or a require stands for."""
    removed: KeepMask = rule.what if rule.rule.effect is Effect.EXCLUDE else ~rule.what
    codes = np.full(len(removed) + 1, KEPT, dtype=np.uint16)
    codes[:-1][removed] = code
    return Removal(rule, codes)


def boost_of(rule: CompiledRule, factor: float, position: int) -> Boost:
    """The boost that stands at a position of ``CompiledPolicy.boost_ids``."""
    factors = np.ones(len(rule.what) + 1, dtype=np.float32)
    factors[:-1][rule.what] = factor
    bits = np.zeros(len(rule.what) + 1, dtype=np.uint32)
    bits[:-1][rule.what] = 1 << position
    return Boost(rule, factors, bits)


def _is_about(rule: CompiledRule, kind: ItemKind, situation: Situation) -> bool:
    return rule.rule.applies_to is kind and rule.in_force(situation)
