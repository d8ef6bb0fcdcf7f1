from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from recsys.loyalty.default import default_programme_text
from recsys.loyalty.programme import Programme, parse_programme
from recsys.loyalty.worth import NO_TIER_WORTH, TierWorth, point_worth_minor

AT = int(datetime(2026, 6, 1, tzinfo=ZoneInfo("Europe/London")).timestamp())
DEFAULT = parse_programme(default_programme_text())
TIERS = DEFAULT.tiers


def programme(change: dict[str, str]) -> Programme:
    text = default_programme_text()
    for old, new in change.items():
        assert old in text
        text = text.replace(old, new)
    return parse_programme(text)


def test_a_point_is_worth_what_it_redeems_for() -> None:
    assert point_worth_minor(DEFAULT, AT) == 1.0
    assert (
        point_worth_minor(programme({"{points: 100, worth_minor: 100}": "{points: 200, worth_minor: 50}"}), AT) == 0.25
    )


def test_a_tier_is_worth_its_standing_discount_its_points_and_its_treat() -> None:
    worth = TierWorth.of(DEFAULT, TIERS, AT)
    assert worth.share == pytest.approx((0.01, 0.0125, 0.02 + 0.015, 0.04 + 0.0175))
    assert worth.yearly_minor == (0, 500, 1_000, 1_500)
    assert worth.term_days == 365.25 + 30


def test_a_higher_tier_for_a_term_costs_the_difference() -> None:
    worth = TierWorth((0.0, 0.01, 0.05), (0.0, 100.0, 400.0), 365.25 / 2)
    found = worth.of_term(np.array([1, 0, 2]), np.array([2, 1, 1]), np.array([10_000.0, 5_000.0, 10_000.0]))
    assert found.tolist() == pytest.approx([350.0, 75.0, -350.0])


def test_a_continuous_ladder_holds_a_tier_for_its_window() -> None:
    downgrade = "{review: period_end, period_months: 12, grace_days: 30, soft_landing: true}"
    worth = TierWorth.of(
        programme({downgrade: "{review: continuous}", "rolling_months: 12": "rolling_days: 90"}), TIERS, AT
    )
    assert worth.term_days == 90


def test_a_tier_that_the_ladder_does_not_have_is_worth_the_one_below() -> None:
    worth = TierWorth.of(DEFAULT, ("ordinary", "silver", "secret"), AT)
    assert worth.share == pytest.approx((0.01, 0.0125, 0.0125))


def test_without_a_programme_nothing_is_known() -> None:
    assert TierWorth.of(None, TIERS, AT) == NO_TIER_WORTH
    assert TierWorth.of(DEFAULT, TIERS, 0) == NO_TIER_WORTH
    assert point_worth_minor(None, AT) == 0
    assert NO_TIER_WORTH.of_term(np.array([0]), np.array([1]), np.array([1e6])).tolist() == [0]
