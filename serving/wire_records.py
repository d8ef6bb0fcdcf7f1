"""What the endpoints of events, members, models and health take and give."""

from typing import Annotated, Self

from pydantic import ConfigDict, Field, StrictBool, StrictInt, model_validator

from recsys.types import Channel, Consent, EpochSeconds, EventKind
from serving.shadow_prices import PricesState
from serving.store.facts import StoredEvent
from serving.wire import MAX_BATCH, Id, MemberId, Wire

_ABOUT_PRODUCTS = frozenset({EventKind.VIEW, EventKind.CART, EventKind.PURCHASE})
_MAX_INSTANT = 253_402_300_799
_MAX_MINOR = 2**53

ProfileValue = bool | int | float | str | None
"""One column of one member; null where nothing is known."""


class EventRecord(Wire):
    """
    Something a member did or saw.

    Attributes:
        event_id: The caller's; the same id again is the same event and changes nothing.
        kind: ``view``, ``cart`` and ``purchase`` name a product, ``redemption`` names an offer, ``click`` and
            ``exposure`` name either. A click on an offer puts it into the member's wallet until it is redeemed. An
            exposure on another channel than the web is a contact and counts against contact caps.
        occurred_at: Epoch seconds; absent means now. Not later than five minutes from now.
        channel: Where it happened.
        decision_id: The decision that it follows from; exposures of one decision are one contact.
        quantity, value_minor: Of a purchase.
    """

    event_id: Id
    member_id: MemberId
    kind: EventKind
    product_id: Id | None = None
    offer_id: Id | None = None
    occurred_at: Annotated[StrictInt, Field(ge=0, le=_MAX_INSTANT)] | None = None
    channel: Channel = Channel.WEB
    decision_id: Id | None = None
    quantity: Annotated[StrictInt, Field(ge=1, le=1_000_000)] | None = None
    value_minor: Annotated[StrictInt, Field(ge=0, le=_MAX_MINOR)] | None = None

    @model_validator(mode="after")
    def _names_what_it_is_about(self) -> Self:
        if self.kind in _ABOUT_PRODUCTS and self.product_id is None:
            raise ValueError(f"a {self.kind.value} needs a product_id")
        if self.kind is EventKind.REDEMPTION and self.offer_id is None:
            raise ValueError("a redemption needs an offer_id")
        if self.product_id is None and self.offer_id is None:
            raise ValueError(f"a {self.kind.value} needs a product_id or an offer_id")
        return self

    def to_event(self, now: EpochSeconds) -> StoredEvent:
        """The event as the store keeps it."""
        return StoredEvent(
            event_id=self.event_id,
            member_id=self.member_id,
            kind=self.kind,
            occurred_at=now if self.occurred_at is None else self.occurred_at,
            received_at=now,
            product_id=self.product_id,
            offer_id=self.offer_id,
            channel=self.channel,
            decision_id=self.decision_id,
            quantity=self.quantity,
            value_minor=self.value_minor,
        )


class EventsRequest(Wire):
    """Events, all or none of which are taken; a repeated request is one effect."""

    events: Annotated[tuple[EventRecord, ...], Field(min_length=1, max_length=MAX_BATCH)]


class EventsAnswer(Wire):
    """
    What became of the events; the first three add up to their number.

    Attributes:
        accepted: New, durable, and seen by the next decision.
        duplicates: Known already.
        ignored: Of members who asked to be forgotten; not kept.
        unknown_ids: Of all events sent: those that name a product or an offer that the served bundle does not know.
            They are taken all the same: a newer bundle may know it. 0 while no bundle is served.
    """

    accepted: int
    duplicates: int
    ignored: int
    unknown_ids: int


class ConsentChange(Wire):
    """What a member says today, at least one of four; what is absent or null stays as it is."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "examples": [{"email": False}]})

    personalisation: StrictBool | None = None
    email: StrictBool | None = None
    push: StrictBool | None = None
    sms: StrictBool | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.said():
            raise ValueError(f"says nothing; give at least one of {', '.join(type(self).model_fields)}")
        return self

    def to_consent(self) -> Consent:
        """What is agreed to, as bits."""
        return sum((Consent[name.upper()] for name, agreed in self if agreed), Consent.NONE)

    def said(self) -> Consent:
        """What is spoken about, as bits."""
        return sum((Consent[name.upper()] for name, agreed in self if agreed is not None), Consent.NONE)


class ConsentRecord(Wire):
    """What a member agrees to, all of it."""

    personalisation: StrictBool
    email: StrictBool
    push: StrictBool
    sms: StrictBool

    @classmethod
    def of(cls, consent: Consent) -> Self:
        """The bits, named."""
        return cls.model_validate({name: Consent[name.upper()] in consent for name in cls.model_fields})


class ProductFactRecord(Wire):
    """Something the member did with a product since the bundle's cut-off."""

    product_id: str
    kind: EventKind
    occurred_at: int


class ContactRecord(Wire):
    """A message or offer that reached the member."""

    channel: Channel
    contacted_at: int
    offer_id: str | None


class MemberAnswer(Wire):
    """
    A member as the engine sees them now; a stranger's values where personal data may not be used.

    Attributes:
        in_bundle: Training knew the member.
        personal: Personal data is used.
        tier: What decisions go by: said since the cut-off, else as recorded by the retailer, else by the programme's
            rules. Where record and rules differ, ``tier_by_rules`` of the profile says what the rules give.
        n_products_bought: Distinct products, before and since the cut-off.
        profile_as_of: The cut-off of the bundle that the profile is of, epoch seconds; null where there is none.
        profile: What else the bundle knows of the member, by column; null values are unknown. Null as a whole for
            strangers, for who did not agree to personalisation, and where the bundle has no such columns.
    """

    member_id: str
    in_bundle: bool
    personal: bool
    consent: ConsentRecord
    tier: str
    stage: str
    segment: int | None
    birth_month: int | None
    points: int
    orders_per_day: float
    basket_minor: int
    margin_rate: float
    n_products_bought: int
    recent: tuple[ProductFactRecord, ...]
    held_offers: tuple[str, ...]
    contacts: tuple[ContactRecord, ...]
    profile_as_of: int | None
    profile: dict[str, ProfileValue] | None


class ServedAnswer(Wire):
    """One bundle under one policy."""

    bundle_id: str
    run_id: str
    cut_off: int
    policy_id: str
    policy_name: str
    shadow_prices: PricesState
    loaded_at: int


class RefusalAnswer(Wire):
    """A bundle or policy that was not taken in."""

    folder: str
    reason: str
    refused_at: int


class ModelsAnswer(Wire):
    """What is served, what was served before, and what was refused last."""

    current: ServedAnswer | None
    previous: ServedAnswer | None
    refused: RefusalAnswer | None


class AliveAnswer(Wire):
    """The process answers."""

    alive: bool = True


class ReadyAnswer(Wire):
    """
    Whether the service should get requests.

    Attributes:
        ready: It has a bundle, and keys can be checked.
        reasons: Why not, as sentences.
        policy_reviewed: Somebody other than its author approved the policy that is served; null where none is.
        store: ``up`` or ``down``; with the store down decisions are answered all the same.
        refused: The newest bundle or policy was not taken in; what was served before goes on.
        clock_lag_s: How far the service's clock lies behind the true time; above 0 for historic workspaces.
        decisions_lost: Decisions missing in the log since the start.
    """

    ready: bool
    reasons: tuple[str, ...]
    bundle_id: str
    policy_id: str
    policy_reviewed: bool | None
    store: str
    refused: RefusalAnswer | None
    clock_lag_s: int
    decisions_lost: int
