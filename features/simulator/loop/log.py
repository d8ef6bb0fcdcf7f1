"""What a shop sees of its members and offers week by week: all that a policy may learn from."""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

NOTHING = -1
"""In `Log.shown`: no offer."""

Bools = NDArray[np.bool_]
Floats32 = NDArray[np.float32]
Codes = NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Log:
    """
    One row a week, one column a member: shape (n_weeks, n_members) each.

    Attributes:
        shown: Row of the offer shown; `NOTHING` where none was.
        probability: Logging propensity of what was shown, no offer included; NaN where it was not drawn.
        p_nothing: Logging propensity of no offer in that draw; NaN where nothing was drawn.
        ordered: There was an order.
        spend_minor, margin_minor: Of the order, before the discount; 0 without one.
        discount_minor: What the coupon took off, or what its gift or points are worth.
        redeemed: The coupon was used.
        promotion: The order held a promotion of the shelf.
        category: Main category of the order; -1 without one.
        tier: Row of the tier at the start of the week.
        left: Unsubscribed at the contact.
    """

    shown: Codes
    probability: Floats32
    p_nothing: Floats32
    ordered: Bools
    spend_minor: Floats32
    margin_minor: Floats32
    discount_minor: Floats32
    redeemed: Bools
    promotion: Bools
    category: Codes
    tier: Codes
    left: Bools

    @classmethod
    def empty(cls, weeks: int, members: int) -> "Log":
        """Room for so many weeks in which nothing happened yet."""
        shape = (weeks, members)
        money = [np.zeros(shape, dtype=np.float32) for _ in range(3)]
        yes = [np.zeros(shape, dtype=np.bool_) for _ in range(4)]
        return cls(
            shown=np.full(shape, NOTHING, dtype=np.int8),
            probability=np.full(shape, np.nan, dtype=np.float32),
            p_nothing=np.full(shape, np.nan, dtype=np.float32),
            ordered=yes[0],
            spend_minor=money[0],
            margin_minor=money[1],
            discount_minor=money[2],
            redeemed=yes[1],
            promotion=yes[2],
            category=np.full(shape, NOTHING, dtype=np.int8),
            tier=np.zeros(shape, dtype=np.int8),
            left=yes[3],
        )

    @property
    def n_weeks(self) -> int:
        """Weeks that there is room for."""
        return len(self.shown)

    def until(self, week: int) -> "Log":
        """The weeks before this one, without a copy, not writable."""
        views = [getattr(self, column.name)[:week].view() for column in fields(self)]
        for view in views:
            view.flags.writeable = False
        return Log(*views)

    def extended(self, weeks: int) -> "Log":
        """A copy with room for more weeks."""
        more = Log.empty(weeks, self.shown.shape[1])
        return Log(*(np.concatenate((getattr(self, c.name), getattr(more, c.name))) for c in fields(self)))
