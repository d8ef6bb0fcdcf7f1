"""When periods are on: examples that people would check by hand, in zones whose clocks jump."""

import pytest

from recsys.policy.calendar.times import Stretch, intervals, is_on, next_change, stretch
from recsys.policy.file.calendar import Period
from tests.recsys.policy.calendar.periods import at, period, shown

LONDON, SHANGHAI, SAO_PAULO, APIA = "Europe/London", "Asia/Shanghai", "America/Sao_Paulo", "Pacific/Apia"
DOUBLE_ELEVEN = period({"every": "year", "from": "11-10", "until": "11-12"})
MEMBER_DAY = period({"every": "month", "on": 8})


def times(one: Period, start: str, end: str, zone: str = "UTC") -> list[tuple[str | None, str | None]]:
    found = intervals(one, at(start, zone), at(end, zone), zone=zone)
    return [(shown(low, zone), shown(high, zone)) for low, high in found]


def test_a_period_of_every_year_is_on_from_its_first_midnight_until_the_last() -> None:
    start, end = at("2026-11-10", SHANGHAI), at("2026-11-12", SHANGHAI)
    on = [is_on(DOUBLE_ELEVEN, now, zone=SHANGHAI) for now in (start - 1, start, end - 1, end)]
    assert on == [False, True, True, False]
    assert next_change(DOUBLE_ELEVEN, start, zone=SHANGHAI) == end
    assert next_change(DOUBLE_ELEVEN, end, zone=SHANGHAI) == at("2027-11-10", SHANGHAI)


def test_midnight_is_that_of_the_zone() -> None:
    eleven = at("2026-11-09 16:30")
    assert is_on(DOUBLE_ELEVEN, eleven, zone=SHANGHAI)
    assert not is_on(DOUBLE_ELEVEN, eleven, zone=LONDON)


def test_a_season_may_run_over_the_new_year() -> None:
    winter = period({"every": "year", "from": "12-20", "until": "01-06"})
    assert times(winter, "2026-01-01", "2027-01-01") == [
        ("2026-01-01 00:00", "2026-01-06 00:00"), ("2026-12-20 00:00", "2027-01-01 00:00"),
    ]  # fmt: skip
    assert shown(next_change(winter, at("2026-12-31 23:59"), zone="UTC")) == "2027-01-06 00:00"


def test_the_leap_day_alone_comes_in_leap_years_only() -> None:
    leap_day = period({"every": "year", "from": "02-29", "until": "03-01"})
    assert times(leap_day, "2024-01-01", "2029-01-01") == [
        ("2024-02-29 00:00", "2024-03-01 00:00"), ("2028-02-29 00:00", "2028-03-01 00:00"),
    ]  # fmt: skip
    assert shown(next_change(leap_day, at("2096-03-01"), zone="UTC")) == "2104-02-29 00:00"


def test_an_end_on_the_leap_day_is_the_first_of_march_in_other_years() -> None:
    last_of_february = period({"every": "year", "from": "02-28", "until": "02-29"})
    assert times(last_of_february, "2027-01-01", "2029-01-01") == [
        ("2027-02-28 00:00", "2027-03-01 00:00"), ("2028-02-28 00:00", "2028-02-29 00:00"),
    ]  # fmt: skip


def test_all_but_the_leap_day_is_one_stretch_of_years() -> None:
    rest = period({"every": "year", "from": "03-01", "until": "02-29"})
    assert times(rest, "2024-01-01", "2029-01-01") == [
        ("2024-01-01 00:00", "2024-02-29 00:00"), ("2024-03-01 00:00", "2028-02-29 00:00"),
        ("2028-03-01 00:00", "2029-01-01 00:00"),
    ]  # fmt: skip


def test_a_month_without_the_day_is_skipped() -> None:
    on_31 = period({"every": "month", "on": 31})
    assert [low for low, _ in times(on_31, "2026-03-01", "2026-08-01")] == [
        "2026-03-31 00:00", "2026-05-31 00:00", "2026-07-31 00:00",
    ]  # fmt: skip


def test_the_last_day_is_that_of_each_month_and_never_comes_twice() -> None:
    last = period({"every": "month", "on": ["last", 31, 28]})
    assert times(last, "2027-01-15", "2027-03-15") == [
        ("2027-01-28 00:00", "2027-01-29 00:00"), ("2027-01-31 00:00", "2027-02-01 00:00"),
        ("2027-02-28 00:00", "2027-03-01 00:00"),
    ]  # fmt: skip


def test_days_that_follow_each_other_are_one_stretch() -> None:
    weekend = period({"every": "week", "on": ["sun", "sat"]})
    friday = at("2026-11-20 12:00", LONDON)
    assert shown(next_change(weekend, friday, zone=LONDON), LONDON) == "2026-11-21 00:00"
    assert shown(next_change(weekend, friday + 86_400, zone=LONDON), LONDON) == "2026-11-23 00:00"


def test_hours_after_midnight_belong_to_the_day_on_which_they_began() -> None:
    late = period({"every": "week", "on": "fri", "hours": {"from": "22:00", "until": "02:00"}})
    assert times(late, "2026-11-16", "2026-11-30") == [
        ("2026-11-20 22:00", "2026-11-21 02:00"), ("2026-11-27 22:00", "2026-11-28 02:00"),
    ]  # fmt: skip


def test_an_end_at_midnight_is_the_end_of_the_day() -> None:
    evenings = period({"every": "month", "on": [30, 1], "hours": {"from": "18:00", "until": "00:00"}})
    assert times(evenings, "2026-11-28", "2026-12-05") == [
        ("2026-11-30 18:00", "2026-12-01 00:00"), ("2026-12-01 18:00", "2026-12-02 00:00"),
    ]  # fmt: skip


