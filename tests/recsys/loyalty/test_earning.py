"""What orders earn, to the point, by hand; and that a higher tier never earns less."""

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from recsys.errors import InputError
from recsys.loyalty import earning
from recsys.loyalty.earning import Earned, Orders, points_earned
from recsys.loyalty.points_rules import PointsRules
from recsys.types import Channel
from tests.recsys.loyalty.points_reference import LONDON, instant

TIERS = ("bronze", "silver", "gold")
CATEGORIES = ("food", "toys", "gift_cards")
FOOD, TOYS, CARDS = 0, 1, 2
PUSH = list(Channel).index(Channel.PUSH)
SUMMER = {"name": "summer", "multiplier_bp": 30_000, "from": "2024-06-01", "until": "2024-07-01"}


def rules(start: str = "2024-01-01", **stated: Any) -> PointsRules:
    return PointsRules.model_validate({"from": start, "earning": {"per_minor": 100, **stated}})


def order(
    *lines: tuple[int, int], at: str = "2024-05-05T12:00", tier: int = 0, channel: int = 0, paid: int = 0,
    joined: str = "2024-01-01",
) -> Orders:  # fmt: skip
    """One order of (category, amount) lines."""
    return Orders(
        at=np.array([instant(at)]),
        tier=np.array([tier], dtype=np.int8),
        channel=np.array([channel], dtype=np.int8),
        joined_at=np.array([instant(joined)]),
        points_paid_minor=np.array([paid]),
        order=np.zeros(len(lines), dtype=np.int64),
        category=np.array([category for category, _ in lines], dtype=np.int32),
        amount_minor=np.array([amount for _, amount in lines], dtype=np.int64),
    )


def earn(orders: Orders, *history: PointsRules) -> Earned:
    return points_earned(orders, history, tiers=TIERS, categories=CATEGORIES, calendar=LONDON)


@pytest.mark.parametrize(
    ("basket", "stated", "expected"),
    [
        pytest.param(order((FOOD, 199)), {}, 1, id="rounds down"),
        pytest.param(order((FOOD, 150), (TOYS, 150)), {}, 3, id="the order is rounded as a whole"),
        pytest.param(order((FOOD, 150), (TOYS, 150)), {"rounding": "per_line"}, 2, id="each line by itself"),
        pytest.param(order((FOOD, 250)), {"points": 3}, 7, id="three for every hundred"),
        pytest.param(order((FOOD, 0)), {}, 0, id="nothing for what costs nothing"),
        pytest.param(order((-1, 300)), {"categories": {"food": 20_000}}, 3, id="no category, single points"),
        pytest.param(order((FOOD, 300), (CARDS, 5_000)), {"excluded_categories": ["gift_cards"]}, 3, id="excluded"),
        pytest.param(order((FOOD, 400), joined="2024-05-05T12:00:01"), {}, 0, id="before joining"),
        pytest.param(order((FOOD, 400), joined="2024-05-05T12:00"), {}, 4, id="at the instant of joining"),
        pytest.param(order((FOOD, 400), paid=150), {}, 2, id="what was paid with points earns nothing"),
        pytest.param(order((FOOD, 400), paid=150), {"points_paid_earns": True}, 4, id="unless it does"),
        pytest.param(
            order((FOOD, 300), (CARDS, 100), paid=200), {"excluded_categories": ["gift_cards"]}, 1,
            id="points paid for every line alike",
        ),
        pytest.param(order((FOOD, 199), tier=1), {"tiers": {"silver": 15_000}}, 2, id="silver, rounded at the end"),
        pytest.param(
            order((TOYS, 1_000), tier=2), {"tiers": {"gold": 15_000}, "categories": {"toys": 20_000}}, 20,
            id="the highest multiplier",
        ),
        pytest.param(
            order((TOYS, 1_000), tier=2),
            {"tiers": {"gold": 15_000}, "categories": {"toys": 20_000}, "combine": "product"}, 30,
            id="all multipliers multiplied",
        ),
        pytest.param(
            order((TOYS, 10**12), tier=2),
            {"tiers": {"gold": 10**6}, "categories": {"toys": 10**6}, "combine": "product", "points": 1_000},
            10**12 * 100 * 1_000 // 100, id="bounded by a hundred, no overflow",
        ),
        pytest.param(order((TOYS, 1_000)), {"categories": {"toys": 5_000}, "combine": "product"}, 5, id="half"),
        pytest.param(order((FOOD, 100), at="2024-06-01T00:00"), {"campaigns": [SUMMER]}, 3, id="first second"),
        pytest.param(order((FOOD, 100), at="2024-05-31T23:59:59"), {"campaigns": [SUMMER]}, 1, id="second before"),
        pytest.param(order((FOOD, 100), at="2024-06-30T23:59:59"), {"campaigns": [SUMMER]}, 3, id="last second"),
        pytest.param(order((FOOD, 100), at="2024-07-01T00:00"), {"campaigns": [SUMMER]}, 1, id="second after"),
        pytest.param(
            order((FOOD, 100), (TOYS, 100), at="2024-06-06"), {"campaigns": [SUMMER | {"categories": ["toys"]}]}, 4,
            id="a campaign of a category",
        ),
        pytest.param(
            order((FOOD, 100), at="2024-06-06", tier=1), {"campaigns": [SUMMER | {"tiers": ["gold"]}]}, 1,
            id="a campaign of another tier",
        ),
        pytest.param(
            order((FOOD, 100), at="2024-06-06", channel=PUSH), {"campaigns": [SUMMER | {"channels": ["push"]}]}, 3,
            id="a campaign of the channel",
        ),
        pytest.param(
            order((FOOD, 100), at="2024-06-06", channel=-1), {"campaigns": [SUMMER | {"channels": ["push"]}]}, 1,
            id="no channel, no campaign of one",
        ),
    ],
)  # fmt: skip
def test_an_order_earns(basket: Orders, stated: dict[str, Any], expected: int) -> None:
    earned = earn(basket, rules(**stated))
    assert earned.points.tolist() == [expected]
    assert int(earned.line_points.sum()) == expected


