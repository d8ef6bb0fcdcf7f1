"""Facts of a few members, written down order by order, for tests of feature groups."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.profile.blocks import (
    POINTS_KINDS,
    GrantFacts,
    PointsFacts,
    ProductFacts,
    RedemptionFacts,
    ReturnFacts,
    VisitFacts,
)
from features.profile.config import ProfileConfig
from features.profile.facts import MemberFacts, order_facts
from features.profile.group import Rules
from features.purchases import Purchases, PurchaseTerms
from recsys.loyalty.calendar import ProgrammeCalendar

DAY = 86_400
START = 19_723 * DAY  # 2024-01-01
TIERS = ("basic", "gold")
CATEGORIES, BRANDS = ("bakery", "dairy", "drinks"), ("alpha", "beta")
CATEGORY = (1, 0, 2, -1)  # of products 0 to 3: milk, bread, tea, sofa
BRAND = (0, 1, 1, -1)
COST = (60, -1, 150, 9_000)
CHANNELS, STORES = ("store", "web"), ("east", "north", "west")


@dataclass(frozen=True)
class Line:
    """One order line: day is counted from START, offer, channel and store are rows."""

    member: int
    day: float
    product: int
    paid: int
    quantity: int = 1
    discount: int = 0
    offer: int = -1
    channel: int = 0
    store: int = 1
    order: int | None = None


def small_facts(
    lines: Sequence[Line],
    *,
    n_members: int,
    as_of_day: float = 100,
    segment: Sequence[int] | None = None,
    joined_day: Sequence[float] | None = None,
    birthdays: Sequence[tuple[int, int]] | None = None,
    referred: Sequence[int] = (),
    redemptions: Sequence[tuple[int, float, int]] = (),
    amounts: Sequence[int] | None = None,
    visits: Sequence[tuple[int, float]] = (),
    returns: Sequence[tuple[int, float, int, float, int]] = (),
    points: Sequence[tuple[int, float, str, int]] = (),
    timezone: str = "UTC",
) -> MemberFacts:
    """
    The facts of members 0 to n - 1.

    Args:
        lines: In any order; lines without an order number, of one member and instant, are one order.
        n_members: Members.
        as_of_day: Days after START; no line may be later.
        segment: Of each member; 0 where absent.
        joined_day: Of each member, days after START; START where absent.
        birthdays: Month and day of each member; unknown where absent.
        referred: Members whom others brought.
        redemptions: Member, day, kind; in that order.
        amounts: The discount of each redemption; nothing where absent.
        visits: Member and day.
        returns: Member, day, product, day of the purchase, refund.
        points: Member, day, kind and points of recorded entries.
        timezone: Of local days.
    """
    assert all(line.day < as_of_day for line in lines), "a fact is not before as_of_day"
    ordered = sorted(lines, key=lambda line: (line.member, line.day, line.order or 0, line.product))
    keys = [(line.member, line.order if line.order is not None else ("at", line.day)) for line in ordered]
    numbers = {key: number for number, key in enumerate(dict.fromkeys(keys))}
    purchases = Purchases(
        member=_int32([line.member for line in ordered]),
        product=_int32([line.product for line in ordered]),
        at=_instants([line.day for line in ordered]),
        quantity=_int32([line.quantity for line in ordered]),
        paid_minor=np.array([line.paid for line in ordered], dtype=np.int64),
        order=_int32([numbers[key] for key in keys]),
    )
    terms = PurchaseTerms(
        discount_minor=np.array([line.discount for line in ordered], dtype=np.int64),
        offer=_int32([line.offer for line in ordered]),
        channel=_int32([line.channel for line in ordered]),
        store=_int32([line.store for line in ordered]),
        channel_names=CHANNELS,
        store_names=STORES,
    )
    calendar = ProgrammeCalendar(timezone)
    redeemed = sorted(redemptions)
    redemption_facts = RedemptionFacts(
        _int32([member for member, _, _ in redeemed]),
        _instants([day for _, day, _ in redeemed]),
        np.array([kind for _, _, kind in redeemed], dtype=np.int8),
        np.array(amounts if amounts is not None else [0] * len(redeemed), dtype=np.int64),
    )
    born = birthdays or [(0, 0)] * n_members
    as_of = int(START + as_of_day * DAY)
    none32, none64 = np.empty(0, dtype=np.int32), np.empty(0, dtype=np.int64)
    return MemberFacts(
        as_of=as_of,
        as_of_day=int(calendar.local_days(np.array([as_of]))[0]),
        calendar=calendar,
        n_members=n_members,
        joined_at=_instants(joined_day or [0] * n_members),
        joined_known=np.ones(n_members, dtype=np.bool_),
        enrolled_at=_instants(joined_day or [0] * n_members),
        birth_month=np.array([month for month, _ in born], dtype=np.int8),
        birth_day=np.array([day for _, day in born], dtype=np.int8),
        referred=np.isin(np.arange(n_members), referred),
        segment=_int32(segment or [0] * n_members),
        n_segments=max(segment or [0]) + 1,
        purchases=purchases,
        terms=terms,
        orders=order_facts(purchases, terms, redemption_facts, calendar),
        returns=ReturnFacts(
            _int32([member for member, *_ in sorted(returns)]),
            _instants([day for _, day, *_ in sorted(returns)]),
            _int32([product for _, _, product, *_ in sorted(returns)]),
            _instants([bought for *_, bought, _ in sorted(returns)]),
            np.array([refund for *_, refund in sorted(returns)], dtype=np.int64),
        ),
        points=PointsFacts(
            _int32([member for member, *_ in sorted(points)]),
            _instants([day for _, day, *_ in sorted(points)]),
            np.array([POINTS_KINDS.index(kind) for _, _, kind, _ in sorted(points)], dtype=np.int8),
            np.array([amount for *_, amount in sorted(points)], dtype=np.int64),
        ),
        grants=GrantFacts(none32, none64, np.empty(0, dtype=np.int8)),
        redemptions=redemption_facts,
        visits=VisitFacts(
            _int32([member for member, _ in sorted(visits)]), _instants([day for _, day in sorted(visits)])
        ),
        products=ProductFacts(_int32(CATEGORY), _int32(BRAND), CATEGORIES, BRANDS, np.array(COST, dtype=np.int64)),
    )


def rules(config: ProfileConfig | None = None) -> Rules:
    """Rules without a programme."""
    return Rules(programme=None, tiers=TIERS, config=config or ProfileConfig())


def _int32(values: Sequence[int]) -> NDArray[np.int32]:
    return np.array(values, dtype=np.int32)


def _instants(days: Sequence[float]) -> NDArray[np.int64]:
    return np.array([int(START + day * DAY) for day in days], dtype=np.int64)
