"""Which coupons a basket uses in one tier, what that leaves of every line, and why the others are not used."""

from collections.abc import Sequence
from dataclasses import dataclass

from recsys.offers.pricing.applying import Held, Till, Use, less
from recsys.offers.pricing.choice import MOST_WORK, cheapest, key_of, most_promising, n_searched
from recsys.offers.pricing.priced import Choose, NotApplied, Search, UnusedCoupon
from recsys.offers.pricing.refusals import refuse_at_turn
from recsys.types import OfferKind

_LOOKS = 3
"""How often a combination is gone through to know what it costs."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One coupon used: what it did at its turn, and what was then left of a shipping fee it takes off."""

    held: Held
    use: Use
    off_shipping_minor: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    What came of the coupons.

    Attributes:
        turns: The coupons used, in order.
        unused: The others of those that might have been.
        left: Of each line, its price after coupons and before the tier's own discount.
        off_shipping_by_tier: What the tier takes off shipping.
        shipping_minor: What is left of it.
        search: How the coupons were chosen.
    """

    turns: tuple[Turn, ...]
    unused: tuple[UnusedCoupon, ...]
    left: tuple[int, ...]
    off_shipping_by_tier: int
    shipping_minor: int
    search: Search

    def same_coupons(self, other: "Outcome") -> bool:
        """Whether the same coupons do the same to goods."""

        def goods(outcome: Outcome) -> list[str]:
            kinds = (turn.held.coupon for turn in outcome.turns)
            return [one.offer_id for one in kinds if one.kind is not OfferKind.FREE_SHIPPING]

        return self.left == other.left and goods(self) == goods(other)


def settle(
    till: Till, held: Sequence[Held], *, points: int | None, choose: Choose, rivals: Sequence[Sequence[str]] = ()
) -> Outcome:
    """
    Choose among coupons and use them.

    A coupon for shipping of which the tier takes everything already is not used up: without it is chosen again.

    Args:
        till: The basket.
        held: Coupons that nothing refuses at once, in any order.
        points: What the member can pay with; None where that is not known and none of the coupons costs any.
        choose: Which.
        rivals: Ids of combinations to look at beside a search that leaves coupons out.
    """
    usable = sorted(held, key=lambda one: one.coupon.order)
    idle: list[UnusedCoupon] = []
    while True:
        outcome = _settle(till, usable, points=points, choose=choose, rivals=rivals)
        useless = [
            turn.held
            for turn in outcome.turns
            if turn.held.coupon.kind is OfferKind.FREE_SHIPPING and not turn.off_shipping_minor
        ]
        if not useless:
            return Outcome(
                outcome.turns, (*outcome.unused, *idle), outcome.left, outcome.off_shipping_by_tier,
                outcome.shipping_minor, outcome.search,
            )  # fmt: skip
        idle += [
            UnusedCoupon(one.coupon.offer_id, NotApplied.NO_EFFECT, detail="nothing is left of the shipping")
            for one in useless
        ]
        usable = [one for one in usable if one not in useless]


def _settle(
    till: Till, held: Sequence[Held], *, points: int | None, choose: Choose, rivals: Sequence[Sequence[str]]
) -> Outcome:
    dropped: list[Held] = []
    if choose is Choose.GIVEN:
        chosen, search = _all_that_can(till, held, points), Search.GIVEN
    else:
        searched, dropped = most_promising(held, n_searched(len(till.full)))
        chosen, search = cheapest(till, searched, points), Search.PARTIAL if dropped else Search.EXACT
        if dropped:
            chosen = _beyond_the_search(till, held, chosen, dropped, points=points, rivals=rivals)
    left: Sequence[int] = till.full
    turns: list[Turn] = []
    unused: list[UnusedCoupon] = []
    after = None if points is None else points - sum(one.coupon.points_cost for one in chosen)
    for one in held:
        if one in chosen:
            use = till.use(one.coupon, one.lines, left)
            turns.append(Turn(one, use))
            left = less(left, one.lines, use.parts) if use.parts else left
        elif one in dropped:
            told = f"of more than {n_searched(len(till.full))} coupons not every combination is searched"
            unused.append(UnusedCoupon(one.coupon.offer_id, NotApplied.NOT_SEARCHED, detail=told))
        else:
            before = [turn.held for turn in turns]
            later = [other for other in chosen if other not in before]
            unused.append(
                _excluded(one, before)
                or refuse_at_turn(one.coupon, till, one.lines, left, points=after)
                or _excluded(one, later)
                or UnusedCoupon(one.coupon.offer_id, NotApplied.NOT_CHEAPER, detail="with it the basket is no cheaper")
            )
    return _with_shipping(till, turns, unused, left, search)


def _beyond_the_search(
    till: Till,
    held: Sequence[Held],
    chosen: list[Held],
    dropped: Sequence[Held],
    *,
    points: int | None,
    rivals: Sequence[Sequence[str]],
) -> list[Held]:
    """What was chosen with the coupons left out of the search that better it one by one, or a rival better still."""
    least = key_of(till, chosen)
    work = MOST_WORK
    for left_out in dropped:
        work -= _LOOKS * (len(chosen) + 1) * len(till.full)
        if work < 0:
            break
        wider = _all_that_can(till, [one for one in held if one in chosen or one is left_out], points)
        key = key_of(till, wider)
        if key < least:
            chosen, least = wider, key
    for ids in rivals:
        rival = _all_that_can(till, [one for one in held if one.coupon.offer_id in ids], points)
        key = key_of(till, rival)
        if key < least:
            chosen, least = rival, key
    return chosen


def _all_that_can(till: Till, held: Sequence[Held], points: int | None) -> list[Held]:
    """Every coupon at its turn, if what was used before it allows it."""
    chosen: list[Held] = []
    left: Sequence[int] = till.full
    for one in held:
        if _excluded(one, chosen) or refuse_at_turn(one.coupon, till, one.lines, left, points=points):
            continue
        parts = till.use(one.coupon, one.lines, left).parts
        left = less(left, one.lines, parts) if parts else left
        points = None if points is None else points - one.coupon.points_cost
        chosen.append(one)
    return chosen


def _excluded(one: Held, others: Sequence[Held]) -> UnusedCoupon | None:
    by = next((other.coupon.offer_id for other in others if one.coupon.excludes(other.coupon)), "")
    if not by:
        return None
    return UnusedCoupon(one.coupon.offer_id, NotApplied.EXCLUDED_BY_STACKING, None, by, f"it does not go with {by}")


def _with_shipping(
    till: Till, turns: Sequence[Turn], unused: Sequence[UnusedCoupon], left: Sequence[int], search: Search
) -> Outcome:
    fee = till.basket.shipping_minor
    by_tier = fee if till.ships_free(sum(left)) else 0
    fee -= by_tier
    shipped: list[Turn] = []
    for turn in turns:
        off = min(turn.use.worth_minor, fee) if turn.held.coupon.kind is OfferKind.FREE_SHIPPING else 0
        fee -= off
        shipped.append(Turn(turn.held, turn.use, off))
    return Outcome(tuple(shipped), tuple(unused), tuple(left), by_tier, fee, search)
