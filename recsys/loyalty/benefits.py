"""What a tier gives, and the law that a higher tier never gives less."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from recsys.loyalty.points_rules import SINGLE_BP, MultiplierBp
from recsys.policy.file.fields import MinorUnits, Part, Text

_NEVER = 10**18


class Benefits(Part):
    """
    What a tier gives.

    Attributes:
        standing_discount_bp: Off every basket, in basis points.
        points_multiplier_bp: What the tier is promised of the points of an order; 10,000 is one time. The points rules
            pay it, and a programme that promises another multiplier than it pays is refused.
        birthday_treat: Id of an offer, or an amount in minor units.
        free_shipping: On every order.
        free_shipping_from_minor: On orders from this amount on.
        early_access_hours: How long before everybody else.
    """

    standing_discount_bp: Annotated[int, Field(strict=True, ge=0, le=10_000)] = 0
    points_multiplier_bp: MultiplierBp = SINGLE_BP
    birthday_treat: Text | Annotated[int, Field(strict=True, ge=1, le=10**9)] | None = None
    free_shipping: Annotated[bool, Field(strict=True)] = False
    free_shipping_from_minor: MinorUnits | None = None
    early_access_hours: Annotated[int, Field(strict=True, ge=0, le=8_760)] = 0

    @model_validator(mode="after")
    def _said_once(self) -> Self:
        if self.free_shipping and self.free_shipping_from_minor is not None:
            raise ValueError(
                f"free_shipping is true and free_shipping_from_minor is {self.free_shipping_from_minor}; keep one"
            )
        return self

    @property
    def ships_free_from_minor(self) -> int | None:
        """The smallest order that is sent for nothing; None where none is."""
        return 0 if self.free_shipping else self.free_shipping_from_minor


def falls_short(lower: Benefits, upper: Benefits) -> str:
    """Which benefit of *upper* is worse than the tier below's (law 4), as the end of a sentence; empty if none."""
    for name in ("standing_discount_bp", "points_multiplier_bp", "early_access_hours"):
        low, high = getattr(lower, name), getattr(upper, name)
        if high < low:
            return f"has {name} {high}, less than the {low} of the tier below; a higher tier gives at least as much"
    low_treat, high_treat = lower.birthday_treat, upper.birthday_treat
    if low_treat is not None and high_treat is None:
        return f"has no birthday_treat, the tier below has {low_treat!r}; give one"
    if isinstance(low_treat, int) and isinstance(high_treat, int) and high_treat < low_treat:
        return f"has a birthday_treat of {high_treat}, less than the {low_treat} of the tier below; raise it"
    low_ship, high_ship = lower.ships_free_from_minor, upper.ships_free_from_minor
    if (_NEVER if high_ship is None else high_ship) > (_NEVER if low_ship is None else low_ship):
        told = "never" if high_ship is None else f"from {high_ship}"
        return f"ships free {told}, the tier below from {low_ship}; lower free_shipping_from_minor"
    return ""
