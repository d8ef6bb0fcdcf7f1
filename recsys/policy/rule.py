"""One rule of a policy file: who, what, when and to what effect."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from recsys.policy.fields import Instant, Part, Slug, Text, iso
from recsys.types import Channel, ItemKind


class Effect(StrEnum):
    """What a rule does to the products or offers it names."""

    EXCLUDE = "exclude"
    REQUIRE = "require"
    BOOST = "boost"
    PIN = "pin"
    CAP = "cap"


class CapGroup(StrEnum):
    """What a slate cap counts by."""

    CATEGORY = "category"
    BRAND = "brand"
    ALL = "all"


class PinTarget(Part):
    """The product or offer that stands at a position, counted from 1."""

    id: Text
    position: Annotated[int, Field(strict=True, ge=1, le=100)]


class CapLimit(Part):
    """At most so many products of one category, of one brand, or of all that the rule names."""

    limit: Annotated[int, Field(strict=True, ge=0, le=100)]
    per: CapGroup


class Rule(Part):
    """
    *Who x what x when -> effect*.

    Attributes:
        id: Stable; decisions name it.
        owner: Who answers for it.
        from_at, until_at: First instant, and first instant after (``from`` and ``until`` in the file).
        who: CEL over ``member`` and ``context``; absent means everybody.
        what: CEL over ``product`` or ``offer``, whichever ``applies_to`` names; absent means all of them.
        placements, channels: Where it holds; absent means everywhere.
        factor: Of a boost; below 1 it buries.
    """

    id: Slug
    owner: Text
    reason: str = ""
    from_at: Instant | None = Field(None, alias="from")
    until_at: Instant | None = Field(None, alias="until")
    who: str | None = None
    applies_to: ItemKind = ItemKind.PRODUCT
    what: str | None = None
    placements: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    channels: Annotated[tuple[Channel, ...], Field(min_length=1)] | None = None
    effect: Effect
    factor: Annotated[float, Field(strict=True, gt=0, le=10, allow_inf_nan=False)] | None = None
    pin: PinTarget | None = None
    cap: CapLimit | None = None

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        given = {"boost": self.factor, "pin": self.pin, "cap": self.cap}
        key = {"boost": "factor", "pin": "pin", "cap": "cap"}
        for effect, value in given.items():
            if effect == self.effect and value is None:
                raise ValueError(f"the effect {effect} needs `{key[effect]}`; add it")
            if effect != self.effect and value is not None:
                raise ValueError(f"`{key[effect]}` belongs to the effect {effect}, not to {self.effect}; remove it")
        if self.effect is Effect.BOOST and self.until_at is None:
            raise ValueError("a boost is a lever and needs an end; add `until`")
        if self.from_at is not None and self.until_at is not None and self.from_at >= self.until_at:
            raise ValueError(f"it ends ({iso(self.until_at)}) before it starts ({iso(self.from_at)}); swap the dates")
        if self.effect is Effect.PIN and self.what is not None:
            raise ValueError("a pin names its target by `pin.id`; remove `what`")
        if self.effect is Effect.CAP and self.applies_to is not ItemKind.PRODUCT:
            raise ValueError("a cap counts products; for offers set the placement's `max_offers`")
        if self.effect is Effect.REQUIRE and self.what is None:
            raise ValueError("the effect require needs `what`: that which is allowed to stay")
        return self