def test_each_order_is_counted_by_the_rules_of_its_day() -> None:
    two = Orders(
        at=np.array([instant("2024-02-29T23:59:59"), instant("2024-03-01T00:00")]),
        tier=np.array([0, 1], dtype=np.int8), channel=np.zeros(2, dtype=np.int8), joined_at=np.zeros(2, dtype=np.int64),
        points_paid_minor=np.array([0, 100]), order=np.array([0, 1, 1]),
        category=np.array([FOOD, FOOD, TOYS], dtype=np.int32), amount_minor=np.array([700, 300, 100]),
    )  # fmt: skip
    earned = earn(two, rules(), rules("2024-03-01", per_minor=10, tiers={"silver": 20_000}))
    assert earned.points.tolist() == [7, 60]
    assert earned.line_points.tolist() == [7, 45, 15]


def test_orders_counted_in_blocks_earn_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    n = 40
    many = Orders(
        at=rng.integers(instant("2024-05-25"), instant("2024-06-05"), n), tier=rng.integers(0, 3, n).astype(np.int8),
        channel=rng.integers(-1, 3, n).astype(np.int8), joined_at=np.full(n, instant("2024-05-27")),
        points_paid_minor=np.zeros(n, dtype=np.int64), order=np.sort(rng.integers(0, n, 90)),
        category=rng.integers(-1, 3, 90).astype(np.int32), amount_minor=rng.integers(0, 900, 90),
    )  # fmt: skip
    some = rules(campaigns=[SUMMER], tiers={"gold": 15_000})
    at_once = earn(many, some)
    monkeypatch.setattr(earning, "_BLOCK_ROWS", 7)
    in_blocks = earn(many, some)
    assert at_once.points.any()
    for name in Earned.__slots__:
        assert getattr(in_blocks, name).tolist() == getattr(at_once, name).tolist()


def test_no_orders_earn_nothing() -> None:
    nothing = order()
    nothing = Orders(*(getattr(nothing, name)[:0] for name in Orders.__slots__))
    assert earn(nothing, rules()).points.tolist() == []


