"""Pays back part of a basket: what is kept is priced again under the same coupons, and parts add up to the whole."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from recsys.errors import InputError
from recsys.offers.pricing.basket import Basket, split
from recsys.offers.pricing.priced import Choose, PricedBasket
from recsys.offers.pricing.pricer import BasketPricer

LineKey = tuple[str, int]
"""Product id and unit price."""


@dataclass(frozen=True, slots=True)
class RefundedLine:
    """
    Units of one line that a return takes back.

    Attributes:
        product_id, unit_price_minor, quantity: Which and how many.
        paid_minor: What was paid for them.
        paid_back_minor: What is paid back for them: at most that.
    """

    product_id: str
    unit_price_minor: int
    quantity: int
    paid_minor: int
    paid_back_minor: int


@dataclass(frozen=True, slots=True)
class Refund:
    """
    What one return pays back.

    Attributes:
        paid_back_minor: To the member, 0 or more.
        withheld_minor: How much less that is than what was paid for these units: discounts of coupons whose threshold
            the kept part no longer reaches, or the shipping that it no longer saves. Below 0 where a former return was
            paid less and this one makes up for it.
        kept_coupons: Used on the kept part too.
        lost_coupons: Used no longer, and not on what is kept after further returns either.
        released_coupons: Lost ones whose discount was taken back in full, so that they count as not redeemed: not those
            of a return that pays nothing back because the kept part costs more than was paid.
        points_back: What was paid for released coupons; the member gets them.
        points_taken: Earned with the basket, and no longer with the kept part; 0 or more.
        kept: The kept part under the same coupons; None when nothing is kept.
        lines: The units returned now, what is paid back parted over them by what was paid for them.
        shipping_back_minor: Of what is paid back, the shipping.
        made_up_minor: Of what is paid back, what makes up for former returns that were paid less. With lines and
            shipping it adds up to what is paid back.
    """

    paid_back_minor: int
    withheld_minor: int
    kept_coupons: tuple[str, ...]
    lost_coupons: tuple[str, ...]
    released_coupons: tuple[str, ...]
    points_back: int
    points_taken: int
    kept: PricedBasket | None
    lines: tuple[RefundedLine, ...]
    shipping_back_minor: int
    made_up_minor: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """
    A basket that was paid, and what of it was returned since.

    Attributes:
        priced: As it was paid.
        returned: Units by line.
        paid_back_minor, points_taken: So far.
        lost, released: Coupons, so far; see `Refund`.
    """

    priced: PricedBasket
    returned: Mapping[LineKey, int] = field(default_factory=dict)
    paid_back_minor: int = 0
    points_taken: int = 0
    lost: tuple[str, ...] = ()
    released: tuple[str, ...] = ()

    def take_back(self, pricer: BasketPricer, units: Mapping[LineKey, int]) -> tuple[Refund, "Receipt"]:
        """
        Return units.

        In all, the member gets back what was paid less what the kept part costs under the same coupons, without
        choosing again; never more than was paid for all the units returned so far, and never less than before. Paid
        for k of n units of a line is its net times k over n, rounded down; shipping is paid back with the last unit.
        Once nothing is kept all is paid back, whatever came before.

        Args:
            pricer: Of the bundle and programme that the basket was priced by.
            units: How many of each line, at least 1.

        Returns:
            What is paid back now, and the receipt after that.

        Raises:
            InputError: There is no such line, or fewer units of it are left.
        """
        returned = self._with(units)
        now_paid = [
            after - before
            for before, after in zip(self._paid_for(self.returned), self._paid_for(returned), strict=True)
        ]
        kept = self._price_kept(pricer, returned)
        all_paid = sum(self._paid_for(returned)) if kept is not None else self.priced.total_minor
        costs = kept.total_minor if kept is not None else 0
        in_all = max(self.paid_back_minor, min(self.priced.total_minor - costs, all_paid))
        still = {one.offer_id for one in kept.used} if kept is not None else set()
        used = [one.offer_id for one in self.priced.used]
        lost = tuple(one for one in used if one not in still)
        is_short = self.priced.total_minor - costs < in_all
        released = self.released if is_short else lost
        earned = (kept.points_earned or 0) if kept is not None else 0
        points_taken = max(self.points_taken, (self.priced.points_earned or 0) - earned)
        paid_back = in_all - self.paid_back_minor
        shipping_paid = self.priced.shipping_minor if kept is None else 0
        of_goods = min(paid_back, sum(now_paid))
        shipping_back = min(paid_back - of_goods, shipping_paid)
        refund = Refund(
            paid_back_minor=paid_back,
            withheld_minor=sum(now_paid) + shipping_paid - paid_back,
            kept_coupons=tuple(one for one in used if one in still),
            lost_coupons=tuple(one for one in lost if one not in self.lost),
            released_coupons=tuple(one for one in released if one not in self.released),
            points_back=sum(
                one.points_paid
                for one in self.priced.used
                if one.offer_id in released and one.offer_id not in self.released
            ),
            points_taken=points_taken - self.points_taken,
            kept=kept,
            lines=self._refunded(units, now_paid, split(of_goods, now_paid)),
            shipping_back_minor=shipping_back,
            made_up_minor=paid_back - of_goods - shipping_back,
        )
        return refund, Receipt(self.priced, returned, in_all, points_taken, lost, released)

    def _refunded(
        self, units: Mapping[LineKey, int], paid: Sequence[int], paid_back: Sequence[int]
    ) -> tuple[RefundedLine, ...]:
        keys = [line.key for line in self.priced.basket.lines]
        return tuple(
            RefundedLine(*key, quantity=units[key], paid_minor=of_line, paid_back_minor=back)
            for key, of_line, back in zip(keys, paid, paid_back, strict=True)
            if key in units
        )

    def _with(self, units: Mapping[LineKey, int]) -> dict[LineKey, int]:
        bought = {line.key: line.quantity for line in self.priced.basket.lines}
        returned = dict(self.returned)
        for key, quantity in units.items():
            left = bought.get(key, 0) - returned.get(key, 0)
            if not 1 <= quantity <= left:
                raise InputError(
                    f"{quantity} units of {key[0]!a} at {key[1]} are to be returned; {left} are left of the basket, "
                    "and 1 is the fewest"
                )
            returned[key] = returned.get(key, 0) + quantity
        return returned

    def _paid_for(self, returned: Mapping[LineKey, int]) -> list[int]:
        return [
            line.net_minor * returned.get((line.product_id, line.unit_price_minor), 0) // line.quantity
            for line in self.priced.lines
        ]

    def _price_kept(self, pricer: BasketPricer, returned: Mapping[LineKey, int]) -> PricedBasket | None:
        basket = self.priced.basket
        kept = [
            replace(line, quantity=line.quantity - returned.get(line.key, 0))
            for line in basket.lines
            if line.quantity > returned.get(line.key, 0)
        ]
        if not kept:
            return None
        return pricer.price(
            Basket.of(kept, shipping_minor=basket.shipping_minor, channel=basket.channel),
            [one.offer_id for one in self.priced.used if one.offer_id not in self.lost],
            buyer=self.priced.buyer,
            now=self.priced.now,
            choose=Choose.GIVEN,
        )
