"""Points of events and of returned parts, to the point, and the exact arithmetic under them."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys.errors import InputError
from recsys.loyalty.claw_backs import ReturnedParts, points_clawed
from recsys.loyalty.earning_events import MemberEvents, event_points
from recsys.loyalty.exact import spread, times_over
from recsys.loyalty.points_rules import PointsRules
from tests.recsys.loyalty.points_reference import LONDON, instant


def rules(start: str = "2024-01-01", **stated: Any) -> PointsRules:
    return PointsRules.model_validate({"from": start, "earning": {"per_minor": 100, **stated}})


@settings(max_examples=80)
@given(st.data())
def test_returns_of_all_parts_take_back_what_was_earned(data: st.DataObject) -> None:
    amounts = data.draw(st.lists(st.integers(1, 10**12), min_size=1, max_size=4))
    points = [data.draw(st.integers(0, amount)) for amount in amounts]
    line, part, at = [], [], []
    for row, amount in enumerate(amounts):
        cuts = sorted(data.draw(st.lists(st.integers(0, amount), max_size=4)))
        for before, after in zip([0, *cuts], [*cuts, amount], strict=True):
            line.append(row)
            part.append(after - before)
            at.append(data.draw(st.integers(0, 3)))
    order = data.draw(st.permutations(range(len(line))))
    returned = ReturnedParts(*(np.array(column, dtype=np.int64)[list(order)] for column in (line, at, part)))
    clawed = points_clawed(returned, line_points=np.array(points), amount_minor=np.array(amounts))
    assert (clawed >= 0).all()
    for row, whole in enumerate(points):
        assert int(clawed[returned.line == row].sum()) == whole
        mine = np.flatnonzero(returned.line == row)
        first = mine[np.argsort(returned.at[mine], kind="stable")[0]]
        assert int(clawed[first]) == whole * int(returned.amount_minor[first]) // amounts[row]


def test_more_of_a_line_than_was_bought_does_not_come_back() -> None:
    twice = ReturnedParts(np.array([1, 1]), np.array([3, 4]), np.array([300, 201]))
    with pytest.raises(InputError, match="returns of line 1 add up to 501 minor units and it was bought for 500"):
        points_clawed(twice, line_points=np.array([9, 5]), amount_minor=np.array([999, 500]))


def test_events_earn_until_the_caps_of_the_local_day_and_month() -> None:
    sign_in = {"points": 5, "max_per_day": 1, "max_per_month": 2}
    some = rules(events={"sign_in": sign_in, "review": {"points": 20}})
    when = [
        "2024-03-30T23:59:59", "2024-03-30T10:00", "2024-03-31T00:00", "2024-03-31T23:59:59", "2024-04-01T00:00",
        "2024-03-29T12:00", "2024-03-30T10:00",
    ]  # fmt: skip
    events = MemberEvents(
        member=np.array([1, 1, 1, 1, 1, 0, 1], dtype=np.int32),
        at=np.array([instant(text) for text in when]),
        kind=np.array([0, 0, 0, 0, 0, 0, 1], dtype=np.int32),
    )
    points = event_points(events, [some], kinds=["sign_in", "review", "wave"], calendar=LONDON)
    assert points.tolist() == [0, 5, 5, 0, 5, 5, 20]


def test_an_event_beyond_the_day_does_not_use_up_the_month() -> None:
    some = rules(events={"sign_in": {"points": 5, "max_per_day": 1, "max_per_month": 2}})
    when = ["2024-03-01T10:00", "2024-03-01T11:00", "2024-03-02T10:00", "2024-03-03T10:00"]
    events = MemberEvents(
        np.zeros(4, dtype=np.int32), np.array([instant(text) for text in when]), np.zeros(4, dtype=np.int32)
    )
    assert event_points(events, [some], kinds=["sign_in"], calendar=LONDON).tolist() == [5, 0, 5, 0]


@given(
    st.lists(st.tuples(st.integers(0, 10**12), st.integers(0, 10**17), st.integers(0, 10**17)), min_size=1, max_size=5)
)
def test_products_over_something_are_exact_whatever_their_size(rows: list[tuple[int, int, int]]) -> None:
    whole, part, rest = (np.array(column, dtype=np.int64) for column in zip(*rows, strict=True))
    over = np.maximum(part + rest, 1)
    expected = [w * p // max(p + r, 1) for w, p, r in rows]
    assert times_over(whole, part, over).tolist() == expected


@given(
    st.lists(
        st.tuples(st.integers(0, 10**12), st.lists(st.integers(0, 10**15), min_size=1, max_size=4)),
        min_size=1, max_size=4,
    )
)  # fmt: skip
def test_what_is_spread_adds_up_to_the_whole(groups: list[tuple[int, list[int]]]) -> None:
    weight = np.array([one for _, weights in groups for one in weights], dtype=np.int64)
    group = np.repeat(np.arange(len(groups)), [len(weights) for _, weights in groups])
    shares = spread(np.array([whole for whole, _ in groups]), weight, group)
    assert (shares >= 0).all()
    for row, (whole, weights) in enumerate(groups):
        assert int(shares[group == row].sum()) == (whole if sum(weights) else 0)
