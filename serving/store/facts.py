"""What the store keeps of one member for decisions: how events are merged into it and how it is read back."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import orjson

from recsys.members import Contact, LiveFacts, OfferResponse, ProductFact
from recsys.types import Channel, Consent, EpochSeconds, EventKind

MAX_PRODUCT_FACTS = 200
MAX_CONTACTS = 200
MAX_SHOWN = 100
MAX_OFFERS = 100
MAX_RESPONSES = 100
"""
Bounds of one member's row: messages of a channel with all their offers, offers shown on the web; the newest stay.
"""

EMPTY = "{}"
"""The text of a member of whom nothing is known."""

ERASED = LiveFacts(consent=Consent.NONE, erased=True)
"""Of a member who asked to be forgotten."""

ContactEntry = tuple[int, str, str, str]

_INTEREST = frozenset({EventKind.VIEW, EventKind.CART, EventKind.PURCHASE, EventKind.CLICK})
_RESPONSES = frozenset({EventKind.CLICK, EventKind.REDEMPTION})
_NEVER = -1
_WEB = Channel.WEB.value
_CHANNELS = {channel.value: channel for channel in Channel}


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
        contacts: (-contacted_at, channel, message, offer id or empty): one entry an offer of a message, and one a
            message without offers. Messages of a decision are one message; on the web each offer shown counts by
            itself. What is shown on the web never displaces a message.
        offers: By offer id: when the member last took it (clicked), and when they last redeemed it; -1 for never.
        responses: (-occurred_at, offer id, kind): every click on an offer and every redemption.
    """

    products: tuple[tuple[int, str, str], ...] = ()
    contacts: tuple[ContactEntry, ...] = ()
    offers: tuple[tuple[str, int, int], ...] = ()
    responses: tuple[tuple[int, str, str], ...] = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read back what `dumps` wrote, in this release or an earlier one."""
        if text == EMPTY:
            return cls()
        kept = orjson.loads(text)
        return cls(
            tuple((at, product, kind) for at, product, kind in kept["products"]),
            tuple((at, channel, message, offer) for at, channel, message, offer in kept["contacts"]),
            tuple((offer, taken, redeemed) for offer, taken, redeemed in kept["offers"]),
            tuple((at, offer, kind) for at, offer, kind in _responses(kept)),
        )

    def dumps(self) -> str:
        """The text that the store keeps; the same facts give the same text."""
        return orjson.dumps(
            {
                "products": self.products,
                "contacts": self.contacts,
                "offers": self.offers,
                "responses": self.responses,
            }
        ).decode()

    def merged(self, events: Iterable[StoredEvent]) -> "Recent":
        """These facts and those of *events*, bounded to the newest."""
        products, responses = set(self.products), set(self.responses)
        contacts = {_contact_key(entry): entry for entry in self.contacts}
        offers = {offer: (taken, redeemed) for offer, taken, redeemed in self.offers}
        for event in events:
            if event.product_id is not None and event.kind in _INTEREST:
                products.add((-event.occurred_at, event.product_id, event.kind.value))
            if event.offer_id is not None and event.kind in _RESPONSES:
                responses.add((-event.occurred_at, event.offer_id, event.kind.value))
                taken, redeemed = offers.get(event.offer_id, (_NEVER, _NEVER))
                if event.kind is EventKind.CLICK:
                    taken = max(taken, event.occurred_at)
                else:
                    redeemed = max(redeemed, event.occurred_at)
                offers[event.offer_id] = (taken, redeemed)
            if event.kind is EventKind.EXPOSURE and (event.offer_id is not None or event.channel is not Channel.WEB):
                entry = (-event.occurred_at, event.channel.value, event.decision_id or "", event.offer_id or "")
                key = _contact_key(entry)
                contacts[key] = min(contacts.get(key, entry), entry)
        newest_offers = sorted(offers.items(), key=lambda pair: (-max(pair[1]), pair[0]))[:MAX_OFFERS]
        return replace(
            self,
            products=tuple(sorted(products)[:MAX_PRODUCT_FACTS]),
            contacts=tuple(_newest_contacts(contacts.values())),
            offers=tuple((offer, taken, redeemed) for offer, (taken, redeemed) in newest_offers),
            responses=tuple(sorted(responses)[:MAX_RESPONSES]),
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
        contacts=_contacts(kept["contacts"]),
        consent=None if consent is None else Consent(consent),
        tier=tier,
        responses=tuple([OfferResponse(offer, EventKind(kind), -at) for at, offer, kind in _responses(kept)]),
    )


def _responses(kept: dict[str, Any]) -> list[tuple[int, str, str]]:
    """Those of a text; one of an earlier release knows the last of each offer."""
    if "responses" in kept:
        found: list[tuple[int, str, str]] = kept["responses"]
        return found
    return sorted(
        (-at, offer, kind.value)
        for offer, taken, redeemed in kept["offers"]
        for at, kind in ((taken, EventKind.CLICK), (redeemed, EventKind.REDEMPTION))
        if at != _NEVER
    )[:MAX_RESPONSES]


def _contact_key(entry: ContactEntry) -> tuple[str, ...]:
    """Entries of one key are one: on the web what was shown at an instant, elsewhere an offer in a message."""
    at, channel, message, offer = entry
    if channel == Channel.WEB:
        return channel, str(at), offer
    return channel, message or str(at), offer


def _message_key(entry: ContactEntry) -> tuple[str, ...]:
    key = _contact_key(entry)
    return key if entry[1] == Channel.WEB else key[:-1]


def _newest_contacts(entries: Iterable[ContactEntry]) -> list[ContactEntry]:
    """The newest of each channel, newest first; a message without offers is no news where an offer of it is known."""
    ordered = sorted(entries)
    with_offer = {_message_key(entry): entry[0] for entry in reversed(ordered) if entry[3]}
    newer: defaultdict[str, set[tuple[str, ...]]] = defaultdict(set)
    kept = []
    for entry in ordered:
        message = _message_key(entry)
        if not entry[3] and with_offer.get(message, entry[0] + 1) <= entry[0]:
            continue
        # What is left out has so many newer messages, and the newest entries of those are kept whatever comes: so order
        # and splitting do not matter.
        if len(newer[entry[1]]) < (MAX_SHOWN if entry[1] == Channel.WEB else MAX_CONTACTS):
            kept.append(entry)
        newer[entry[1]].add(message)
    return kept


def _contacts(entries: Sequence[ContactEntry]) -> tuple[Contact, ...]:
    """One contact a message, as of its newest entry, newest first; entries may be lists."""
    found: list[Contact] = []
    place: dict[tuple[str, str | int], int] = {}
    for at, channel, message, offer in entries:
        if channel != _WEB:
            key = channel, message or at
            if key in place:
                if offer:
                    known = found[place[key]]
                    found[place[key]] = replace(known, **_with_offer(known, offer))
                continue
            place[key] = len(found)
        found.append(Contact(_CHANNELS[channel], -at, offer or None))
    return tuple(found)


def _with_offer(known: Contact, offer: str) -> dict[str, Any]:
    return {"offer_id": offer} if known.offer_id is None else {"more_offers": (*known.more_offers, offer)}
