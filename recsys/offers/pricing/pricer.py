"""Prices baskets exactly: the lines, coupons held and benefits of a tier in, every discount and the total out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from recsys.catalogue import UNKNOWN_MINOR, Catalogue
from recsys.errors import InputError
from recsys.knowledge import Knowledge
from recsys.loyalty.programme import Programme
from recsys.offers.pricing.applying import Held, Till
from recsys.offers.pricing.basket import Basket, BasketLine, split
from recsys.offers.pricing.choice import n_searched
from recsys.offers.pricing.coupons import Coupon, read_coupons
from recsys.offers.pricing.outcome import Outcome, settle
from recsys.offers.pricing.points import BasketPoints, basket_points
from recsys.offers.pricing.priced import (
    Buyer,
    Choose,
    Discount,
    NotApplied,
    PricedBasket,
    PricedLine,
    Source,
    UnusedCoupon,
    UsedCoupon,
)
from recsys.offers.pricing.refusals import refuse_at_once
from recsys.offers.pricing.tiers import tier_prices
from recsys.types import UNKNOWN_ROW, EpochSeconds, OfferKind
from recsys.vocabulary import Vocabulary

NOT_KNOWN = UnusedCoupon("", NotApplied.UNKNOWN_COUPON, detail="there is no such offer in the bundle")
_FOR_POINTS = "it costs points; name it to use it"


@dataclass(frozen=True, slots=True)
class BasketPricer:
    """
    Prices baskets by the offers of one bundle and the rules of one programme.

    Attributes:
        catalogue: Where products and their list prices are.
        offers: Ids of the offers; rows of ``coupons``.
        coupons: The offers as baskets meet them.
        tiers: Names, the lowest first.
        currency: Of every amount.
        programme: Where the benefits of tiers and the rules of points are; None for none.
    """

    catalogue: Catalogue
    offers: Vocabulary
    coupons: tuple[Coupon, ...]
    tiers: tuple[str, ...]
    currency: str
    programme: Programme | None

    @classmethod
    def of(cls, knowledge: Knowledge, programme: Programme | None) -> "BasketPricer":
        """
        Read the definitions of a bundle.

        Raises:
            InputError: The programme counts in another currency than the bundle.
        """
        if programme is not None and programme.currency != knowledge.currency:
            raise InputError(
                f"the programme counts in {programme.currency}, the bundle in {knowledge.currency}; their thresholds "
                "cannot be compared: set the programme's `currency` and check every amount"
            )
        offers = knowledge.offers
        return cls(
            knowledge.catalogue, offers.offers, read_coupons(offers), knowledge.tiers, knowledge.currency, programme
        )

    def tier_row(self, name: str) -> int:
        """
        The row of a tier.

        Raises:
            InputError: There is no such tier.
        """
        if name not in self.tiers:
            raise InputError(f"there is no tier {name!a}; there are {', '.join(self.tiers)}")
        return self.tiers.index(name)

    def list_prices(self, product_ids: Sequence[str]) -> list[tuple[int, int | None]]:
        """The row and the list price of each product; None where it is in no bundle or has no list price."""
        rows = self.catalogue.products.rows(product_ids)
        prices = np.where(rows >= 0, self.catalogue.price_minor[rows], UNKNOWN_MINOR) if len(self.catalogue) else rows
        return [
            (row, None if price == UNKNOWN_MINOR else price)
            for row, price in zip(rows.tolist(), prices.tolist(), strict=True)
        ]

    def lines(self, asked: Sequence[tuple[str, int, int | None]]) -> list[BasketLine]:
        """
        Lines from product ids, quantities, and unit prices where they are not the list's.

        Raises:
            InputError: A product has no list price, or is unknown, and no price was given.
        """
        lines = []
        listed = self.list_prices([product_id for product_id, _, _ in asked])
        for (product_id, quantity, stated), (row, listed_price) in zip(asked, listed, strict=True):
            unit_price = listed_price if stated is None else stated
            if unit_price is None:
                raise InputError(no_price(product_id, row))
            lines.append(BasketLine(product_id, unit_price, quantity, row))
        return lines

    def points_cost(self, coupon_ids: Sequence[str]) -> int:
        """The points that coupons cost together, each once; unknown ones cost none."""
        rows = self.offers.rows(sorted(set(coupon_ids))).tolist()
        return sum(self.coupons[row].points_cost for row in rows if row >= 0)

    def price(
        self,
        basket: Basket,
        coupon_ids: Sequence[str],
        *,
        buyer: Buyer,
        now: EpochSeconds,
        choose: Choose = Choose.BEST,
        pays_points: bool = True,
    ) -> PricedBasket:
        """
        What a basket costs; recsys/offers/pricing/README.md states every rule.

        Args:
            basket: What is bought.
            coupon_ids: Offers held, in any order; repeats count once, unknown ones are answered as not used.
            buyer: Who buys.
            now: When.
            choose: The cheapest combination, or all that can be used in their order.
            pays_points: Coupons that cost points may be used.
        """
        ids = sorted(set(coupon_ids))
        rows = self.offers.rows(ids).tolist()
        known = [self.coupons[row] for row in rows if row >= 0]
        refused = [replace(NOT_KNOWN, offer_id=one) for one, row in zip(ids, rows, strict=True) if row < 0]
        if not pays_points:
            for_points = [one for one in known if one.points_cost]
            refused += [
                UnusedCoupon(one.offer_id, NotApplied.ASKS_FOR_POINTS, one.points_cost, detail=_FOR_POINTS)
                for one in for_points
            ]
            known = [one for one in known if not one.points_cost]
        outcome, till, at_once = self._outcome(basket, known, buyer, now, choose)
        points = self._points(basket, outcome, till.tier.earns_as, now)
        # Law 4: whatever else a higher tier chooses or may use, it earns what the tiers below would.
        by_tier = till.tier.name
        total_points = None if points is None else points.total
        for tier in self._tiers_that_may_earn_more(basket, known, buyer.tier) if points else ():
            other, its_till, _ = self._outcome(basket, known, replace(buyer, tier=tier), now, choose)
            if other.same_coupons(outcome):
                continue  # what is earned with the same coupons never falls with the tier
            its_points = self._points(basket, other, its_till.tier.earns_as, now)
            if its_points and total_points is not None and its_points.total > total_points:
                total_points, by_tier = its_points.total, its_till.tier.name
        return _priced(
            till, outcome, (*refused, *at_once), buyer=buyer, now=now, points=points, total_points=total_points,
            points_by_tier=by_tier,
        )  # fmt: skip

    def _outcome(
        self, basket: Basket, coupons: Sequence[Coupon], buyer: Buyer, now: EpochSeconds, choose: Choose
    ) -> tuple[Outcome, Till, list[UnusedCoupon]]:
        till, held, refused = self._held(basket, coupons, buyer, now)
        rivals: list[list[str]] = []
        if choose is Choose.BEST and len(held) > n_searched(len(basket.lines)):
            # Law 4: where not all are searched, what the tiers below would choose is looked at too.
            for lower in range(buyer.tier):
                its_till, its_held, _ = self._held(basket, coupons, replace(buyer, tier=lower), now)
                if len(its_held) < len(held) or basket.shipping_minor:
                    its_outcome = settle(its_till, its_held, points=buyer.points, choose=choose)
                    rivals.append([turn.held.coupon.offer_id for turn in its_outcome.turns])
        return settle(till, held, points=buyer.points, choose=choose, rivals=rivals), till, refused

    def _held(
        self, basket: Basket, coupons: Sequence[Coupon], buyer: Buyer, now: EpochSeconds
    ) -> tuple[Till, list[Held], list[UnusedCoupon]]:
        """The basket in a tier, the coupons that may be tried on it, and why others may not."""
        till = Till(basket, tier_prices(self.programme, self.tiers, now)[buyer.tier])
        rows = np.array([line.row for line in basket.lines], dtype=np.int32)
        refused, held = [], []
        for coupon in coupons:
            lines = [at for at, inside in enumerate(coupon.covers(rows)) if inside]
            reason = refuse_at_once(coupon, till, lines, buyer=buyer, now=now, tiers=self.tiers)
            if reason is None:
                held.append(till.hold(coupon, lines))
            else:
                refused.append(reason)
        return till, held, refused

    def _points(self, basket: Basket, outcome: Outcome, tier: str, now: EpochSeconds) -> BasketPoints | None:
        amounts = list(outcome.left)
        paid = 0
        for turn in outcome.turns:
            if turn.held.coupon.kind is OfferKind.POINTS_REDEMPTION:
                paid += turn.use.taken_minor
                for at, part in zip(turn.held.lines, turn.use.parts, strict=True):
                    amounts[at] += part
        multipliers = [one.held for one in outcome.turns if one.held.coupon.kind is OfferKind.POINTS_MULTIPLIER]
        return basket_points(
            self.programme, self.catalogue, basket, tier=tier, at=now, amounts=amounts, paid_with_points=paid,
            multipliers=multipliers,
        )  # fmt: skip

    def _tiers_that_may_earn_more(self, basket: Basket, coupons: Sequence[Coupon], tier: int) -> list[int]:
        """Tiers below that may use other coupons: those of higher tiers are not theirs, or shipping is not free."""
        if not coupons:
            return []
        return [
            lower
            for lower in range(tier)
            if basket.shipping_minor or any(lower < coupon.from_tier <= tier for coupon in coupons)
        ]


def no_price(product_id: str, row: int) -> str:
    """What to say of a product without a price."""
    known = "is not in the bundle" if row == UNKNOWN_ROW else "has no list price"
    return f"{product_id!a} {known}; give its unit_price_minor"


def _priced(
    till: Till,
    outcome: Outcome,
    refused: Sequence[UnusedCoupon],
    *,
    buyer: Buyer,
    now: EpochSeconds,
    points: BasketPoints | None,
    total_points: int | None,
    points_by_tier: str,
) -> PricedBasket:
    discounts: list[list[Discount]] = [[] for _ in till.full]
    for turn in outcome.turns:
        for at, part in zip(turn.held.lines, turn.use.parts, strict=False):
            if part:
                discounts[at].append(Discount(Source.COUPON, turn.held.coupon.offer_id, part))
    left = list(outcome.left)
    for at, part in enumerate(split(till.tier.off_goods(sum(left)), left)):
        if part:
            discounts[at].append(Discount(Source.TIER, till.tier.name, part))
            left[at] -= part
    lines = tuple(
        PricedLine(line.product_id, line.quantity, line.unit_price_minor, gross, tuple(taken), net)
        for line, gross, taken, net in zip(till.basket.lines, till.full, discounts, left, strict=True)
    )
    extra = iter(points.extra if points is not None else ())
    used = tuple(
        UsedCoupon(
            turn.held.coupon.offer_id, turn.held.coupon.kind, turn.use.spend_minor, turn.use.worth_minor,
            turn.use.taken_minor, turn.off_shipping_minor, turn.held.coupon.points_cost,
            next(extra, 0) if turn.held.coupon.kind is OfferKind.POINTS_MULTIPLIER else 0,
        )
        for turn in outcome.turns
    )  # fmt: skip
    by_tier = outcome.off_shipping_by_tier
    off_shipping = [Discount(Source.TIER, till.tier.name, by_tier)] if by_tier else []
    off_shipping += [Discount(Source.COUPON, one.offer_id, one.shipping_minor) for one in used if one.shipping_minor]
    gross, goods = sum(till.full), sum(left)
    return PricedBasket(
        basket=till.basket,
        buyer=buyer,
        now=now,
        tier=till.tier.name,
        lines=lines,
        gross_minor=gross,
        discount_minor=gross - goods,
        goods_minor=goods,
        shipping_fee_minor=till.basket.shipping_minor,
        shipping_discounts=tuple(off_shipping),
        shipping_minor=outcome.shipping_minor,
        total_minor=goods + outcome.shipping_minor,
        used=used,
        unused=tuple(sorted((*refused, *outcome.unused), key=lambda one: one.offer_id)),
        gifts=tuple(one.offer_id for one in used if one.kind is OfferKind.GIFT),
        points_earned=total_points,
        points_by_tier=points_by_tier,
        points_paid=sum(one.points_paid for one in used),
        search=outcome.search,
    )
