"""An offer as one basket meets it: its definition as plain numbers, read once a bundle."""

from dataclasses import dataclass

import numpy as np

from recsys.offers.definitions import BASES, STACKINGS, Base, OfferDefinitions, Stacking
from recsys.offers.pricing.kernel import Discounts, takes_off_goods
from recsys.types import OFFER_KINDS, UNKNOWN_ROW, EpochSeconds, OfferKind, Rows

_NOBODY = 1 << 16


@dataclass(frozen=True, slots=True, eq=False)
class Coupon:
    """
    One offer definition, without the channels that may carry it: a coupon that was shown is good wherever it is used.

    Attributes:
        offer_id, kind: Of the definition.
        off_goods: It lowers the price of goods.
        per_million, fixed_minor, most_minor, beyond_minor, least_minor: Of `Discounts`; what buy x get y gives depends
            on units and is not among them.
        buy, get: Of buy x get y.
        multiplier_bp: Of the points.
        on_full: Shares, units and the threshold count at full prices, not at those left by coupons before it.
        scope: Shape (n,): product rows, ascending; None for the whole basket.
        valid_from, valid_until: First instant, and first instant after.
        from_tier: The lowest tier that the definition names: it and all above it may use the coupon.
        exclusive: Goes together with nothing.
        group, ladder: Numbers of which at most one goes into a basket; below 0 for none.
        order: What is applied first has the smaller one; no two are equal.
        points_cost: What the member pays to use it.
        per_member_limit, total_limit, budget_minor: 0, -1 and -1 for none.
    """

    offer_id: str
    kind: OfferKind
    off_goods: bool
    per_million: int
    fixed_minor: int
    most_minor: int
    beyond_minor: int
    least_minor: int
    buy: int
    get: int
    multiplier_bp: int
    on_full: bool
    scope: Rows | None
    valid_from: EpochSeconds
    valid_until: EpochSeconds
    from_tier: int
    exclusive: bool
    group: int
    ladder: int
    order: tuple[int, str]
    points_cost: int
    per_member_limit: int
    total_limit: int
    budget_minor: int

    def covers(self, rows: Rows) -> list[bool]:
        """Which products of a basket are in scope; what the catalogue does not know is in no scope but that of all."""
        if self.scope is None:
            return [True] * len(rows)
        if not len(self.scope):
            return [False] * len(rows)
        found = np.minimum(self.scope.searchsorted(rows), len(self.scope) - 1)
        inside: list[bool] = ((self.scope[found] == rows) & (rows != UNKNOWN_ROW)).tolist()
        return inside

    def excludes(self, other: "Coupon") -> bool:
        """Whether the two may not be used in one basket."""
        same_group = self.group >= 0 and self.group == other.group
        same_ladder = self.ladder >= 0 and self.ladder == other.ladder
        return self.exclusive or other.exclusive or same_group or same_ladder


def read_coupons(offers: OfferDefinitions) -> tuple[Coupon, ...]:
    """The coupons of all definitions, by row."""
    terms = Discounts.of(offers, np.zeros(len(offers), dtype=np.int64))
    ids = offers.offers.ids(np.arange(len(offers), dtype=np.int32))
    plain = {name: getattr(offers, name).tolist() for name in _PLAIN}
    worked_out = {name: getattr(terms, name).tolist() for name in _WORKED_OUT}
    coupons = []
    for row, offer_id in enumerate(ids):
        one = {name: column[row] for name, column in (plain | worked_out).items()}
        kind = OFFER_KINDS[one["kind"]]
        in_group = STACKINGS[one["stacking"]] is Stacking.ONE_OF_GROUP
        coupons.append(
            Coupon(
                offer_id=offer_id,
                kind=kind,
                off_goods=takes_off_goods(kind),
                **{name: one[name] for name in (*_WORKED_OUT, *_SAME)},
                buy=one["buy_quantity"],
                get=one["get_quantity"],
                on_full=BASES[one["base"]] is Base.FULL,
                scope=_scope(offers, row),
                from_tier=_lowest_bit(one["tier_mask"]),
                exclusive=STACKINGS[one["stacking"]] is Stacking.EXCLUSIVE,
                group=one["stacking_group"] if in_group else -1,
                order=(one["stacking_priority"], offer_id),
            )
        )
    return tuple(coupons)


_WORKED_OUT = ("per_million", "fixed_minor", "most_minor", "beyond_minor", "least_minor")
_SAME = (
    "multiplier_bp", "valid_from", "valid_until", "ladder", "points_cost", "per_member_limit", "total_limit",
    "budget_minor",
)  # fmt: skip
_PLAIN = (
    *_SAME, "kind", "buy_quantity", "get_quantity", "base", "tier_mask", "stacking", "stacking_group",
    "stacking_priority",
)  # fmt: skip


def _scope(offers: OfferDefinitions, row: int) -> Rows | None:
    scope = offers.scope.values[offers.scope.indptr[row] : offers.scope.indptr[row + 1]]
    if not len(scope):
        return scope if offers.scope_empty[row] else None
    return scope if bool((scope[1:] >= scope[:-1]).all()) else np.sort(scope)


def _lowest_bit(mask: int) -> int:
    return (mask & -mask).bit_length() - 1 if mask else _NOBODY
