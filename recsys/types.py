"""The closed sets, ids and array shapes that every room speaks."""

from enum import IntFlag, StrEnum
from typing import NewType

import numpy as np
from numpy.typing import NDArray

MemberId = NewType("MemberId", str)
ProductId = NewType("ProductId", str)
OfferId = NewType("OfferId", str)

EpochSeconds = int
"""Whole seconds since 1970-01-01T00:00:00Z. Every instant that enters the engine has this unit."""

Rows = NDArray[np.int32]
"""Positions in a vocabulary, any shape; UNKNOWN_ROW where there is none."""

Scores = NDArray[np.float32]
"""Higher is better, comparable within one row only; NaN where nothing can be said."""

KeepMask = NDArray[np.bool_]
"""True where the thing stays."""

MoneyMinor = NDArray[np.int64]
"""Whole minor units of the workspace's currency (pence, cents)."""

Instants = NDArray[np.int64]
"""Epoch seconds."""

UNKNOWN_ROW = -1
"""The row of what the bundle has never seen."""

NO_OFFER = OfferId("no_offer")
"""The arm that shows nothing and costs nothing; its value is zero by definition."""

SECONDS_PER_DAY = 86_400


class ItemKind(StrEnum):
    """What a slate position holds."""

    PRODUCT = "product"
    OFFER = "offer"


class OfferKind(StrEnum):
    """What an offer gives (DESIGN 2). The order is the code stored in bundles; append only."""

    AMOUNT_OFF = "amount_off"
    PERCENT_OFF = "percent_off"
    FREE_SHIPPING = "free_shipping"
    BUY_X_GET_Y = "buy_x_get_y"
    POINTS_MULTIPLIER = "points_multiplier"
    POINTS_REDEMPTION = "points_redemption"
    GIFT = "gift"
    NUDGE = "nudge"


class Stage(StrEnum):
    """Where a member stands in the programme's life. The order is the code stored in bundles; append only."""

    POTENTIAL = "potential"
    NEW = "new"
    ACTIVE = "active"
    DORMANT = "dormant"
    CHURNED = "churned"


class Channel(StrEnum):
    """How a treatment reaches a member. Every channel but the web needs the member's consent."""

    WEB = "web"
    EMAIL = "email"
    PUSH = "push"
    SMS = "sms"


class Consent(IntFlag):
    """What a member has agreed to, as bits."""

    NONE = 0
    PERSONALISATION = 1
    EMAIL = 2
    PUSH = 4
    SMS = 8


class AnswerKind(StrEnum):
    """How personal an answer is (law 10); related is found by the products asked about, whoever asks."""

    PERSONALISED = "personalised"
    RELATED = "related"
    SEGMENT = "segment"
    POPULAR = "popular"
    FALLBACK = "fallback"


class Relation(StrEnum):
    """What products may be asked for about other products: in their place, with them, or with a whole basket."""

    SIMILAR = "similar"
    TOGETHER = "together"
    COMPLETE = "complete"


class EventKind(StrEnum):
    """What a member did or saw."""

    VIEW = "view"
    CART = "cart"
    PURCHASE = "purchase"
    CLICK = "click"
    EXPOSURE = "exposure"
    REDEMPTION = "redemption"


class ResponseClass(StrEnum):
    """
    Who a member is to an offer (the four quadrants of Radcliffe and Surry 1999). The order is the code; append only.

    Persuadable: the offer surely adds to the probability of an order. Sleeping dog: it surely takes from it. Of the
    others, a sure thing orders without it more likely than not, and a lost cause does not.
    """

    PERSUADABLE = "persuadable"
    SURE_THING = "sure_thing"
    LOST_CAUSE = "lost_cause"
    SLEEPING_DOG = "sleeping_dog"


OFFER_KINDS: tuple[OfferKind, ...] = tuple(OfferKind)
STAGES: tuple[Stage, ...] = tuple(Stage)
CHANNEL_CONSENT: dict[Channel, Consent] = {
    Channel.WEB: Consent.NONE,
    Channel.EMAIL: Consent.EMAIL,
    Channel.PUSH: Consent.PUSH,
    Channel.SMS: Consent.SMS,
}
