"""Settings of member features: what no calendar or forecast could follow is refused where it is read."""

import pytest
from pydantic import ValidationError

from features.profile.config import LONGEST_DAYS, ProfileConfig

DAYS = [
    ("rfm", "window_days"),
    ("lifecycle", "new_days"),
    ("lifecycle", "min_churned_days"),
    ("value", "horizon_days"),
    ("value", "churn_days"),
    ("replenishment", "horizon_days"),
    ("dependence", "window_days"),
]


@pytest.mark.parametrize(("part", "name"), DAYS)
def test_days_reach_no_further_than_a_hundred_years(part, name):
    with pytest.raises(ValidationError, match=name):
        ProfileConfig.model_validate({part: {name: LONGEST_DAYS + 1}})
    longest = ProfileConfig.model_validate({part: {name: LONGEST_DAYS}})
    assert getattr(getattr(longest, part), name) == LONGEST_DAYS


@pytest.mark.parametrize("days", [0, -1, float("inf"), float("nan")])
@pytest.mark.parametrize("part", ["value", "replenishment"])
def test_a_horizon_is_a_positive_number_of_days(part, days):
    with pytest.raises(ValidationError, match="horizon_days"):
        ProfileConfig.model_validate({part: {"horizon_days": days}})
