"""The likelihood of purchase counts: against direct integration over what is unknown, and its gradient."""

import numpy as np
import pytest
from scipy.special import gammaln, logsumexp, roots_genlaguerre, roots_jacobi

from features.lifetime.counts import Leaving, count_rows, log_likelihood, log_states, log_timing, state_chances
from features.lifetime.summary import PurchaseSummary

VALUES = np.array([0.9, 6.0, 1.3, 2.2])
SUMMARY = PurchaseSummary.build(
    repeats=[0, 3, 1, 3, 0, 12, 1], last_days=[0, 7, 5, 7, 0, 30, 5], watched_days=[9, 10, 5, 10, 4, 35, 9]
)
every_model = pytest.mark.parametrize(("leaving", "k"), [(leaving, k) for leaving in Leaving for k in (1, 2, 3)])


def by_integration(leaving: Leaving, k: int, repeats: int, last: float, watched: float) -> float:
    """The individual likelihood of Platzer and Reutterer (2016), integrated over rate and chance to leave."""
    r, alpha, a, b = VALUES
    scaled, rate_share = roots_genlaguerre(120, r - 1)
    placed, leave_share = roots_jacobi(60, b - 1, a - 1)
    rate, leave = scaled[:, None] / (alpha + last), (placed[None, :] + 1) / 2
    passed = rate * (watched - last)
    waits = sum(passed**j / np.exp(gammaln(j + 1)) for j in range(k)) * np.exp(-passed)
    chances = repeats + (leaving is Leaving.MBG)
    left = leave * (1 - leave) ** (chances - 1) if chances else 0.0
    each = rate ** (k * repeats) * ((1 - leave) ** chances * waits + left)
    constant = r * (np.log(alpha) - np.log(alpha + last)) - gammaln(r) - np.log(leave_share.sum())
    return float(np.exp(constant) * (rate_share @ each @ leave_share))


@every_model
@pytest.mark.parametrize("row", [0, 2, 1], ids=["no repeat", "one just now", "three"])
def test_a_row_is_as_likely_as_direct_integration_says(leaving: Leaving, k: int, row: int) -> None:
    one = SUMMARY.take(np.array([row]))
    rows = count_rows(one)
    expected = by_integration(leaving, k, int(one.repeats[0]), float(one.last_days[0]), float(one.watched_days[0]))
    found = float(logsumexp(log_states(VALUES, leaving, k, rows)[:, 0]))
    assert found == pytest.approx(np.log(expected), abs=1e-8)


@every_model
def test_the_gradient_is_that_of_finite_differences(leaving: Leaving, k: int) -> None:
    rows = count_rows(SUMMARY)
    step = 1e-6
    slopes = [
        (log_likelihood(VALUES + one, leaving, k, rows)[0] - log_likelihood(VALUES - one, leaving, k, rows)[0])
        / (2 * step)
        for one in np.eye(4) * step
    ]
    np.testing.assert_allclose(log_likelihood(VALUES, leaving, k, rows)[1], slopes, rtol=1e-6)


@every_model
def test_equal_rows_count_as_often_as_they_occur(leaving: Leaving, k: int) -> None:
    singles = [log_likelihood(VALUES, leaving, k, count_rows(SUMMARY.take(np.array([row])))) for row in range(7)]
    value, slope = log_likelihood(VALUES, leaving, k, count_rows(SUMMARY))
    assert value == pytest.approx(sum(one[0] for one in singles), rel=1e-12)
    np.testing.assert_allclose(slope, np.sum([one[1] for one in singles], axis=0), rtol=1e-11)


def test_rows_are_counted_once_and_each_member_knows_its_own() -> None:
    rows = count_rows(SUMMARY)
    assert rows.levels.tolist() == [0, 1, 3, 12]
    assert rows.weight.sum() == 7
    assert len(rows.last) == 6
    np.testing.assert_array_equal(rows.levels[rows.level][rows.row], SUMMARY.repeats)
    np.testing.assert_array_equal(rows.last[rows.row], SUMMARY.last_days)
    np.testing.assert_array_equal(rows.watched[rows.row], SUMMARY.watched_days)


def test_without_repeats_bg_cannot_have_left_and_mbg_can() -> None:
    rows = count_rows(SUMMARY.take(np.array([0])))
    assert state_chances(VALUES, Leaving.BG, 1, rows).tolist() == [[1.0], [0.0]]
    assert 0.05 < state_chances(VALUES, Leaving.MBG, 1, rows)[1, 0] < 0.95


def test_timing_adds_what_erlang_densities_have_besides() -> None:
    timed = PurchaseSummary.build(repeats=[2, 0], last_days=[9, 0], watched_days=[9, 3], log_gaps=[np.log(18), 0.0])
    assert log_timing(timed, 1) == 0.0
    # Two Erlang-3 densities: t^2 / 2! each, at 3 and 6 days.
    assert log_timing(timed, 3) == pytest.approx(np.log(3**2 / 2) + np.log(6**2 / 2))