@pytest.mark.parametrize(
    ("basket", "message"),
    [
        pytest.param(order((FOOD, -1)), "the amount of a line is -1; it may be 0 to", id="negative"),
        pytest.param(order((7, 10)), "the category of a line is 7; it may be -1 to 2", id="category"),
        pytest.param(order((FOOD, 10), tier=3), "the tier of an order is 3; it may be 0 to 2", id="tier"),
        pytest.param(order((FOOD, 10), paid=11), "lines of 10 minor units and 11 paid with points", id="paid"),
        pytest.param(replace(order((FOOD, 10)), at=np.array([0])), "before the rules of 2024-01-01", id="no rules"),
    ],
)
def test_an_impossible_order_is_refused(basket: Orders, message: str) -> None:
    with pytest.raises(InputError, match=message):
        earn(basket, rules())


BP = st.sampled_from([10_000, 11_111, 12_500, 20_000, 33_333])


@settings(max_examples=80)
@given(
    lines=st.lists(st.tuples(st.integers(-1, 2), st.integers(0, 5_000)), min_size=1, max_size=5),
    multipliers=st.lists(BP, min_size=3, max_size=3).map(sorted),
    toys=BP,
    campaign=st.sampled_from([None, ["gold"], ["silver", "gold"]]),
    combine=st.sampled_from(["highest", "product"]),
    rounding=st.sampled_from(["per_order", "per_line"]),
    paid=st.integers(0, 100),
)
def test_a_higher_tier_never_earns_fewer_points_on_the_same_basket(
    lines: Any, multipliers: list[int], toys: int, campaign: Any, combine: str, rounding: str, paid: int
) -> None:
    some = rules(
        tiers=dict(zip(TIERS, multipliers, strict=True)), categories={"toys": toys}, combine=combine, rounding=rounding,
        campaigns=[SUMMER | {"tiers": campaign}],
    )  # fmt: skip
    assert some.unfair_to_higher_tiers(TIERS) == []
    share = sum(amount for _, amount in lines) * paid // 100
    points = [
        int(earn(order(*lines, at="2024-06-06", tier=tier, paid=share), some).points[0]) for tier in range(len(TIERS))
    ]
    assert points == sorted(points)


@pytest.mark.parametrize(
    ("stated", "message"),
    [
        pytest.param(
            {"tiers": {"silver": 12_000}}, "'gold' has a multiplier of 10000 .* fewer than the 12000", id="bp"
        ),
        pytest.param({"campaigns": [SUMMER | {"tiers": ["silver"]}]}, "and not for 'gold' above it", id="campaign"),
        pytest.param({"tiers": {"platin": 12_000}}, "'platin' is not on the ladder", id="unknown"),
    ],
)
def test_rules_that_are_unfair_to_higher_tiers_say_where(stated: dict[str, Any], message: str) -> None:
    (problem,) = rules(**stated).unfair_to_higher_tiers(TIERS)
    assert re.search(message, problem)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param({"earning": {"categories": {"toys": 5_000}}}, "write combine: product", id="never the highest"),
        pytest.param({"expiry": {"rolling_months": 3, "inactivity_months": 3}}, "end in 2 ways", id="two ends"),
        pytest.param({"earning": {"campaigns": [SUMMER, SUMMER]}}, "the campaign 'summer' is used twice", id="twice"),
        pytest.param(
            {"earning": {"campaigns": [SUMMER | {"until": "2024-06-01"}]}}, "ends .2024-06-01. before it", id="dates"
        ),
        pytest.param(
            {"earning": {"categories": {"toys": 20_000}, "excluded_categories": ["toys"]}}, "and is excluded", id="both"
        ),
        pytest.param({"redemption": {"points": 0}}, "greater than or equal to 1", id="worthless"),
    ],
)
def test_rules_that_cannot_be_meant_are_refused(content: dict[str, Any], message: str) -> None:
    content = {**content, "earning": {"per_minor": 100, **content.get("earning", {})}}
    with pytest.raises(ValidationError, match=message):
        PointsRules.model_validate({"from": "2024-01-01", **content})
