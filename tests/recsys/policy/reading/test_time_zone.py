"""Dates of a policy are of its time zone; what they are in the canonical form is absolute."""

from datetime import UTC, datetime

import pytest

from recsys.errors import PolicyError
from recsys.policy.file.schema import Policy
from recsys.policy.reading.load import parse_policy

TEXT = """\
name: small
currency: GBP
time_zone: {zone}
tiers: [ordinary]
placements:
  home: {{channel: web, capacity: 4, types: [product]}}
default_placement: home
rules:
  - {{id: a, owner: me, effect: exclude, {dates}}}
"""


def policy(dates: str, zone: str = "Europe/London") -> Policy:
    return parse_policy(TEXT.format(zone=zone, dates=dates), source="p.yaml")


def instant(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2026-07-01", "2026-06-30T23:00"),
        ('"2026-07-01"', "2026-06-30T23:00"),
        ("2026-07-01 09:30:00", "2026-07-01T08:30"),
        ('"2026-07-01T09:30"', "2026-07-01T08:30"),
        ("2026-07-01T09:30:00Z", "2026-07-01T09:30"),
        ("2026-07-01T09:30:00+02:00", "2026-07-01T07:30"),
        ("2026-01-01", "2026-01-01T00:00"),
    ],
    ids=["day", "quoted_day", "time", "quoted_time", "utc", "offset", "winter"],
)
def test_a_date_without_an_offset_is_of_the_zone_of_the_file(written: str, expected: str) -> None:
    assert policy(f"from: {written}").rules[0].from_at == instant(expected)


def test_without_a_zone_dates_are_utc() -> None:
    text = TEXT.format(zone="UTC", dates="from: 2026-07-01")
    assert parse_policy(text.replace("time_zone: UTC\n", "")).policy_id == parse_policy(text).policy_id
    assert parse_policy(text).rules[0].from_at == instant("2026-07-01T00:00")


def test_the_canonical_form_is_absolute_and_means_the_same_again() -> None:
    found = policy("from: 2026-07-01, until: 2026-12-01")
    content = found.model_dump(mode="json", by_alias=True)
    assert content["rules"][0]["from"] == "2026-06-30T23:00:00+00:00"
    assert Policy.model_validate(content) == found
    assert Policy.model_validate(content).policy_id == found.policy_id


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("2026-03-29 01:30:00", "does not exist in Europe/London: clocks skip it"),
        ("2026-10-25 01:30:00", "comes twice in Europe/London: clocks go back"),
        ("9999-12-31T23:59:59-14:00", "is beyond the calendar"),
    ],
    ids=["skipped", "twice", "beyond"],
)
def test_a_time_that_is_no_one_instant_is_refused_where_it_stands(written: str, words: str) -> None:
    with pytest.raises(PolicyError, match=words) as caught:
        policy(f"from: {written}")
    (problem,) = caught.value.problems
    assert (str(problem.place), problem.path) == ("p.yaml:9:47", ("rules", 0, "from"))


def test_an_unknown_zone_is_refused_with_what_was_meant_beside_other_problems() -> None:
    with pytest.raises(PolicyError) as caught:
        policy("form: 1", zone="Europe/Lodnon")
    first, second = caught.value.problems
    assert (first.code, str(first.place), second.code) == ("unknown_time_zone", "p.yaml:3:12", "unknown_key")
    assert "did you mean Europe/London" in first.hint


def test_a_zone_that_is_no_text_is_refused_by_the_schema() -> None:
    with pytest.raises(PolicyError, match=r"p.yaml:3:12: error wrong_type: time_zone: 7 is not allowed"):
        policy("from: 2026-07-01", zone="7")
