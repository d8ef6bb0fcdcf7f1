"""Offer definitions as columns: the templates that coupons are issued from."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys.ragged import Ragged
from recsys.types import OFFER_KINDS, Channel, EpochSeconds, Instants, KeepMask, MoneyMinor, OfferKind
from recsys.vocabulary import Vocabulary

UNLIMITED_MINOR = -1
UNLIMITED = -1
NO_GROUP = -1
"""The number of the stacking group or ladder of an offer that is in none."""

SINGLE_POINTS_BP = 10_000
_BASIS_POINTS = 10_000


class Stacking(StrEnum):
    """With what else an offer combines in one basket. The order is the code stored in bundles; append only."""

    COMBINABLE = "combinable"
    ONE_OF_GROUP = "one_of_group"
    EXCLUSIVE = "exclusive"


class Base(StrEnum):
    """What shares and thresholds are counted on. The order is the code stored in bundles; append only."""

    REMAINING = "remaining"
    FULL = "full"


class Trigger(StrEnum):
    """What makes sense of an offer now. The order is the code stored in bundles; append only."""

    NONE = "none"
    WELCOME = "welcome"
    FIRST_PURCHASE = "first_purchase"
    REFERRER = "referrer"
    REFERRED = "referred"
    BIRTHDAY = "birthday"
    STAGE_CHANGE = "stage_change"
    POINTS_EXPIRING = "points_expiring"
    TIER_NEAR = "tier_near"
    TIER_AT_RISK = "tier_at_risk"
    WIN_BACK = "win_back"
    MEMBER_DAY = "member_day"
    SEASON = "season"


STACKINGS: tuple[Stacking, ...] = tuple(Stacking)
BASES: tuple[Base, ...] = tuple(Base)
TRIGGERS: tuple[Trigger, ...] = tuple(Trigger)
CHANNELS: tuple[Channel, ...] = tuple(Channel)
ALL_CHANNELS = (1 << len(CHANNELS)) - 1


@dataclass(frozen=True, slots=True)
class OfferDefinitions:
    """
    The offers that can be proposed, one entry a definition in each column.

    Attributes:
        offers: The ids; position is the offer's row.
        names: Shape (n_offers,), UTF-8 bytes.
        kind: Shape (n_offers,), int8: position in ``types.OFFER_KINDS``.
        amount_minor: Shape (n_offers,): amount off, worth of the gift or of the shipping, points' worth; 0 where the
            kind has none.
        percent_bp: Shape (n_offers,), int32: percent off in basis points (1,500 = 15 %); 0 where the kind has none.
        multiplier_bp: Shape (n_offers,), int32: points multiplier in basis points (20,000 = double); 10,000 otherwise.
        min_spend_minor: Shape (n_offers,): smallest qualifying spend; 0 where any basket qualifies.
        buy_quantity, get_quantity: Shape (n_offers,), int32: buy x, get y; 0 for other kinds.
        valid_from, valid_until: Shape (n_offers,): first instant, and first instant after.
        tier_mask: Shape (n_offers,), uint16: bit t is set where tier row t may have it.
        budget_minor: Shape (n_offers,): all discounts together; UNLIMITED_MINOR where there is no budget.
        per_member_limit: Shape (n_offers,), int32: redemptions a member; 0 = no limit.
        contact_cost_minor: Shape (n_offers,): cost of showing it once.
        scope: Ragged (n_offers,): product rows it is valid for; an empty list means the whole basket, unless the
            offer is among ``scope_empty``.
        scope_empty: Shape (n_offers,), bool: its scope was told and matches no product, so it can never be redeemed.
        max_discount_minor: Shape (n_offers,): the most that one redemption takes off; UNLIMITED_MINOR for no bound.
        total_limit: Shape (n_offers,), int64: redemptions of all members together; UNLIMITED for no bound.
        channel_mask: Shape (n_offers,), uint8: bit c is set where ``CHANNELS[c]`` may carry it.
        stacking: Shape (n_offers,), int8: position in `STACKINGS`.
        stacking_group: Shape (n_offers,), int16: number of its group; NO_GROUP where it is in none.
        stacking_priority: Shape (n_offers,), int16: lower is applied first, among equals by id.
        base: Shape (n_offers,), int8: position in `BASES`.
        points_cost: Shape (n_offers,), int64: points that a member pays to use it once.
        ladder: Shape (n_offers,), int16: number of the ladder whose steps are the same offer at several depths;
            NO_GROUP where it is on none.
        trigger: Shape (n_offers,), int8: position in `TRIGGERS`.
        trigger_days: Shape (n_offers,), int16: days that the trigger's window lasts; 0 for the trigger's own default.
    """

    offers: Vocabulary
    names: NDArray[np.bytes_]
    kind: NDArray[np.int8]
    amount_minor: MoneyMinor
    percent_bp: NDArray[np.int32]
    multiplier_bp: NDArray[np.int32]
    min_spend_minor: MoneyMinor
    buy_quantity: NDArray[np.int32]
    get_quantity: NDArray[np.int32]
    valid_from: Instants
    valid_until: Instants
    tier_mask: NDArray[np.uint16]
    budget_minor: MoneyMinor
    per_member_limit: NDArray[np.int32]
    contact_cost_minor: MoneyMinor
    scope: Ragged
    scope_empty: KeepMask
    max_discount_minor: MoneyMinor
    total_limit: NDArray[np.int64]
    channel_mask: NDArray[np.uint8]
    stacking: NDArray[np.int8]
    stacking_group: NDArray[np.int16]
    stacking_priority: NDArray[np.int16]
    base: NDArray[np.int8]
    points_cost: NDArray[np.int64]
    ladder: NDArray[np.int16]
    trigger: NDArray[np.int8]
    trigger_days: NDArray[np.int16]

    def __len__(self) -> int:
        return len(self.offers)

    def valid(self, now: EpochSeconds) -> KeepMask:
        """Shape (n_offers,): *now* lies within the offer's validity."""
        return (self.valid_from <= now) & (now < self.valid_until)

    def allowed_for(self, tier: NDArray[np.int8]) -> KeepMask:
        """Shape (m, n_offers): the definition allows members of these tiers."""
        bits = (self.tier_mask[None, :] >> tier.astype(np.uint16)[:, None]) & 1
        return bits.astype(np.bool_)

    def carried_by(self, channel: Channel) -> KeepMask:
        """Shape (n_offers,): the channel may carry it."""
        return np.asarray((self.channel_mask >> CHANNELS.index(channel)) & 1, dtype=np.bool_)


