"""What reached the members of one call and what they answered, as columns, so that rules of contact need no loops."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from recsys.members import Contact, MemberBatch, OfferResponse
from recsys.types import Channel, Instants, KeepMask


@dataclass(frozen=True, slots=True)
class Messages:
    """
    The contacts of all members of a batch, one entry each.

    Attributes:
        contacts: As the facts have them.
        owner: Shape (n,): position of the member in the batch, ascending.
        at: Shape (n,): when.
    """

    contacts: tuple[Contact, ...]
    owner: NDArray[np.int64]
    at: Instants

    def through(self, channel: Channel | None) -> KeepMask:
        """Shape (n,): those through this channel; for none, through any but the web."""
        if channel is None:
            return np.array([one.channel is not Channel.WEB for one in self.contacts], dtype=np.bool_)
        return np.array([one.channel is channel for one in self.contacts], dtype=np.bool_)


@dataclass(frozen=True, slots=True)
class OfferEvents:
    """
    What happened with offers, one entry an offer of a message or a response.

    Attributes:
        owner: Shape (n,): position of the member in the batch.
        at: Shape (n,): when.
        offer: Shape (n,): position of the offer in the index that was given.
        message: Shape (n,): entries of one message have one number.
    """

    owner: NDArray[np.int64]
    at: Instants
    offer: NDArray[np.int64]
    message: NDArray[np.int64]

    def only(self, keep: KeepMask) -> "OfferEvents":
        """Some of them."""
        return OfferEvents(self.owner[keep], self.at[keep], self.offer[keep], self.message[keep])


def messages_of(batch: MemberBatch) -> Messages | None:
    """Every contact of the batch; none where nobody has any, which is the fast way out."""
    lists = [subject.facts.contacts for subject in batch.subjects]
    if not any(lists):
        return None
    flat = tuple(chain.from_iterable(lists))
    return Messages(flat, _owners(lists), _instants(one.contacted_at for one in flat))


def offers_of(messages: Messages, index: Mapping[str, int]) -> OfferEvents:
    """
    The offers in messages, those through the web too.

    Args:
        messages: Any.
        index: Position of each offer that matters; the others are ``len(index)``.
    """
    unknown = len(index)
    first = np.array(
        [-1 if one.offer_id is None else index.get(one.offer_id, unknown) for one in messages.contacts], dtype=np.int64
    )
    message = np.flatnonzero(first >= 0)
    offer = first[message]
    more = [(at, index.get(one, unknown)) for at, it in enumerate(messages.contacts) for one in it.more_offers]
    if more:
        message = np.concatenate([message, np.array([at for at, _ in more], dtype=np.int64)])
        offer = np.concatenate([offer, np.array([one for _, one in more], dtype=np.int64)])
    return OfferEvents(messages.owner[message], messages.at[message], offer, message)


def responses_of(batch: MemberBatch, index: Mapping[str, int]) -> tuple[OfferEvents, tuple[OfferResponse, ...]]:
    """Every response of the batch as `offers_of` gives offers, and the records in the same order."""
    lists = [subject.facts.responses for subject in batch.subjects]
    flat = tuple(chain.from_iterable(lists))
    unknown = len(index)
    offer = np.array([index.get(one.offer_id, unknown) for one in flat], dtype=np.int64)
    at = _instants(one.occurred_at for one in flat)
    return OfferEvents(_owners(lists), at, offer, np.arange(len(flat), dtype=np.int64)), flat


def _owners(lists: list[tuple[Contact, ...]] | list[tuple[OfferResponse, ...]]) -> NDArray[np.int64]:
    return np.repeat(np.arange(len(lists), dtype=np.int64), [len(one) for one in lists])


def _instants(values: Iterable[int]) -> Instants:
    return np.array(list(values), dtype=np.int64)
