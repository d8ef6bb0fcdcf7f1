"""The chance of silence: nothing later is looked at, it is learnt where it can be, and settings survive."""

import json
from dataclasses import replace

import numpy as np
import pytest

from features.lifetime.forecast import purchase_probability
from features.lifetime.silence import FEATURES, OrderDays, SilenceModel, fit_silence
from features.lifetime.summary import PurchaseSummary
from recsys.errors import InputError, NotEnoughDataError
from tests.features.lifetime.histories import simulated_orders

ORDERS = simulated_orders(2000)
VALUE = np.random.default_rng(1).integers(100, 5000, len(ORDERS.day))
VALUED = replace(ORDERS, value_minor=VALUE)
UNTIL, HORIZON = 400_000, 150_000
MODEL = fit_silence(VALUED, until_day=UNTIL, horizon_days=HORIZON)
NOW = VALUED.summary(UNTIL)


def test_what_comes_later_does_not_move_the_model() -> None:
    known = ORDERS.day <= UNTIL
    cut = OrderDays(ORDERS.member[known], ORDERS.day[known], VALUE[known], ORDERS.n_members)
    assert fit_silence(cut, until_day=UNTIL, horizon_days=HORIZON) == MODEL


def test_predicted_silence_is_about_what_comes() -> None:
    silent = ~ORDERS.came(UNTIL, UNTIL + HORIZON)
    bought = NOW.bought()
    predicted = MODEL.silence_probability(NOW)[bought]
    assert predicted.mean() == pytest.approx(silent[bought].mean(), abs=0.05)
    surest = predicted >= np.quantile(predicted, 0.7)
    assert silent[bought][surest].mean() > silent[bought][~surest].mean() + 0.2


def test_who_never_ordered_is_silent() -> None:
    nobody = PurchaseSummary.build(repeats=[-1], last_days=[0], watched_days=[9])
    assert MODEL.silence_probability(nobody).tolist() == [1.0]


def test_idler_members_are_more_surely_silent() -> None:
    idle = PurchaseSummary.build(
        repeats=[4] * 3, last_days=[100_000] * 3, watched_days=[110_000, 200_000, 400_000], n_valued=[5] * 3,
        mean_value_minor=[900.0] * 3,
    )  # fmt: skip
    assert (np.diff(MODEL.silence_probability(idle)) > 0).all()


def test_four_earlier_days_are_learnt_from() -> None:
    assert MODEL.n_origins == 4
    assert len(MODEL.weights) == len(MODEL.means) == len(FEATURES)


def test_without_an_earlier_day_the_chance_is_the_count_models() -> None:
    late = (ORDERS.day >= 300_000) & (ORDERS.day <= UNTIL)
    fresh = OrderDays(ORDERS.member[late], ORDERS.day[late], None, ORDERS.n_members)
    # Half of the history before the last day is its first: nobody has a repeat there.
    member, day = np.append(fresh.member, 0), np.append(fresh.day, 100_000)
    model = fit_silence(OrderDays(member, day, None, 2000), until_day=UNTIL, horizon_days=HORIZON)
    assert model.n_origins == 0
    known = fresh.summary(UNTIL)
    expected = 1 - purchase_probability(model.counts, known, HORIZON)
    np.testing.assert_array_equal(model.silence_probability(known), expected)


def test_without_repeaters_there_is_no_model() -> None:
    few = OrderDays(np.arange(50), np.arange(50), None, 50)
    with pytest.raises(NotEnoughDataError, match="0 members have a repeat"):
        fit_silence(few, until_day=60, horizon_days=30)


def test_values_need_not_be_known() -> None:
    model = fit_silence(ORDERS, until_day=UNTIL, horizon_days=HORIZON)
    assert model.weights[2] == 0.0
    assert model.weights[0] < 0


def test_values_that_hardly_varied_before_decide_of_nobody() -> None:
    # One price; a busy member paid a cent more long ago, and on the last day somebody buys twice.
    busy = int(np.bincount(ORDERS.member[ORDERS.day < 100_000]).argmax())
    value = np.full(len(ORDERS.day), 500)
    value[np.flatnonzero(ORDERS.member == busy)[0]] = 501
    value[ORDERS.day == ORDERS.day[ORDERS.day <= UNTIL].max()] = 1000
    model = fit_silence(replace(ORDERS, value_minor=value), until_day=UNTIL, horizon_days=HORIZON)
    assert abs(model.weights[2]) < 10
    plain = fit_silence(ORDERS, until_day=UNTIL, horizon_days=HORIZON)
    found = model.silence_probability(replace(ORDERS, value_minor=value).summary(UNTIL))
    np.testing.assert_allclose(found, plain.silence_probability(NOW), atol=0.01)


def test_an_outcome_is_no_longer_than_half_of_the_history() -> None:
    long, longer = (fit_silence(VALUED, until_day=UNTIL, horizon_days=days) for days in (250_000, 350_000))
    assert long.weights == longer.weights
    assert long.n_origins == longer.n_origins == 4
    assert longer.silence_probability(NOW).mean() < long.silence_probability(NOW).mean()


def test_an_order_on_the_last_day_counts_and_on_the_first_does_not() -> None:
    orders = OrderDays(np.array([0, 1, 2]), np.array([10, 11, 21]), None, 3)
    assert orders.came(10, 20).tolist() == [False, True, False]
    assert orders.came(10, 21).tolist() == [False, True, True]


def test_settings_survive_json_to_the_last_bit() -> None:
    read = SilenceModel.from_settings(json.loads(json.dumps(MODEL.to_settings(), allow_nan=False)))
    assert read == MODEL
    np.testing.assert_array_equal(read.silence_probability(NOW), MODEL.silence_probability(NOW))


@pytest.mark.parametrize("change", [{"level": "much"}, {"unknown": 1}], ids=["a text", "one more"])
def test_settings_of_another_form_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(InputError, match="settings of a SilenceModel are of another form"):
        SilenceModel.from_settings({**MODEL.to_settings(), **change})
