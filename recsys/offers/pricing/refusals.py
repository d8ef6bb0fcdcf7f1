"""Why a coupon cannot be used on a basket, whatever other coupons there are."""

from collections.abc import Sequence
from datetime import UTC, datetime

from recsys.offers.pricing.applying import Till
from recsys.offers.pricing.coupons import Coupon
from recsys.offers.pricing.priced import Buyer, NotApplied, UnusedCoupon
from recsys.types import EpochSeconds, OfferKind

_SINGLE_BP = 10_000
_LAST_TOLD = 253_402_300_799


def refuse_at_once(
    coupon: Coupon, till: Till, lines: list[int], *, buyer: Buyer, now: EpochSeconds, tiers: Sequence[str]
) -> UnusedCoupon | None:
    """
    The first reason that holds whatever else is used; None where the coupon may be tried.

    Args:
        coupon: As defined.
        till: With the basket.
        lines: Positions of the lines in its scope.
        buyer: Tier, points, and what was redeemed before.
        now: When it is bought.
        tiers: Names, the lowest first.
    """
    if not coupon.valid_from <= now < coupon.valid_until:
        begins = now < coupon.valid_from
        told = f"valid from {_told(coupon.valid_from)} on" if begins else f"valid until {_told(coupon.valid_until)}"
        return _unused(coupon, NotApplied.NOT_VALID_NOW, f"it is {told}; now is {_told(now)}")
    if buyer.tier < coupon.from_tier:
        least = tiers[coupon.from_tier] if coupon.from_tier < len(tiers) else "no tier there is"
        return _unused(coupon, NotApplied.TIER_NOT_ALLOWED, f"it is for {least} and above; this is {till.tier.name}")
    limit = _limit_reached(coupon, buyer)
    if limit:
        return _unused(coupon, NotApplied.LIMIT_REACHED, f"its limit {limit} is used up", by=limit)
    if _gives_nothing(coupon):
        return _unused(coupon, NotApplied.GIVES_NOTHING, "it gives nothing that a basket could have")
    if not lines:
        return _unused(coupon, NotApplied.OUT_OF_SCOPE, "no product of the basket is in its scope")
    return refuse_at_turn(coupon, till, lines, till.full, points=buyer.points)


def refuse_at_turn(
    coupon: Coupon, till: Till, lines: Sequence[int], left: Sequence[int], *, points: int | None
) -> UnusedCoupon | None:
    """
    Why a coupon does nothing when these prices are left and the member still has so many points; None if it does.

    Where points are None, nobody's are known: what costs points is refused.

    At full prices this is what no choice of other coupons can mend.
    """
    use = till.use(coupon, lines, left)
    if not use.is_reached:
        gap = coupon.least_minor - use.spend_minor
        told = f"{use.spend_minor} minor units qualify, {gap} fewer than its minimum spend of {coupon.least_minor}"
        return _unused(coupon, NotApplied.BELOW_MIN_SPEND, told, gap=gap)
    if coupon.kind is OfferKind.BUY_X_GET_Y:
        units, needed = sum(till.basket.lines[at].quantity for at in lines), coupon.buy + coupon.get
        if units < needed:
            told = f"{units} units qualify; it takes {needed}, of which {coupon.get} are free"
            return _unused(coupon, NotApplied.TOO_FEW_UNITS, told, gap=needed - units)
    if coupon.points_cost and points is None:
        told = f"it costs {coupon.points_cost} points, and no known member was named; name the member who pays"
        return _unused(coupon, NotApplied.NOT_ENOUGH_POINTS, told)
    if points is not None and coupon.points_cost > points:
        gap = coupon.points_cost - points
        told = f"it costs {coupon.points_cost} points, the member has {points} left"
        return _unused(coupon, NotApplied.NOT_ENOUGH_POINTS, told, gap=gap)
    if coupon.kind is OfferKind.FREE_SHIPPING and not till.basket.shipping_minor:
        return _unused(coupon, NotApplied.NO_EFFECT, "there is no shipping to pay")
    if coupon.off_goods and not use.taken_minor:
        return _unused(coupon, NotApplied.NO_EFFECT, "nothing is left that it could be taken off")
    return None


def _gives_nothing(coupon: Coupon) -> bool:
    if coupon.kind in (OfferKind.GIFT, OfferKind.NUDGE):
        return coupon.kind is OfferKind.NUDGE
    if coupon.most_minor <= 0:
        return True
    if coupon.kind is OfferKind.BUY_X_GET_Y:
        return coupon.buy < 0 or coupon.get <= 0
    if coupon.kind is OfferKind.POINTS_MULTIPLIER:
        return coupon.multiplier_bp <= _SINGLE_BP
    return coupon.per_million <= 0 and coupon.fixed_minor <= 0


def _limit_reached(coupon: Coupon, buyer: Buyer) -> str:
    if 0 < coupon.per_member_limit <= buyer.redeemed.get(coupon.offer_id, 0):
        return "per_member"
    if 0 <= coupon.total_limit <= buyer.redeemed_by_all.get(coupon.offer_id, 0):
        return "total"
    if 0 <= coupon.budget_minor <= buyer.spent_minor.get(coupon.offer_id, 0):
        return "budget"
    return ""


def _told(at: EpochSeconds) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat() if 0 <= at <= _LAST_TOLD else f"{at} (epoch seconds)"


def _unused(coupon: Coupon, code: NotApplied, detail: str, *, gap: int | None = None, by: str = "") -> UnusedCoupon:
    return UnusedCoupon(coupon.offer_id, code, gap, by, detail)
