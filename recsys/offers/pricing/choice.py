"""Chooses among the coupons held: the combination that makes the basket cheapest, found exactly up to a stated size."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from recsys.offers.pricing.applying import Held, Till, less

MOST_SEARCHED = 12
"""Coupons of which every combination is considered, in baskets of up to `LINES_OF_MOST` lines."""

LINES_OF_MOST = 40
MOST_WORK = (1 << MOST_SEARCHED) * LINES_OF_MOST
"""Lines that a search may look at, and that the coupons it leaves out may look at after it."""

Key = tuple[int, int, int, int, int, tuple[str, ...]]
"""Lower is better: the total, goods before the tier's discount, points paid, what is not worth more beside money,
how many coupons, and their ids."""


def n_searched(n_lines: int) -> int:
    """
    Of how many coupons every combination is considered: halving the combinations for every doubling of the lines.

    >>> n_searched(8), n_searched(40), n_searched(500)
    (12, 12, 8)
    """
    return min(MOST_SEARCHED, max(1, (MOST_WORK // max(n_lines, 1)).bit_length() - 1))


def most_promising(held: Sequence[Held], n: int) -> tuple[list[Held], list[Held]]:
    """The *n* coupons that could save most by themselves, and the others; of equals those with the smaller ids."""

    def promise(one: Held) -> tuple[int, int, str]:
        return -(one.most_minor + one.most_shipping_minor), -one.most_worth_minor, one.coupon.offer_id

    ranked = sorted(held, key=promise)
    return ranked[:n], ranked[n:]


def cheapest(till: Till, held: Sequence[Held], points: int | None) -> list[Held]:
    """
    The combination with the smallest `Key`: depth first with bounds.

    Every coupon takes at most what it takes at full prices, because no coupon takes more of a smaller spend; so what is
    open at a branch bounds what its leaves can cost.

    Args:
        till: The basket.
        held: Coupons that may be used, any order.
        points: What the member can pay with; None where that is not known and none of the coupons costs any.

    Returns:
        In the order of their use.
    """
    search = _Search(till, sorted(held, key=lambda one: one.coupon.order), points)
    search.visit(_Branch(till.full))
    return [search.held[at] for at in search.chosen]


def key_of(till: Till, used: Sequence[Held]) -> Key:
    """
    The `Key` of a combination.

    Args:
        till: The basket.
        used: Coupons that all can be used one after the other, in the order of their use.
    """
    left, shipping, points, worth = till.full, 0, 0, 0
    for one in used:
        use = till.use(one.coupon, one.lines, left)
        left = less(left, one.lines, use.parts) if use.parts else left
        shipping += use.worth_minor if one.most_shipping_minor else 0
        points += one.coupon.points_cost
        worth += till.extra_worth(one.coupon, use.worth_minor)
    goods = sum(left)
    ids = tuple(sorted(one.coupon.offer_id for one in used))
    return till.total(goods, shipping), goods, points, -worth, len(used), ids


@dataclass(frozen=True, slots=True)
class _Branch:
    """
    The coupons before ``at`` are used or passed over.

    Attributes:
        left: What is left of the lines.
        at: Which coupon is next.
        used: Positions of the coupons used.
        taken, shipping, points, worth: Sums of what they take off goods and shipping, cost in points and give beside.
    """

    left: list[int]
    at: int = 0
    used: tuple[int, ...] = ()
    taken: int = 0
    shipping: int = 0
    points: int = 0
    worth: int = 0


class _Search:
    def __init__(self, till: Till, held: list[Held], points: int | None) -> None:
        self._till = till
        self._gross = sum(till.full)
        self._points = points
        self._open_goods = _sums_from([one.most_minor for one in held])
        self._open_shipping = _sums_from([one.most_shipping_minor for one in held])
        self._open_worth = _sums_from([one.most_worth_minor for one in held])
        self._excludes = [{at for at, other in enumerate(held) if one.coupon.excludes(other.coupon)} for one in held]
        self._best: Key | None = None
        self.held = held
        self.chosen: tuple[int, ...] = ()

    def visit(self, branch: _Branch) -> None:
        """Look at every leaf of a branch that could be the best."""
        if self._best is not None and self._bound(branch) > self._best:
            return
        if branch.at == len(self.held):
            key = self._key(branch)
            if self._best is None or key < self._best:
                self._best, self.chosen = key, branch.used
            return
        used = self._with_next(branch)
        if used is not None:
            self.visit(used)
        self.visit(
            _Branch(branch.left, branch.at + 1, branch.used, branch.taken, branch.shipping, branch.points, branch.worth)
        )

    def _with_next(self, branch: _Branch) -> _Branch | None:
        """The branch on which the next coupon is used; None where it cannot be, or would do nothing."""
        one = self.held[branch.at]
        coupon = one.coupon
        if not self._excludes[branch.at].isdisjoint(branch.used):
            return None
        if self._points is not None and branch.points + coupon.points_cost > self._points:
            return None
        use = self._till.use(coupon, one.lines, branch.left)
        if not use.is_reached or (coupon.off_goods and not use.taken_minor):
            return None
        return _Branch(
            less(branch.left, one.lines, use.parts) if use.parts else branch.left,
            branch.at + 1,
            (*branch.used, branch.at),
            branch.taken + use.taken_minor,
            branch.shipping + (use.worth_minor if one.most_shipping_minor else 0),
            branch.points + coupon.points_cost,
            branch.worth + self._till.extra_worth(coupon, use.worth_minor),
        )

    def _key(self, branch: _Branch) -> Key:
        goods = self._gross - branch.taken
        ids = tuple(sorted(self.held[at].coupon.offer_id for at in branch.used))
        total = self._till.total(goods, branch.shipping)
        return total, goods, branch.points, -branch.worth, len(branch.used), ids

    def _bound(self, branch: _Branch) -> Key:
        """In no part above the key of any leaf of the branch."""
        goods = self._gross - branch.taken
        least = max(0, goods - self._open_goods[branch.at])
        off_shipping = branch.shipping + self._open_shipping[branch.at]
        fee = 0 if self._till.ships_free(goods) else max(0, self._till.basket.shipping_minor - off_shipping)
        worth = branch.worth + self._open_worth[branch.at]
        total = least - self._till.tier.off_goods(least) + fee
        return total, least, branch.points, -worth, len(branch.used), ()


def _sums_from(values: list[int]) -> list[int]:
    """The sum of all values from each position on, and 0 behind the last."""
    return [*accumulate(reversed(values), initial=0)][::-1]
