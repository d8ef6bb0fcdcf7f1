"""What a file of cases may say: a member, the circumstances, and what the policy must answer."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from recsys.policy.file.calendar import MonthDay
from recsys.policy.file.fields import Instant, Part, Slug, Text
from recsys.policy.reading.problems import PartError, Path
from recsys.types import NO_OFFER, Channel, Stage

ANY = "any"
"""In place of a rule's id: whichever rule it is."""

Ids = tuple[Text, ...]
DaysAgo = Annotated[float, Field(strict=True, ge=0, le=36_500, allow_inf_nan=False)]


class ConsentName(StrEnum):
    """What a member may have agreed to."""

    PERSONALISATION = "personalisation"
    EMAIL = "email"
    PUSH = "push"
    SMS = "sms"


def _scalar(value: Any) -> Any:
    if value is None or type(value) in (bool, int, float, str):
        return value
    raise ValueError(f"{value!r} is no single value; write a text, a number, true or false, or null")


def _sent(value: Any) -> Any:
    if value is None:
        raise ValueError("null is no value; leave the attribute out where it is not sent")
    return _scalar(value)


Scalar = Annotated[Any, BeforeValidator(_scalar)]
Sent = Annotated[Any, BeforeValidator(_sent)]


class CaseBought(Part):
    """A product that was bought, days before the instant of the case."""

    product: Text
    days_ago: DaysAgo


class CaseContact(Part):
    """A message that reached the member, with the offers in it."""

    channel: Channel
    days_ago: DaysAgo
    offer: Text | None = None
    more_offers: Ids = ()


class CaseResponse(Part):
    """What the member did with an offer: a click took it, a redemption used it up."""

    offer: Text
    kind: Literal["click", "redemption"]
    days_ago: DaysAgo


class CaseMember(Part):
    """
    Who it is about.

    Attributes:
        id: A member of the bundle, with everything that the case does not say; absent means a made-up member.
        profile: Columns of the bundle's profile, as of the instant of the case.
    """

    id: Text | None = None
    tier: Text | None = None
    stage: Stage | None = None
    points: Annotated[int, Field(strict=True, ge=-(10**12), le=10**12)] | None = None
    birth_month: Annotated[int, Field(strict=True, ge=0, le=12)] | None = None
    birthday: MonthDay | None = None
    consent: tuple[ConsentName, ...] | None = None
    profile: Mapping[str, Scalar] = Field(default_factory=dict)
    bought: tuple[CaseBought, ...] | None = None
    held_offers: Ids = ()
    contacts: tuple[CaseContact, ...] = ()
    responses: tuple[CaseResponse, ...] = ()

    @model_validator(mode="after")
    def _one_birthday(self) -> Self:
        if self.birthday is not None and self.birth_month is not None:
            raise ValueError("birthday and birth_month are both given; remove birth_month")
        return self


class CaseContext(Part):
    """Where and when; absent means the policy's default placement, its channel, and the instant of the check."""

    placement: Text | None = None
    channel: Channel | None = None
    at: Instant | None = None
    basket: Ids = ()
    exclude_ids: Ids = ()
    attributes: Mapping[str, Sent] = Field(default_factory=dict)


class Expectation(Part):
    """
    What the policy must answer; of each id, whether a rule removes it, or whether it is shown.

    Attributes:
        offers_allowed, products_allowed: No rule removes them.
        offers_removed, products_removed: The first rule that removes each, by id; `ANY` where it does not matter.
        levers: The boosts and buries that touch a product or offer, all of them, in any order.
        nothing_because: Nothing at all is shown, because of this rule.
        shows: Are shown, wherever; without exploration.
        never_shows: Are not shown, and no draw of exploration can show them first.
        offer_choice: The first offer, or ``no_offer``; without exploration.
    """

    offers_allowed: Ids = ()
    offers_removed: Mapping[Text, Text] = Field(default_factory=dict)
    products_allowed: Ids = ()
    products_removed: Mapping[Text, Text] = Field(default_factory=dict)
    levers: Mapping[Text, tuple[Slug, ...]] = Field(default_factory=dict)
    nothing_because: Text | None = None
    shows: Ids = ()
    never_shows: Ids = ()
    offer_choice: Text | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not any(getattr(self, name) for name in type(self).model_fields):
            raise ValueError("nothing is expected; write at least one of " + ", ".join(type(self).model_fields))
        return self

    def contradictions(self) -> Iterator[tuple[Path, str]]:
        """What cannot all be so: where it stands, and which two."""
        for allowed, removed, key in (
            (self.offers_allowed, self.offers_removed, "offers_removed"),
            (self.products_allowed, self.products_removed, "products_removed"),
        ):
            yield from (((key, one), _both(one, "allowed", "removed")) for one in allowed if one in removed)
        for row, one in enumerate(self.shows):
            if one in self.never_shows:
                yield ("never_shows", self.never_shows.index(one)), _both(one, "shown", "never shown")
            if one in self.offers_removed or one in self.products_removed:
                yield ("shows", row), _both(one, "removed", "shown")
        if self.nothing_because is not None and self.shows:
            yield ("shows",), "something is expected to be shown, and nothing (nothing_because); keep one"
        if self.offer_choice not in (None, NO_OFFER):
            yield from self._of_choice(str(self.offer_choice))

    def _of_choice(self, chosen: str) -> Iterator[tuple[Path, str]]:
        path = ("offer_choice",)
        if chosen in self.offers_removed:
            yield path, _both(chosen, "removed", "chosen")
        if chosen in self.never_shows:
            yield path, _both(chosen, "never shown", "chosen")
        if self.nothing_because is not None:
            yield path, "an offer is expected to be chosen, and nothing to be shown; keep one"


class Case(Part):
    """
    One case.

    Attributes:
        id: Messages name it; unique in the folder.
        about: Why it must be so, for people.
    """

    id: Slug
    about: Annotated[str, Field(strict=True, max_length=500)] = ""
    member: CaseMember = CaseMember()
    context: CaseContext = CaseContext()
    expect: Expectation

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        for path, message in self.expect.contradictions():
            raise PartError(f"case {self.id!r}: {message}", path=("expect", *path), code="contradiction")
        return self


class CaseFile(Part):
    """A file of cases."""

    cases: tuple[Case, ...]

    @model_validator(mode="after")
    def _some(self) -> Self:
        if not self.cases:
            raise PartError("no case is listed; write one, or remove the file", path=("cases",))
        return self


def _both(one: str, first: str, second: str) -> str:
    return f"{one!r} is expected to be {first} and {second}; keep one of them"
