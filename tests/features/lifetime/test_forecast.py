"""Forecasts of counts: against published formulas, against each other, and against members whose truth is known."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import hyp2f1

from features.lifetime.counts import CountParameters, Leaving, count_rows
from features.lifetime.forecast import _at_least, expected_purchases, forecast_counts, purchase_probability
from features.lifetime.likelihood import FitFacts
from features.lifetime.summary import PurchaseSummary, summarise
from features.lifetime.worth import draw_counts
from recsys.errors import InputError
from tests.features.lifetime.histories import TRUTH, simulated_orders

FACTS = FitFacts(0.0, 10, 5, 1, 0.0, None)
CDNOW = CountParameters(Leaving.BG, 1, 0.243, 4.414 * 7, 0.793, 2.426, FACTS)
SUMMARY = PurchaseSummary.build(
    repeats=[0, 2, 26, -1, 0, 7], last_days=[0, 200, 260, 0, 0, 90], watched_days=[270, 270, 266, 0, 200, 260]
)
every_model = pytest.mark.parametrize(("leaving", "k"), [(leaving, k) for leaving in Leaving for k in (1, 2, 3)])


def published_expectation(parameters: CountParameters, summary: PurchaseSummary, horizon: float) -> np.ndarray:
    """Fader, Hardie and Lee (2005), eq. 10."""
    r, alpha, a, b = parameters.values()
    x, last, watched = summary.repeats, summary.last_days, summary.watched_days
    series = hyp2f1(r + x, b + x, a + b + x - 1, horizon / (alpha + watched + horizon))
    share = ((alpha + watched) / (alpha + watched + horizon)) ** (r + x)
    left = np.where(x > 0, a / (b + x - 1) * ((alpha + watched) / (alpha + last)) ** (r + x), 0.0)
    return (a + b + x - 1) / (a - 1) * (1 - share * series) / (1 + left)


def test_expected_purchases_are_the_published_formula() -> None:
    some = SUMMARY.take(np.array([0, 1, 2, 4, 5]))
    for horizon in (1, 90, 273, 2000):
        found = expected_purchases(CDNOW, some, horizon)
        np.testing.assert_allclose(found, published_expectation(CDNOW, some, horizon), rtol=1e-10)


def test_the_published_example_comes_out() -> None:
    # Fader, Hardie and Lee's spreadsheet note: x = 2, t_x = 30.43, T = 38.86 weeks, 39 weeks ahead: 1.226.
    example = PurchaseSummary.build(repeats=[2], last_days=[213], watched_days=[272])
    assert expected_purchases(CDNOW, example, 273)[0] == pytest.approx(1.226, abs=1e-3)


def test_nothing_breaks_where_the_published_formula_does() -> None:
    # a = 1 divides by zero there; its hypergeometric function overflows for many repeats.
    busy = PurchaseSummary.build(repeats=[900, 3], last_days=[998, 40], watched_days=[1000, 60])
    at_one = replace(CDNOW, a=1.0)
    beside = expected_purchases(replace(CDNOW, a=1.0 + 1e-9), busy, 365)
    np.testing.assert_allclose(expected_purchases(at_one, busy, 365), beside, rtol=1e-6)
    assert 100 < expected_purchases(at_one, busy, 365)[0] < 365 * 900 / 1000


@pytest.mark.parametrize("leaving", list(Leaving))
def test_quadrature_and_the_sum_of_chances_agree(leaving: Leaving) -> None:
    parameters = replace(CDNOW, leaving=leaving)
    for horizon in (7, 365):
        whole = forecast_counts(parameters, SUMMARY, horizon).mean
        np.testing.assert_allclose(expected_purchases(parameters, SUMMARY, horizon), whole, rtol=1e-7, atol=1e-9)


@every_model
def test_forecasts_hold_for_members_whose_truth_is_known(leaving: Leaving, k: int) -> None:
    orders = simulated_orders(6000, k=k, leaves_at_once=leaving is Leaving.MBG)
    truth = CountParameters(leaving, k, TRUTH["r"], TRUTH["alpha_days"] * 1000, TRUTH["a"], TRUTH["b"], FACTS)
    known = summarise(orders.member, orders.day, n_members=orders.n_members, until_day=300_000)
    later = np.bincount(orders.member[orders.day > 300_000], minlength=orders.n_members)
    forecast = forecast_counts(truth, known, 300_000, confidence=0.8)
    chance = purchase_probability(truth, known, 300_000)
    for group in (known.repeats == 0, (known.repeats > 0) & (known.repeats < 4), known.repeats >= 4):
        assert group.sum() > 300
        sd = np.sqrt(forecast.variance[group].sum())
        assert abs(later[group].sum() - forecast.mean[group].sum()) < 3.5 * sd
        came = (later[group] > 0).sum()
        sd = np.sqrt((chance[group] * (1 - chance[group])).sum())
        assert abs(came - chance[group].sum()) < 3.5 * sd
    inside = ((later >= forecast.low) & (later <= forecast.high))[known.bought()].mean()
    assert 0.8 < inside < 0.98


@every_model
def test_the_chance_of_any_order_is_that_of_at_least_one(leaving: Leaving, k: int) -> None:
    parameters = replace(CDNOW, leaving=leaving, k=k)
    known = SUMMARY.take(SUMMARY.bought())
    rows = count_rows(known)
    _, _, at_least_one = next(_at_least(parameters, rows, 150))
    np.testing.assert_allclose(purchase_probability(parameters, known, 150), at_least_one[rows.row], rtol=1e-10)


@given(
    st.floats(0, 1500),
    st.floats(0, 1500),
    st.sampled_from([(leaving, k) for leaving in Leaving for k in (1, 2)]),
)
def test_a_longer_horizon_never_expects_less(one: float, other: float, model: tuple[Leaving, int]) -> None:
    parameters = replace(CDNOW, leaving=model[0], k=model[1])
    short, long = sorted((one, other))
    for forecast in (expected_purchases, purchase_probability):
        early, late = forecast(parameters, SUMMARY, short), forecast(parameters, SUMMARY, long)
        assert (late >= early - 1e-9).all()
    assert (
        purchase_probability(parameters, SUMMARY, long) <= expected_purchases(parameters, SUMMARY, long) + 1e-9
    ).all()


def test_nothing_is_expected_of_who_never_ordered_or_of_no_time() -> None:
    assert expected_purchases(CDNOW, SUMMARY, 300)[3] == 0.0
    assert purchase_probability(CDNOW, SUMMARY, 300)[3] == 0.0
    assert purchase_probability(CDNOW, SUMMARY, 0).tolist() == [0.0] * 6
    np.testing.assert_allclose(expected_purchases(CDNOW, SUMMARY, 0), 0.0, atol=1e-12)


def test_each_member_is_forecast_alone() -> None:
    whole = forecast_counts(CDNOW, SUMMARY, 200)
    for row in range(len(SUMMARY)):
        alone = forecast_counts(CDNOW, SUMMARY.take(np.array([row])), 200)
        assert alone.mean[0] == pytest.approx(whole.mean[row], rel=1e-12, abs=1e-15)
        assert (alone.low[0], alone.high[0]) == (whole.low[row], whole.high[row])


def test_more_confidence_is_a_wider_interval() -> None:
    wide, narrow = (forecast_counts(CDNOW, SUMMARY, 300, confidence=level) for level in (0.95, 0.5))
    assert (wide.low <= narrow.low).all()
    assert (wide.high >= narrow.high).all()
    assert wide.high[2] > narrow.high[2]
    assert (narrow.low <= narrow.high).all()


@pytest.mark.parametrize("confidence", [0.5, 0.9])
def test_an_interval_ends_where_its_tails_do(confidence: float) -> None:
    busy = SUMMARY.take(np.array([2]))
    drawn = draw_counts(CDNOW, busy, 300, n_draws=200_000, rng=np.random.default_rng(7))[0]
    forecast = forecast_counts(CDNOW, busy, 300, confidence=confidence)
    for end, level in ((forecast.low[0], (1 - confidence) / 2), (forecast.high[0], (1 + confidence) / 2)):
        assert (drawn <= end).mean() > level - 0.005
        assert (drawn < end).mean() < level + 0.005


@pytest.mark.parametrize("horizon", [-1.0, float("nan"), float("inf")])
def test_a_horizon_that_is_no_time_is_refused(horizon: float) -> None:
    with pytest.raises(InputError, match="horizon_days is"):
        expected_purchases(CDNOW, SUMMARY, horizon)


@pytest.mark.parametrize("confidence", [0.0, 1.0])
def test_a_confidence_that_is_no_share_is_refused(confidence: float) -> None:
    with pytest.raises(InputError, match="between 0 and 1"):
        forecast_counts(CDNOW, SUMMARY, 10, confidence=confidence)
