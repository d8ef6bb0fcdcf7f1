"""Periods as a whole policy applies them: offers of the moment, rules and levers, stores, channels and birthdays."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from recsys.catalogue import ALWAYS_UNTIL
from recsys.decision import Context
from recsys.policy.calendar.periods_on import PeriodsOn
from recsys.policy.file.calendar import Period
from recsys.profile import ColumnSpec, MemberProfile, Unit
from recsys.types import Channel
from tests.recsys.policy.calendar.periods import at
from tests.recsys.policy.small import KNOWLEDGE, batch_of, compiled, offers_removed, products_removed, with_columns

SHANGHAI = "Asia/Shanghai"
EIGHTH, NINTH = at("2023-11-08 12:00", SHANGHAI), at("2023-11-09 12:00", SHANGHAI)
EVENING_BEFORE = at("2023-11-07 23:59", SHANGHAI)
DAY = {"id": "day", "kind": "sale", "when": {"every": "month", "on": 8}}
AS_OF = KNOWLEDGE.cut_off
MEMBERS = ("m001", "m002")


def of_the_moment(now: int, *periods: dict[str, Any], placement: str = "home", store: str | None = None) -> list[Any]:
    """For two members, the offers among o003 to o005 that a period removes, and which."""
    context = Context(placement, now, attributes={} if store is None else {"store": store})
    policy = compiled(calendar=list(periods), time_zone=SHANGHAI, knowledge=with_birthdays(10, -1))
    batch = batch_of(*MEMBERS, knowledge=with_birthdays(10, -1))
    names = {period["id"] for period in periods}
    return [
        {offer: rule for offer, rule in found.items() if rule in names}
        for found in offers_removed(policy, batch, context)
    ]


def with_birthdays(first: int, second: int) -> Any:
    """A world without ends of offers, in which birthdays of m001 and m002 are so many days after the cut-off."""
    days = np.full(len(KNOWLEDGE.members), -1, dtype=np.int32)
    days[1], days[2] = first, second
    spec = ColumnSpec("days_to_birthday", "int32", Unit.DAYS, "Days until the birthday", 0, 366, unknown=-1)
    known = KNOWLEDGE.members.profile
    profile = MemberProfile((*known.specs, spec), {**known.columns, spec.name: days}, known.names, known.as_of)
    endless = with_columns(KNOWLEDGE, "offers", valid_until=np.full(len(KNOWLEDGE.offers), ALWAYS_UNTIL))
    return with_columns(endless, "members", profile=profile)


def test_an_offer_of_a_period_is_offered_in_it_and_at_no_other_time() -> None:
    period = {**DAY, "offers": ["o003", "o005"]}
    gone = {"o003": "day", "o005": "day"}
    assert [of_the_moment(now, period) for now in (EVENING_BEFORE, EIGHTH, NINTH)] == [[gone] * 2, [{}] * 2, [gone] * 2]


def test_a_period_ends_with_its_last_second_also_where_it_was_asked_for_before() -> None:
    on = PeriodsOn((Period.model_validate(DAY),), SHANGHAI)
    start, end = at("2023-11-08", SHANGHAI), at("2023-11-09", SHANGHAI)
    for now, expected in (
        (start, True),
        (end - 1, True),
        (end, False),
        (end - 1, True),
        (start - 1, False),
        (start, True),
    ):
        assert on.at(now, Channel.WEB, "") == {"calendar.day": expected}


def test_an_offer_of_two_periods_is_open_in_each_and_removed_by_the_first() -> None:
    day = {**DAY, "offers": ["o003", "o004"]}
    next_day = {"id": "next", "kind": "sale", "when": {"every": "month", "on": 9}, "offers": ["o004", "o005"]}
    assert of_the_moment(EIGHTH, day, next_day)[0] == {"o005": "next"}
    assert of_the_moment(NINTH, day, next_day)[0] == {"o003": "day"}
    assert of_the_moment(EVENING_BEFORE, day, next_day)[0] == {"o003": "day", "o004": "day", "o005": "next"}


@pytest.mark.parametrize(
    ("placement", "store", "open_there"),
    [("email", "s01", True), ("email", "s02", False), ("email", None, False), ("home", "s01", False)],
)
def test_a_period_is_on_in_its_channels_and_stores_alone(placement: str, store: str | None, open_there: bool) -> None:
    period = {**DAY, "channels": ["email"], "stores": ["s01"], "offers": ["o003"]}
    found = of_the_moment(EIGHTH, period, placement=placement, store=store)
    assert found == [{} if open_there else {"o003": "day"}] * 2


@pytest.mark.parametrize(
    ("days_later", "open_then"), [(6, False), (7, True), (10, True), (12, True), (13, False), (375, True)]
)
def test_a_birthday_treat_is_for_whose_birthday_it_is(days_later: int, open_then: bool) -> None:
    treat = {
        "id": "treat", "kind": "birthday", "offers": ["o003"],
        "when": {"birthday": {"before_days": 3, "after_days": 2}},
    }  # fmt: skip
    celebrating, unknown = of_the_moment(AS_OF + days_later * 86_400, treat)
    assert celebrating == ({} if open_then else {"o003": "treat"})
    assert unknown == {"o003": "treat"}


def test_rules_and_levers_of_a_period_hold_while_it_is_on() -> None:
    rule = {"id": "no_wine", "owner": "legal", "what": 'product.category == "wine"', "effect": "exclude"}
    lever = {
        "id": "bakery",
        "owner": "crm",
        "what": 'product.category == "bakery"',
        "factor": 1.5,
        "until": "2030-01-01",
    }
    policy = compiled(calendar=[{**DAY, "rules": [rule], "levers": [lever]}], time_zone=SHANGHAI)
    batch = batch_of("m001")
    rows = np.array([[5, 6, 10, 13]], dtype=np.int32)  # bakery, wine, wine, bakery
    for now, removed, factors in ((EIGHTH, ["p006", "p010"], [1.5, 1, 1, 1.5]), (NINTH, [], [1, 1, 1, 1])):
        context = Context("home", now)
        found = products_removed(policy, batch, context)[0]
        assert [product for product in ("p005", "p006", "p010", "p013") if found.get(product) == "no_wine"] == removed
        assert policy.product_boost(batch, context, rows)[0].tolist() == [factors]


def test_the_same_policy_follows_the_clock_in_both_directions() -> None:
    policy = compiled(calendar=[{**DAY, "offers": ["o003"]}], time_zone=SHANGHAI)
    batch = batch_of("m001")
    found = ["o003" in offers_removed(policy, batch, replace(Context("home", 0), now=now))[0] for now in _AROUND]
    fresh = [
        "o003" in offers_removed(compiled(calendar=[{**DAY, "offers": ["o003"]}], time_zone=SHANGHAI), batch, one)[0]
        for one in (Context("home", now) for now in _AROUND)
    ]
    assert found == fresh == [True, False, True, False, False, True]


_AROUND = (EVENING_BEFORE, EIGHTH, NINTH, EIGHTH, EVENING_BEFORE + 60, EVENING_BEFORE)
