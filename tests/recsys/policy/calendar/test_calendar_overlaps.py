"""Where two periods of one kind would be on at once."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys.policy.calendar.overlaps import overlapping, overlaps
from recsys.policy.calendar.times import is_on, next_change
from recsys.policy.file.calendar import Period
from tests.recsys.policy.calendar.periods import at, period, shown

START = at("2026-11-22")
FRIDAYS = {"every": "week", "on": "fri"}
EIGHTH = {"every": "month", "on": 8}


def first(a: Period, b: Period, zone: str = "UTC") -> str | None:
    both = {overlaps(a, b, start=START, zone=zone), overlaps(b, a, start=START, zone=zone)}
    assert len(both) == 1
    return shown(both.pop(), zone)


def test_recurring_days_meet_on_the_first_that_is_both() -> None:
    # The first Friday that is an eighth after 22 November 2026.
    assert first(period(FRIDAYS), period(EIGHTH, id="q")) == "2027-01-08 00:00"


def test_hours_that_do_not_meet_are_no_overlap() -> None:
    morning = period({**FRIDAYS, "hours": {"from": "08:00", "until": "12:00"}})
    assert first(morning, period({**FRIDAYS, "hours": {"from": "12:00", "until": "20:00"}}, id="q")) is None
    noon = period({**FRIDAYS, "hours": {"from": "11:59", "until": "20:00"}}, id="q")
    assert first(morning, noon, "Asia/Shanghai") == "2026-11-27 11:59"


@pytest.mark.parametrize(
    ("one", "other", "at_once"),
    [
        ({"channels": ["web"]}, {"channels": ["email", "push"]}, False),
        ({"channels": ["web"]}, {"channels": ["email", "web"]}, True),
        ({"channels": ["web"]}, {}, True),
        ({"stores": ["s1"]}, {"stores": ["s2"]}, False),
        ({"stores": ["s1"]}, {"stores": ["s2", "s1"]}, True),
        ({"stores": ["s1"], "channels": ["web"]}, {"stores": ["s1"], "channels": ["sms"]}, False),
        ({"kind": "season"}, {}, False),
        ({"until": "2026-11-27"}, {}, False),
        ({"until": "2026-11-27T00:00:01Z"}, {}, True),
    ],
)
def test_periods_overlap_for_the_same_channel_and_store_and_of_one_kind(
    one: dict[str, Any], other: dict[str, Any], at_once: bool
) -> None:
    found = first(period(FRIDAYS, **one), period(FRIDAYS, id="q", **other))
    assert found == ("2026-11-27 00:00" if at_once else None)


def test_birthday_periods_share_the_birthday() -> None:
    before = period({"birthday": {"before_days": 3}}, kind="birthday")
    after = period({"birthday": {"after_days": 3}}, kind="birthday", id="q")
    assert first(before, after) == "2026-11-22 00:00"


def test_what_is_over_or_more_than_two_years_ahead_is_not_looked_at() -> None:
    past, far = ({"from": f"{year}-01-01", "until": f"{year}-02-01"} for year in (2025, 2030))
    assert first(period(past), period(past, id="q")) is None
    assert first(period(far), period(far, id="q")) is None


def test_every_pair_that_overlaps_is_told_in_the_order_of_the_file() -> None:
    calendar = [
        period(FRIDAYS, id="a"),
        period(EIGHTH, id="b", kind="holiday"),
        period({"every": "week", "on": ["sat", "fri"]}, id="c"),
        period({"from": "2026-11-28", "until": "2026-11-29"}, id="d"),
    ]
    found = [(one.first.id, one.second.id, shown(one.at)) for one in overlapping(calendar, start=START, zone="UTC")]
    assert found == [("a", "c", "2026-11-27 00:00"), ("c", "d", "2026-11-28 00:00")]


DAYS = st.one_of(
    st.lists(st.sampled_from(["mon", "thu", "sun"]), min_size=1, max_size=2, unique=True).map(
        lambda on: {"every": "week", "on": on, "hours": {"from": "20:00", "until": "03:00"}}
    ),
    st.lists(st.integers(26, 31), min_size=1, max_size=2, unique=True).map(lambda on: {"every": "month", "on": on}),
    st.sampled_from(
        [{"every": "year", "from": "12-30", "until": "01-02"}, {"from": "2027-02-27", "until": "2027-03-02"}]
    ),
)


@settings(max_examples=50, deadline=None)
@given(one=DAYS, other=DAYS)
def test_the_overlap_is_the_first_instant_at_which_both_are_on(one: dict[str, Any], other: dict[str, Any]) -> None:
    a, b, zone = period(one), period(other, id="q"), "Europe/London"
    now: int | None = START
    end = START + 2 * 366 * 86_400
    while now is not None and now < end and not (is_on(a, now, zone=zone) and is_on(b, now, zone=zone)):
        now = min((change for change in (next_change(x, now, zone=zone) for x in (a, b)) if change), default=None)
    expected = None if now is None or now >= end else now
    assert overlaps(a, b, start=START, zone=zone) == expected