def plain_columns(n_offers: int) -> dict[str, NDArray[Any]]:
    """
    The columns of offers that have no bounds, groups, ladders or triggers: what is left out of a definition means.

    Example:
        >>> plain_columns(2)["total_limit"].tolist()
        [-1, -1]
    """
    return {
        "scope_empty": np.zeros(n_offers, dtype=np.bool_),
        "max_discount_minor": np.full(n_offers, UNLIMITED_MINOR, dtype=np.int64),
        "total_limit": np.full(n_offers, UNLIMITED, dtype=np.int64),
        "channel_mask": np.full(n_offers, ALL_CHANNELS, dtype=np.uint8),
        "stacking": np.zeros(n_offers, dtype=np.int8),
        "stacking_group": np.full(n_offers, NO_GROUP, dtype=np.int16),
        "stacking_priority": np.zeros(n_offers, dtype=np.int16),
        "base": np.zeros(n_offers, dtype=np.int8),
        "points_cost": np.zeros(n_offers, dtype=np.int64),
        "ladder": np.full(n_offers, NO_GROUP, dtype=np.int16),
        "trigger": np.zeros(n_offers, dtype=np.int8),
        "trigger_days": np.zeros(n_offers, dtype=np.int16),
    }


def smallest_basket_depth(offers: OfferDefinitions) -> NDArray[np.float64]:
    """
    The depth of offers: the discount over the smallest basket that qualifies, the deepest that each can be.

    Returns:
        Shape (n_offers,), a share. NaN of amounts without a threshold, whose depth depends on the member's basket; 0 of
        kinds that give no money.

    Example:
        A tenth off from 50.00 on, at most 4.00.

        >>> plain = plain_columns(1) | {"max_discount_minor": np.array([400])}
        >>> none, shares = np.zeros(1, dtype=np.int64), np.zeros(1, dtype=np.int32)
        >>> tenth = OfferDefinitions(
        ...     Vocabulary.of(["tenth"]), np.array([b""]), np.array([1], dtype=np.int8), none, shares + 1_000, shares,
        ...     none + 5_000, shares, shares, none, none, np.array([1], dtype=np.uint16), none, shares, none,
        ...     Ragged.of([[]]), **plain,
        ... )
        >>> smallest_basket_depth(tenth).tolist()
        [0.08]
    """
    amount = offers.amount_minor.astype(np.float64)
    threshold = offers.min_spend_minor.astype(np.float64)
    bounded = (offers.max_discount_minor != UNLIMITED_MINOR) & (threshold > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        of_threshold = np.where(threshold > 0, amount / threshold, np.where(amount > 0, np.nan, 0.0))
        of_quantity = offers.get_quantity / (offers.buy_quantity + offers.get_quantity)
        most = np.where(bounded, offers.max_discount_minor / threshold, np.inf)
    is_percent, is_bundle = (
        offers.kind == OFFER_KINDS.index(kind) for kind in (OfferKind.PERCENT_OFF, OfferKind.BUY_X_GET_Y)
    )
    depth = np.where(is_percent, offers.percent_bp / _BASIS_POINTS, of_threshold)
    return np.minimum(np.where(is_bundle, np.nan_to_num(of_quantity), depth), most)
