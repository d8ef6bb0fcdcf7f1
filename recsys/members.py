"""Members as frozen columns: all of them as the bundle knows them, and the few that a decision is about."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys.profile import NO_PROFILE, MemberProfile
from recsys.ragged import Ragged
from recsys.types import Channel, Consent, EpochSeconds, EventKind, Instants, Rows
from recsys.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class Members:
    """
    Every member of a bundle, as of its cut-off.

    Attributes:
        members: The ids; position is the member's row.
        tier: Shape (n_members,), int8: row in the bundle's tier names, low to high.
        stage: Shape (n_members,), int8: position in ``types.STAGES``.
        consent: Shape (n_members,), uint8: bits of ``types.Consent``.
        segment: Shape (n_members,), int16: row in the popularity table; -1 where the member has none.
        birth_month: Shape (n_members,), int8: 1 to 12; 0 where unknown.
        points: Shape (n_members,), int64: balance.
        orders_per_day: Shape (n_members,), float32: shrunken rate of orders, at least 0.
        basket_minor: Shape (n_members,), int64: shrunken mean value of an order.
        margin_rate: Shape (n_members,), float32: margin over value of what the member buys.
        purchased: Ragged (n_members,): distinct product rows that the member bought, latest first.
        purchased_at: Same layout as ``purchased``: the last purchase of each.
        profile: What else is known of them, shape (n_members,) each.
    """

    members: Vocabulary
    tier: NDArray[np.int8]
    stage: NDArray[np.int8]
    consent: NDArray[np.uint8]
    segment: NDArray[np.int16]
    birth_month: NDArray[np.int8]
    points: NDArray[np.int64]
    orders_per_day: NDArray[np.float32]
    basket_minor: NDArray[np.int64]
    margin_rate: NDArray[np.float32]
    purchased: Ragged
    purchased_at: Instants
    profile: MemberProfile = NO_PROFILE

    def __len__(self) -> int:
        return len(self.members)


@dataclass(frozen=True, slots=True)
class ProductFact:
    """Something a member did with a product after the bundle's cut-off."""

    product_id: str
    kind: EventKind
    occurred_at: EpochSeconds


@dataclass(frozen=True, slots=True)
class Contact:
    """
    One message or offer that reached a member.

    Attributes:
        offer_id: The first offer in it; absent where there was none.
        more_offers: The other offers in the same message.
    """

    channel: Channel
    contacted_at: EpochSeconds
    offer_id: str | None = None
    more_offers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OfferResponse:
    """What a member did with an offer: a click took it, a redemption used it up."""

    offer_id: str
    kind: EventKind
    occurred_at: EpochSeconds


@dataclass(frozen=True, slots=True)
class LiveFacts:
    """
    What the store knows of one member that the bundle does not.

    Attributes:
        product_facts: Newest first.
        held_offers: Ids of offers in the wallet, neither redeemed nor expired.
        contacts: Newest first; those older than the longest cap are of no use.
        consent: The member's word of today; absent where it never changed.
        tier: The member's tier of today by name; absent where it never changed.
        erased: The member asked to be forgotten; nothing of the bundle may be used.
        responses: Clicks on offers and redemptions, newest first.
    """

    product_facts: tuple[ProductFact, ...] = ()
    held_offers: tuple[str, ...] = ()
    contacts: tuple[Contact, ...] = ()
    consent: Consent | None = None
    tier: str | None = None
    erased: bool = False
    responses: tuple[OfferResponse, ...] = ()


NO_FACTS = LiveFacts()


@dataclass(frozen=True, slots=True)
class Subject:
    """
    One member as a request names them.

    Attributes:
        member_id: Any text; ids that the bundle does not know are strangers. Empty where nobody is known to ask.
        facts: What the store knows since the cut-off.
        basket: Product ids in the basket now.
        exclude_ids: Products or offers that the caller does not want back.
        about: Product ids that the question is about, where the context asks for a relation; never in the answer.
    """

    member_id: str
    facts: LiveFacts = NO_FACTS
    basket: tuple[str, ...] = ()
    exclude_ids: frozenset[str] = field(default_factory=frozenset)
    about: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MemberBatch:
    """
    The members of one call of the engine, as columns; built by `build_batch`.

    A member who has not agreed to personalisation, or who was erased, has the columns of a stranger:
    everything personal is left out here, once, so that nothing downstream can leak it (law 8).

    Attributes:
        subjects: As the request named them, same order.
        row: Shape (m,): row in the bundle; UNKNOWN_ROW for strangers.
        personal: Shape (m,), bool: personal data may be used for this member.
        tier: Shape (m,), int8: row in the bundle's tier names; 0 (the lowest) for strangers.
        stage: Shape (m,), int8: position in ``types.STAGES``; potential for strangers.
        consent: Shape (m,), uint8: bits; the true ones, also for members without personalisation.
        segment: Shape (m,), int16; -1 for strangers.
        birth_month: Shape (m,), int8; 0 for strangers.
        points: Shape (m,), int64; 0 for strangers.
        orders_per_day, basket_minor, margin_rate: As in `Members`; the population's means for strangers.
        touched: Ragged (m,): product rows of facts since the cut-off, newest first; empty for strangers.
        touched_at: Same layout: when.
        touched_kind: Same layout, int8: position in ``EventKind``.
        bought: Ragged (m,): product rows bought before or after the cut-off; empty for strangers.
        bought_at: Same layout: the latest purchase.
        held: Ragged (m,): rows of held offers.
        excluded_products, excluded_offers: Ragged (m,): rows the caller excludes.
        basket: Ragged (m,): product rows in the basket now.
        about: Ragged (m,): product rows that the question is about.
        profile: Of all members of the bundle; ``row`` tells whose entry is whose.
        known: What steps of the call have read out of it, by the function that did and its other arguments: several ask
            the same. Kept by `recsys.offers.membership` alone, and new in a batch made from another.
    """

    subjects: tuple[Subject, ...]
    row: Rows
    personal: NDArray[np.bool_]
    tier: NDArray[np.int8]
    stage: NDArray[np.int8]
    consent: NDArray[np.uint8]
    segment: NDArray[np.int16]
    birth_month: NDArray[np.int8]
    points: NDArray[np.int64]
    orders_per_day: NDArray[np.float32]
    basket_minor: NDArray[np.int64]
    margin_rate: NDArray[np.float32]
    touched: Ragged
    touched_at: Instants
    touched_kind: NDArray[np.int8]
    bought: Ragged
    bought_at: Instants
    held: Ragged
    excluded_products: Ragged
    excluded_offers: Ragged
    basket: Ragged
    about: Ragged
    profile: MemberProfile = NO_PROFILE
    known: dict[tuple[object, ...], Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.subjects)
