"""What a choice would have earned, held against worlds in which it is known."""

import numpy as np
import pytest

from recsys.errors import InputError
from training.response.policy_value import Log, doubly_robust, ips, paired_gain, snips


def world(n=40_000, seed=0):
    """Arm 1 is worth 2 to the rows of kind 1, arm 2 is worth 1 to all; shown with unequal chances."""
    rng = np.random.default_rng(seed)
    kind = rng.integers(0, 2, n)
    chances = np.where(kind[:, None] == 1, [0.5, 0.2, 0.3], [0.3, 0.3, 0.4])
    shown = (rng.random(n)[:, None] > np.cumsum(chances, axis=1)).sum(axis=1)
    expected = np.column_stack([np.zeros(n), 2.0 * kind, np.ones(n)])
    reward = expected[np.arange(n), shown] + rng.normal(size=n)
    return kind, Log(shown, chances[np.arange(n), shown], reward), expected


def test_all_estimators_agree_with_the_truth():
    kind, log, expected = world()
    chosen = np.where(kind == 1, 1, 2)
    for value in (ips(log, chosen), snips(log, chosen), doubly_robust(log, chosen, expected)):
        assert abs(value.mean - 1.5) < 4 * value.sd
        assert value.matched == int((log.shown == chosen).sum())


def test_small_figures_by_hand():
    log = Log(np.array([0, 1, 1, 2]), np.array([0.5, 0.25, 0.5, 0.25]), np.array([1.0, 2.0, 4.0, 8.0]))
    chosen = np.array([0, 1, 2, 1])
    assert ips(log, chosen).mean == pytest.approx((1 * 2 + 2 * 4) / 4)
    assert snips(log, chosen).mean == pytest.approx((1 * 2 + 2 * 4) / 6)
    foretold = np.tile([1.0, 3.0, 5.0], (4, 1))
    assert doubly_robust(log, chosen, foretold).mean == pytest.approx((1 + (3 - 4) + 5 + 3) / 4)


def test_standard_errors_are_those_of_repeated_worlds():
    chosen = np.tile([1, 2], 1_000)
    for estimate in (ips, snips):
        values = [estimate(world(2_000, seed)[1], chosen) for seed in range(150)]
        assert np.mean([one.sd for one in values]) == pytest.approx(np.std([one.mean for one in values]), rel=0.15)


def test_standard_errors_of_robust_values_and_of_gains_are_those_of_repeated_worlds():
    chosen, other = np.tile([1, 2], 1_000), np.full(2_000, 2)
    robust, gains = [], []
    for seed in range(150):
        _, log, expected = world(2_000, seed)
        robust.append(doubly_robust(log, chosen, expected + 0.5))
        gains.append(paired_gain(log, chosen, other))
    for values in (robust, gains):
        assert np.mean([one.sd for one in values]) == pytest.approx(np.std([one.mean for one in values]), rel=0.15)


def test_a_choice_gains_nothing_over_itself_and_rows_alike_cancel_out():
    kind, log, _ = world(4_000)
    chosen = np.where(kind == 1, 1, 2)
    assert paired_gain(log, chosen, chosen).mean == 0.0
    assert paired_gain(log, chosen, chosen).sd == 0.0
    few = chosen.copy()
    few[:40] = 0
    assert paired_gain(log, chosen, few).sd < 0.3 * snips(log, chosen).sd


def test_the_gain_of_a_better_choice_is_found():
    kind, log, _ = world()
    gain = paired_gain(log, np.where(kind == 1, 1, 2), np.full(len(kind), 2))
    assert abs(gain.mean - 0.5) < 4 * gain.sd


def test_what_was_never_shown_has_no_value():
    log = Log(np.zeros(3, dtype=np.int64), np.ones(3), np.ones(3))
    never, shown = np.ones(3, dtype=np.int64), np.zeros(3, dtype=np.int64)
    assert np.isnan(snips(log, never).mean)
    assert np.isnan(paired_gain(log, never, shown).mean)
    assert np.isnan(paired_gain(log, shown, never).sd)


@pytest.mark.parametrize("probability", [0.0, np.nan, 1.2])
def test_a_probability_that_cannot_be_is_refused(probability):
    with pytest.raises(InputError, match="leave those rows out"):
        ips(Log(np.zeros(1, dtype=np.int64), np.array([probability]), np.ones(1)), np.zeros(1, dtype=np.int64))
