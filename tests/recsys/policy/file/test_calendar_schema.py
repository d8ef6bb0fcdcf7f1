"""What a file may say of its calendar, and how it is told what is wrong."""

from typing import Any

import pytest
from pydantic import ValidationError

from recsys.policy.file.calendar import AroundBirthday, EveryMonth, EveryWeek, EveryYear, Once, Period
from tests.recsys.policy.calendar.periods import period

RULE = {"id": "r", "owner": "crm", "effect": "exclude"}
LEVER = {"id": "l", "owner": "crm", "factor": 1.2, "until": "2027-01-01"}


def refusal(when: Any, **rest: Any) -> str:
    with pytest.raises(ValidationError) as refused:
        period(when, **rest)
    (problem,) = refused.value.errors(include_url=False)
    return problem["msg"]


@pytest.mark.parametrize(
    ("when", "form"),
    [
        ({"from": "2026-11-27", "until": "2026-12-01"}, Once),
        ({"every": "year", "from": "11-10", "until": "11-12"}, EveryYear),
        ({"every": "year", "from": "02-29", "until": "03-01"}, EveryYear),
        ({"every": "month", "on": 8}, EveryMonth),
        ({"every": "month", "on": [8, 18, 28]}, EveryMonth),
        ({"every": "month", "on": "last"}, EveryMonth),
        ({"every": "week", "on": ["fri"], "hours": {"from": "10:00", "until": "22:00"}}, EveryWeek),
        ({"every": "week", "on": "sun"}, EveryWeek),
    ],
)
def test_each_form_of_when_is_told_by_its_keys_and_comes_back_from_what_it_writes(
    when: dict[str, Any], form: type
) -> None:
    one = period(when)
    assert isinstance(one.when, form)
    assert Period.model_validate(one.model_dump(mode="json", by_alias=True)) == one


def test_a_birthday_period_counts_days_before_and_after() -> None:
    one = period({"birthday": {"before_days": 3, "after_days": 7}}, kind="birthday")
    assert isinstance(one.when, AroundBirthday)
    assert (one.when.birthday.before_days, one.when.birthday.after_days) == (3, 7)
    assert hash(one) == hash(Period.model_validate(one.model_dump(mode="json", by_alias=True)))


@pytest.mark.parametrize(
    ("when", "told"),
    [
        ({"every": "month", "on": []}, "no day is listed, so the period never comes"),
        ({"every": "month", "on": [8, 8]}, "the day '8' is used twice"),
        ({"every": "month", "on": 32}, "32 is no day of the month; write 1 to 31, or last"),
        ({"every": "month", "on": True}, "True is no day of the month"),
        ({"every": "week", "on": "freitag"}, "'mon', 'tue', 'wed', 'thu', 'fri', 'sat' or 'sun'"),
        ({"every": "year", "from": "11-10", "until": "11-10"}, "it starts and ends on 11-10"),
        ({"every": "year", "from": "02-30", "until": "03-01"}, "'02-30' is no day of the year; write month and day"),
        ({"every": "year", "from": "W45-1", "until": "03-01"}, "'W45-1' is no day of the year"),
        ({"every": "year", "from": 1110, "until": "03-01"}, "1110 is no day of the year"),
        ({"from": "2026-11-10", "until": "2026-11-10"}, "it ends as it starts"),
        ({"from": "2026-11-10", "until": "2026-11-09"}, "it ends (2026-11-09T00:00:00+00:00) before it starts"),
        ({"every": "day"}, "write {from: DATE, until: DATE}, {every: year"),
        ("2026-11-10", "write {from: DATE, until: DATE}"),
        ({"every": "week", "on": "fri", "hours": {"from": "10:00", "until": "10:00"}}, "the hours start and end at"),
        ({"every": "week", "on": "fri", "hours": {"from": 600, "until": "22:00"}}, 'write it in quotes: "10:00"'),
    ],
)
def test_a_when_that_says_nothing_sensible_is_refused_with_what_to_write(when: Any, told: str) -> None:
    assert told in refusal(when)


def test_birthday_kind_and_birthday_days_belong_together() -> None:
    assert "write `kind: birthday`" in refusal({"birthday": {"before_days": 3}}, kind="sale")
    assert "the kind birthday needs" in refusal({"every": "month", "on": 8}, kind="birthday")


def test_double_points_need_an_offer_or_a_rule() -> None:
    day = {"every": "month", "on": 8}
    assert "doubles nothing" in refusal(day, kind="double_points")
    assert "doubles nothing" in refusal(day, kind="double_points", levers=[LEVER])
    assert period(day, kind="double_points", offers=["o1"]).offers == ("o1",)
    assert period(day, kind="double_points", rules=[RULE]).rules[0].id == "r"


def test_dates_that_come_once_have_no_other_bounds() -> None:
    once = {"from": "2026-11-27", "until": "2026-12-01"}
    assert "remove `from` and `until` beside it" in refusal(once, until="2027-01-01")


def test_bounds_of_a_recurrence_are_in_order() -> None:
    bounds = {"from": "2027-01-01", "until": "2026-01-01"}
    assert "before it starts" in refusal({"every": "month", "on": 8}, **bounds)


def test_a_rule_for_none_of_the_periods_channels_is_refused() -> None:
    push = {**RULE, "channels": ["push"]}
    told = refusal({"every": "month", "on": 8}, channels=["web", "email"], rules=[push])
    assert "rule 'r' is for push and the period for web, email: it would never hold" in told
    assert period({"every": "month", "on": 8}, channels=["web", "push"], rules=[push]).channels


@pytest.mark.parametrize("key", ["stores", "channels", "offers"])
def test_what_is_listed_is_listed_once(key: str) -> None:
    assert "is used twice" in refusal({"every": "month", "on": 8}, **{key: ["web", "web"]})


def test_levers_of_a_period_boost_or_bury() -> None:
    assert period({"every": "month", "on": 8}, levers=[LEVER]).levers[0].factor == 1.2
    told = refusal({"every": "month", "on": 8}, levers=[RULE])
    assert "'r' has the effect exclude" in told
