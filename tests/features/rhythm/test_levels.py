"""What a rhythm leans on, by hand: a member's tempo in other families, and how surely a family is bought again."""

import numpy as np
import pytest

from features.rhythm.gaps import OwnGaps
from features.rhythm.levels import Levels
from features.rhythm.settings import RhythmSettings

SETTINGS = RhythmSettings(prior_member_gaps=6.0, prior_level_events=4.0)
LEVELS = Levels(location=np.array([1.0, 2.0, 3.0]), spread=np.ones(3), level=np.ones(3))
MEMBER, FAMILY = np.array([0, 0, 1], dtype=np.int32), np.array([0, 1, 1], dtype=np.int32)
OWN = OwnGaps(
    repeats=np.array([2, 4, 3]),
    weight=np.array([2.0, 4.0, 3.0]),
    log_days=np.array([5.0, 7.0, 9.0]),
    log_days_squared=np.zeros(3),
)


def test_a_member_is_as_late_as_in_the_other_families() -> None:
    found = LEVELS.tempo(OWN, MEMBER, FAMILY, SETTINGS)
    # Two gaps of the first family take 3 more than usual in logarithms, four of the second 1 less.
    assert found.tolist() == pytest.approx([-1 / (4 + 6), 3 / (2 + 6), 0.0])


def test_with_one_family_there_is_no_other_tempo() -> None:
    alone = Levels(*(values[1:] for values in (LEVELS.location, LEVELS.spread, LEVELS.level)))
    assert alone.tempo(OWN, MEMBER, np.zeros(3, dtype=np.int32), SETTINGS).tolist() == [0.0, 0.0, 0.0]


def test_a_family_that_is_bought_again_less_than_expected_has_a_low_level() -> None:
    family, closed = np.array([0, 0, 0, 1]), np.array([True, False, False, True])
    found = LEVELS.leveled(family, closed, np.array([2.0, 3.0, 1.0, 0.5]), SETTINGS)
    assert found.level.tolist() == pytest.approx([(1 + 4) / (6 + 4), (1 + 4) / (0.5 + 4), 1.0])
    assert found.location.tolist() == LEVELS.location.tolist()


def test_a_family_that_was_not_fitted_is_like_the_population() -> None:
    assert LEVELS.of(LEVELS.location, np.array([1, 0, 2, 7, -1])).tolist() == [2.0, 1.0, 3.0, 3.0, 3.0]
