"""The instants of days and of times on a wall clock, where clocks jump and where they do not."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.errors import InputError
from recsys.loyalty.calendar import ProgrammeCalendar
from recsys.time_zones import day_start, instant_of, read_zone

LONDON = ZoneInfo("Europe/London")
JUMPING = ("Europe/London", "America/Sao_Paulo", "Pacific/Apia", "Asia/Beirut", "Africa/Cairo", "America/St_Johns")


def wall(text: str) -> datetime:
    return datetime.fromisoformat(text)


def utc(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def test_a_day_begins_at_midnight_of_its_zone() -> None:
    assert day_start(date(2026, 7, 1), LONDON) == utc("2026-06-30T23:00:00")
    assert day_start(date(2026, 1, 1), LONDON) == utc("2026-01-01T00:00:00")


def test_a_day_whose_midnight_is_skipped_begins_when_clocks_skip_it() -> None:
    assert day_start(date(2018, 11, 4), ZoneInfo("America/Sao_Paulo")) == utc("2018-11-04T03:00:00")


def test_a_day_that_a_zone_left_out_begins_when_the_next_one_does() -> None:
    apia = ZoneInfo("Pacific/Apia")
    assert day_start(date(2011, 12, 30), apia) == day_start(date(2011, 12, 31), apia) == utc("2011-12-30T10:00:00")


@given(st.sampled_from(JUMPING), st.dates(date(1901, 1, 1), date(2198, 12, 31)))
def test_days_begin_as_in_the_calendar_of_programmes(name: str, day: date) -> None:
    number = int(np.datetime64(day).astype(int))
    assert day_start(day, ZoneInfo(name)) == ProgrammeCalendar(name).start_of(number)


@given(st.sampled_from(JUMPING), st.datetimes(datetime(1950, 1, 1), datetime(2100, 1, 1)))  # noqa: DTZ001 - what clocks show
def test_a_time_is_an_instant_at_which_clocks_show_it_or_is_refused(name: str, shown: datetime) -> None:
    zone, shown = ZoneInfo(name), shown.replace(microsecond=0)
    n_instants = sum(
        datetime.fromtimestamp(one, zone).replace(tzinfo=None, fold=0) == shown
        for one in {
            int((shown.replace(tzinfo=UTC) - offset).timestamp())
            for offset in {shown.replace(tzinfo=zone, fold=fold).utcoffset() for fold in (0, 1)}
            if offset is not None
        }
    )
    try:
        instant = instant_of(shown, zone)
    except ValueError:
        instant = None
    assert (instant is None) == (n_instants != 1)
    if instant is not None:
        assert datetime.fromtimestamp(instant, zone).replace(tzinfo=None) == shown


def test_a_time_that_clocks_skip_is_refused() -> None:
    with pytest.raises(ValueError, match=r"2026-03-29T01:30:00 does not exist in Europe/London: clocks skip it; write"):
        instant_of(wall("2026-03-29T01:30:00"), LONDON)
    assert instant_of(wall("2026-03-29T02:00:00"), LONDON) == utc("2026-03-29T01:00:00")


def test_a_time_that_comes_twice_is_refused_with_both_ways_to_write_it() -> None:
    with pytest.raises(ValueError, match=r"comes twice .* write 2026-10-25T01:30:00\+01:00 or 2026-10-25T01:30:00\+00"):
        instant_of(wall("2026-10-25T01:30:00"), LONDON)


@pytest.mark.parametrize(("shown", "zone"), [("0001-01-01T00:00", "Asia/Tokyo"), ("9999-12-31T23:59", "America/Lima")])
def test_a_time_beyond_the_calendar_is_refused(shown: str, zone: str) -> None:
    with pytest.raises(ValueError, match="is beyond the calendar; write a year from 2 to 9998"):
        instant_of(wall(shown), ZoneInfo(zone))


@pytest.mark.parametrize(
    ("name", "meant"),
    [("Europe/Lodnon", "Europe/London"), ("london", "Europe/London"), ("Hong Kong", "Asia/Hong_Kong")],
    ids=["typo", "city", "spaces"],
)
def test_an_unknown_zone_is_refused_with_what_was_meant(name: str, meant: str) -> None:
    with pytest.raises(InputError, match=rf"is no time zone; .*did you mean .*{meant}"):
        read_zone(name)


@pytest.mark.parametrize("name", ["", "Europe", "../etc/passwd", "/etc/localtime", "a\0b", "x" * 10_000])
def test_what_is_no_name_of_a_zone_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="is no time zone"):
        read_zone(name)


@pytest.mark.parametrize("name", ["localtime", "posixrules", "Factory", "right/Europe/London", "posix/Europe/London"])
def test_a_zone_that_is_another_on_another_machine_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="is no time zone; write a name of the IANA data base"):
        read_zone(name)
