"""What the store keeps of one member for decisions: how events are merged into it and how it is read back."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Self

import orjson

from recsys.members import Contact, LiveFacts, ProductFact
from recsys.types import Channel, Consent, EpochSeconds, EventKind

MAX_PRODUCT_FACTS = 200
MAX_CONTACTS = 100
MAX_OFFERS = 100
"""Bounds of one member's row; the newest stay."""

EMPTY = "{}"
"""The text of a member of whom nothing is known."""

ERASED = LiveFacts(consent=Consent.NONE, erased=True)
"""Of a member who asked to be forgotten."""

_INTEREST = frozenset({EventKind.VIEW, EventKind.CART, EventKind.PURCHASE, EventKind.CLICK})
_NEVER = -1


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """
    One event as the store keeps it.

    Attributes:
        event_id: The caller's; a second event with the same id is the same event.
        occurred_at: When it happened.
        received_at: When the service heard of it.
        channel: Where it happened; an exposure on another channel than the web is a contact.
        decision_id: The decision that it follows from; absent where there was none.
        quantity, value_minor: Of a purchase; absent where unknown.
    """

    event_id: str
    member_id: str
    kind: EventKind
    occurred_at: EpochSeconds
    received_at: EpochSeconds
    product_id: str | None = None
    offer_id: str | None = None
    channel: Channel = Channel.WEB
    decision_id: str | None = None
    quantity: int | None = None
    value_minor: int | None = None


@dataclass(frozen=True, slots=True)
class Recent:
    """
    A member's recent facts in the form that the store keeps.

    Merging is independent of the order in which events arrive and of how they are split into batches.

    Attributes:
        products: (-occurred_at, product id, kind), so that ascending order is newest first.
        contacts: (-contacted_at, channel, message, offer id or empty): one entry a message. Messages of a decision
            are one message; on the web each offer shown counts by itself.
        offers: By offer id: when the member last took it (clicked), and when they last redeemed it; -1 for never.
    """

    products: tuple[tuple[int, str, str], ...] = ()
    contacts: tuple[tuple[int, str, str, str], ...] = ()
    offers: tuple[tuple[str, int, int], ...] = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read back what `dumps` wrote."""
        if text == EMPTY:
            return cls()
        kept = orjson.loads(text)
        return cls(
            tuple((at, product, kind) for at, product, kind in kept["products"]),
            tuple((at, channel, message, offer) for at, channel, message, offer in kept["contacts"]),
            tuple((offer, taken, redeemed) for offer, taken, redeemed in kept["offers"]),
        )

    def dumps(self) -> str:
        """The text that the store keeps; the same facts give the same text."""
        return orjson.dumps(
            {"products": self.products, "contacts": self.contacts, "offers": self.offers},
        ).decode()

    def merged(self, events: Iterable[StoredEvent]) -> "Recent":
        """These facts and those of *events*, bounded to the newest."""
        products = set(self.products)
        contacts = {_contact_key(entry): entry for entry in self.contacts}
        offers = {offer: (taken, redeemed) for offer, taken, redeemed in self.offers}
        for event in events:
            if event.product_id is not None and event.kind in _INTEREST:
                products.add((-event.occurred_at, event.product_id, event.kind.value))
            if event.offer_id is not None and event.kind in (EventKind.CLICK, EventKind.REDEMPTION):
                taken, redeemed = offers.get(event.offer_id, (_NEVER, _NEVER))
                if event.kind is EventKind.CLICK:
                    taken = max(taken, event.occurred_at)
                else:
                    redeemed = max(redeemed, event.occurred_at)
                offers[event.offer_id] = (taken, redeemed)
            if event.kind is EventKind.EXPOSURE and (event.offer_id is not None or event.channel is not Channel.WEB):
                entry = (-event.occurred_at, event.channel.value, event.decision_id or "", event.offer_id or "")
                key = _contact_key(entry)
                contacts[key] = min(contacts.get(key, entry), entry, key=_first_with_offer)
        newest_offers = sorted(offers.items(), key=lambda pair: (-max(pair[1]), pair[0]))[:MAX_OFFERS]
        return replace(
            self,
            products=tuple(sorted(products)[:MAX_PRODUCT_FACTS]),
            contacts=tuple(sorted(contacts.values())[:MAX_CONTACTS]),
            offers=tuple((offer, taken, redeemed) for offer, (taken, redeemed) in newest_offers),
        )


def member_key(member_id: str) -> str:
    """
    The primary key of a member's facts: 160 bits of BLAKE2b of the id, in hex.

    A row outlives its member's erasure as a tombstone, and then holds this and no id.
    """
    return hashlib.blake2b(member_id.encode(), digest_size=20).hexdigest()


def read_facts(consent: int | None, tier: str | None, *, erased: bool, recent: str, since: EpochSeconds) -> LiveFacts:
    """A row of ``member_facts`` as the engine takes it; product facts before *since* are the bundle's business."""
    if erased:
        return ERASED
    if recent == EMPTY:
        return LiveFacts(consent=None if consent is None else Consent(consent), tier=tier)
    kept = orjson.loads(recent)
    return LiveFacts(
        product_facts=tuple(
            [ProductFact(product, EventKind(kind), -at) for at, product, kind in kept["products"] if -at >= since]
        ),
        held_offers=tuple([offer for offer, taken, redeemed in kept["offers"] if taken > redeemed]),
        contacts=tuple([Contact(Channel(channel), -at, offer or None) for at, channel, _, offer in kept["contacts"]]),
        consent=None if consent is None else Consent(consent),
        tier=tier,
    )


def _contact_key(entry: tuple[int, str, str, str]) -> tuple[str, ...]:
    at, channel, message, offer = entry
    if channel == Channel.WEB:
        return channel, str(at), offer
    return channel, message or str(at)


def _first_with_offer(entry: tuple[int, str, str, str]) -> tuple[bool, int, str]:
    at, _, _, offer = entry
    return not offer, -at, offer