def test_hours_of_dates_never_go_beyond_the_dates() -> None:
    nights = {
        "from": "2026-11-20T01:00:00Z", "until": "2026-11-22T23:00:00Z", "hours": {"from": "22:00", "until": "02:00"},
    }  # fmt: skip
    assert times(period(nights), "2026-11-01", "2026-12-01") == [
        ("2026-11-20 22:00", "2026-11-21 02:00"), ("2026-11-21 22:00", "2026-11-22 02:00"),
        ("2026-11-22 22:00", "2026-11-22 23:00"),
    ]  # fmt: skip


def test_dates_alone_are_on_throughout() -> None:
    black_friday = period({"from": "2026-11-27", "until": "2026-12-01"})
    assert times(black_friday, "2026-11-01", "2027-11-01") == [("2026-11-27 00:00", "2026-12-01 00:00")]
    assert next_change(black_friday, at("2026-12-01"), zone="UTC") is None


def test_a_recurrence_stays_within_its_bounds() -> None:
    bounded = period({"every": "month", "on": [8, 9]}, **{"from": "2026-02-09T06:00:00Z", "until": "2026-04-08"})
    assert times(bounded, "2026-01-01", "2026-12-01") == [
        ("2026-02-09 06:00", "2026-02-10 00:00"), ("2026-03-08 00:00", "2026-03-10 00:00"),
    ]  # fmt: skip
    assert next_change(bounded, at("2026-03-10"), zone="UTC") is None
    assert shown(next_change(bounded, at("1999-03-10"), zone="UTC")) == "2026-02-09 06:00"


@pytest.mark.parametrize(
    "when",
    [
        {"birthday": {"before_days": 3}},
        {"every": "week", "on": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]},
        {"every": "month", "on": [*range(1, 31), "last"]},
    ],
    ids=["birthday", "every day of the week", "every day of the month"],
)
def test_what_never_pauses_changes_at_its_bounds_only(when: dict[str, object]) -> None:
    kind = "birthday" if "birthday" in when else "sale"
    always = period(when, kind=kind)
    assert is_on(always, at("2026-02-28"), zone=LONDON)
    assert next_change(always, at("2026-02-28"), zone=LONDON) is None
    bounded = period(when, kind=kind, **{"from": "2026-01-01", "until": "2090-01-01"})
    assert next_change(bounded, at("2025-01-01"), zone=LONDON) == at("2026-01-01")
    assert next_change(bounded, at("2026-01-01"), zone=LONDON) == at("2090-01-01")
    assert next_change(bounded, at("2090-01-01"), zone=LONDON) is None


def test_a_day_whose_midnight_is_skipped_begins_with_its_first_instant() -> None:
    # 4 November 2018 began at 01:00 in Sao Paulo.
    sunday = period({"every": "week", "on": "sun"})
    saturday = at("2018-11-03 12:00", SAO_PAULO)
    assert shown(next_change(sunday, saturday, zone=SAO_PAULO), SAO_PAULO) == "2018-11-04 01:00"
    assert next_change(sunday, saturday, zone=SAO_PAULO) == at("2018-11-04 03:00")


def test_hours_that_clocks_skip_begin_as_they_are_skipped() -> None:
    early = period({"every": "week", "on": "sun", "hours": {"from": "01:30", "until": "04:00"}})
    assert times(early, "2026-03-28", "2026-03-30", LONDON) == [("2026-03-29 02:00", "2026-03-29 04:00")]


def test_hours_that_are_skipped_altogether_do_not_come() -> None:
    skipped = period({"every": "week", "on": "sun", "hours": {"from": "01:10", "until": "01:50"}})
    assert times(skipped, "2026-03-28", "2026-03-30", LONDON) == []


def test_hours_do_not_come_again_where_clocks_go_back() -> None:
    # In London 01:00 to 02:00 came twice on 25 October 2026.
    early = period({"every": "week", "on": "sun", "hours": {"from": "00:30", "until": "01:30"}})
    end = at("2026-10-25 01:30", LONDON)
    assert intervals(early, end - 7_200, end + 7_200, zone=LONDON) == [(end - 3_600, end)]


def test_a_day_that_a_zone_left_out_does_not_come() -> None:
    lost = period({"every": "month", "on": 30})
    found = times(lost, "2011-11-15", "2012-02-15", APIA)
    assert found == [("2011-11-30 00:00", "2011-12-01 00:00"), ("2012-01-30 00:00", "2012-01-31 00:00")]


def test_a_stretch_is_what_is_on_until_the_first_change_of_any() -> None:
    calendar = [
        period({"birthday": {}}, kind="birthday", id="treat"),
        period({"every": "month", "on": 8}, id="day"),
        period({"from": "2026-12-07", "until": "2026-12-10"}, id="sale"),
    ]
    assert stretch(calendar, at("2026-12-07"), zone="UTC") == Stretch(("treat", "sale"), at("2026-12-08"))
    assert stretch(calendar, at("2026-12-08"), zone="UTC") == Stretch(("treat", "day", "sale"), at("2026-12-09"))
    assert stretch(calendar[:1], at("2026-12-08"), zone="UTC") == Stretch(("treat",), None)
    assert stretch([], 0, zone="UTC") == Stretch((), None)


@pytest.mark.parametrize("now", [-(10**15), 10**15], ids=["long before", "long after"])
def test_instants_beyond_all_calendars_are_no_error(now: int) -> None:
    assert not is_on(MEMBER_DAY, now, zone=APIA)
    far = period({"every": "month", "on": 8}, **{"from": "9999-12-31T23:59:59Z"})
    assert next_change(far, at("2026-01-01"), zone=APIA) is None
