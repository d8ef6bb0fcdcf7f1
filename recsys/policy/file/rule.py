"""One rule of a policy file: who, what, when and to what effect."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from recsys.policy.file.fields import Instant, Part, Slug, Text, Wording, Words, iso
from recsys.types import Channel, ItemKind


class Effect(StrEnum):
    """What a rule does to the products or offers it names."""

    EXCLUDE = "exclude"
    REQUIRE = "require"
    BOOST = "boost"
    BURY = "bury"
    PIN = "pin"
    CAP = "cap"


LEVERS = (Effect.BOOST, Effect.BURY)
REMOVALS = (Effect.EXCLUDE, Effect.REQUIRE)
_EFFECTS_WITH = {"factor": LEVERS, "pin": (Effect.PIN,), "cap": (Effect.CAP,)}


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
        reason: Why it exists; told to whoever asks why something is not shown.
        from_at, until_at: First instant, and first instant after (``from`` and ``until`` in the file).
        who: CEL over ``member``, ``context``, ``basket`` and ``segment``; absent means everybody.
        what: CEL over ``product`` or ``offer``, whichever ``applies_to`` names; absent means all of them.
        placements, channels: Where it holds; absent means everywhere.
        accepts: Codes of findings of `recsys policy check` that its owner accepts.
        factor: What multiplies a score or a value: above 1 of a boost, below 1 of a bury.
    """

    id: Slug
    owner: Text
    reason: Words = Wording()
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
    accepts: tuple[Slug, ...] = ()

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        for key, value in {"factor": self.factor, "pin": self.pin, "cap": self.cap}.items():
            effects = _EFFECTS_WITH[key]
            if self.effect in effects and value is None:
                raise ValueError(f"the effect {self.effect} needs `{key}`; add it")
            if self.effect not in effects and value is not None:
                belongs = " and ".join(effects)
                raise ValueError(f"`{key}` belongs to the effect {belongs}, not to {self.effect}; remove it")
        if self.factor is not None:
            if (self.factor > 1) is not (self.effect is Effect.BOOST) or self.factor == 1:
                raise ValueError(
                    f"the factor is {self.factor:g} with the effect {self.effect}; a boost is above 1, a bury below 1"
                )
            if self.until_at is None:
                raise ValueError(f"a {self.effect} is a lever and needs an end; add `until`")
        if self.from_at is not None and self.until_at is not None and self.from_at >= self.until_at:
            raise ValueError(f"it ends ({iso(self.until_at)}) before it starts ({iso(self.from_at)}); swap the dates")
        if self.effect is Effect.PIN and self.what is not None:
            raise ValueError("a pin names its target by `pin.id`; remove `what`")
        if self.effect is Effect.CAP and self.applies_to is not ItemKind.PRODUCT:
            raise ValueError("a cap counts products; for offers set the placement's `max_offers`")
        if self.effect is Effect.REQUIRE and self.what is None:
            raise ValueError("the effect require needs `what`: that which is allowed to stay")
        return self
