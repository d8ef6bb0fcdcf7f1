"""Coupons, who was offered which, and what was bought, as arrays: what a model of redemption may look at."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from training.response.trial import Bools, Floats, Numbers


@dataclass(frozen=True, slots=True)
class Coupons:
    """
    What coupons are valid for.

    Attributes:
        items: Shape (n_coupons, n_items), 1 where a coupon is valid for an item.
        attributes: By name, such as brand and category: shape (n_items,), the item's number in it; -1 unknown.
        identity: Shape (n_coupons,): equal where one coupon was issued again, perhaps for other items.
    """

    items: sp.csr_matrix
    attributes: Mapping[str, Numbers]
    identity: Numbers


@dataclass(frozen=True, slots=True)
class Offered:
    """
    Coupons that members were offered, one row an offer; days are whole numbers on one scale.

    Attributes:
        member, coupon, campaign: Shape (n,) each.
        kind: Shape (n,): number of the campaign's kind.
        starts, ends: Shape (n,): first and last day of the campaign.
        redeemed_on: Shape (n,): day from whose end on a redemption is known; -1 where there was none. Where days of
            redemptions are not recorded it is the campaign's last.
        dated: Whether days of redemptions are recorded: then running campaigns count by the share that has passed,
            otherwise those alone that have ended.
    """

    member: Numbers
    coupon: Numbers
    campaign: Numbers
    kind: Numbers
    starts: Numbers
    ends: Numbers
    redeemed_on: Numbers
    dated: bool

    def __len__(self) -> int:
        return len(self.member)

    @property
    def redeemed(self) -> Bools:
        """Shape (n,): ever, as far as is recorded."""
        return self.redeemed_on >= 0

    def take(self, rows: Bools | Numbers) -> "Offered":
        """Some of the offers."""
        columns = {name: getattr(self, name)[rows] for name in self.__slots__ if name != "dated"}
        return replace(self, **columns)

    def weights(self, now: int) -> Floats:
        """Shape (n,), 0 to 1: how much of an offer's time has passed before day *now*."""
        if not self.dated:
            return (self.ends < now).astype(np.float64)
        return np.asarray(np.clip((now - self.starts) / (self.ends - self.starts + 1), 0.0, 1.0))


@dataclass(frozen=True, slots=True)
class Bought:
    """Lines of receipts, shape (n,) each: whose, what, the day, and whether its price was cut, or cut by a coupon."""

    member: Numbers
    item: Numbers
    day: Numbers
    discounted: Bools
    with_coupon: Bools


@dataclass(frozen=True, slots=True)
class Known:
    """
    All that features may be made of; what lies on or after a campaign's first day is never looked at.

    Attributes:
        coupons: Those that were and those that are offered.
        offered: Earlier offers, and maybe later ones.
        n_members: Members are 0 to n_members - 1.
        bought: Absent where there are no receipts.
    """

    coupons: Coupons
    offered: Offered
    n_members: int
    bought: Bought | None = None
