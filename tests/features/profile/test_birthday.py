"""Birthdays as columns: local days, and what is not known."""

import numpy as np
import pytest

from features.profile.birthday import Birthday
from features.profile.config import PreferencesConfig, ProfileConfig
from features.profile.group import Fitted
from tests.features.profile.small_facts import DAY, START, rules, small_facts

RULES = rules(ProfileConfig(preferences=PreferencesConfig(birthday_days=3)))


def view(birthdays, *, day=0.0, timezone="UTC"):
    """As of so many days after 1 January 2024."""
    facts = small_facts([], n_members=len(birthdays), as_of_day=0, birthdays=birthdays, timezone=timezone)
    fitted = Fitted(Birthday().fit(facts, RULES), RULES)
    found = Birthday().view(Birthday().summarise(facts, fitted), fitted, int(START + day * DAY))
    for spec in Birthday().specs(RULES):
        assert spec.holds(found[spec.name])
    return found["days_to_birthday"].tolist(), found["in_birthday_window"].tolist()


def test_the_window_goes_across_the_end_of_the_year():
    days, inside = view([(1, 1), (12, 29), (12, 28), (1, 4), (1, 5)])
    assert days == [0, 363, 362, 3, 4]
    assert inside == [True, True, False, True, False]


def test_who_said_nothing_has_no_birthday_and_a_day_alone_is_nothing():
    assert view([(0, 0), (0, 12)]) == ([-1, -1], [False, False])


def test_the_month_alone_is_a_birthday_all_month_long():
    days, inside = view([(1, 0), (2, 0)], day=20)
    assert days == [0, 11]
    assert inside == [True, False]
    assert view([(1, 0)], day=30)[1] == [True]


@pytest.mark.parametrize(("day", "expected"), [(59, 0), (58, 1), (366 + 58, 0), (366 + 57, 1)])
def test_a_leap_day_is_celebrated_on_28_february_in_other_years(day, expected):
    assert view([(2, 29)], day=day)[0] == [expected]


@pytest.mark.parametrize(
    ("timezone", "expected"), [("UTC", 1), ("Asia/Tokyo", 0), ("America/New_York", 1)], ids=["utc", "tokyo", "new_york"]
)
def test_the_day_is_the_local_one(timezone, expected):
    assert view([(2, 10)], day=39.9, timezone=timezone)[0] == [expected]


@pytest.mark.parametrize(("clock", "expected"), [(-1, 1), (0, 0)])
def test_days_begin_at_local_midnight_in_summer_time_too(clock, expected):
    midnight = 90 + 23 / 24  # 00:00 on 1 April in London, an hour after clocks went forward
    assert view([(4, 1)], day=midnight + clock / DAY, timezone="Europe/London")[0] == [expected]


def test_members_of_one_date_are_alike_and_nobody_is_allowed():
    assert view([(3, 4), (0, 0), (3, 4), (1, 2)])[0] == [63, -1, 63, 1]
    assert view([]) == ([], [])
    assert np.array(view([(3, 4)])[1]).dtype == np.bool_
