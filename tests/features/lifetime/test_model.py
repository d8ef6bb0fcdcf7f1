"""The lifetime model as one value: what it holds, what it refuses, and that settings survive."""

import json

import numpy as np
import pytest

from features.lifetime.counts import Leaving
from features.lifetime.model import LifetimeModel
from features.lifetime.summary import PurchaseSummary, summarise
from recsys.errors import InputError, NotEnoughDataError
from tests.features.lifetime.histories import simulated_orders, simulated_summary

ORDERS = simulated_orders(1500)
VALUE = np.random.default_rng(2).gamma(4, 600, len(ORDERS.day)).astype(np.int64) + 1
SUMMARY = summarise(ORDERS.member, ORDERS.day, VALUE, n_members=1500, until_day=400_000)
MODEL = LifetimeModel.fit(SUMMARY)
PLAIN = LifetimeModel.fit(simulated_summary(800), leaving=Leaving.BG)


def worth(margin: np.ndarray | float) -> np.ndarray:
    rng = np.random.default_rng(0)
    value = MODEL.lifetime_value(SUMMARY, 90_000, rng=rng, yearly_discount=0, n_draws=20, margin_rate=margin)
    return np.stack([value.low, value.mean, value.high])


def test_settings_survive_json_to_the_last_bit() -> None:
    for model in (MODEL, PLAIN):
        read = LifetimeModel.from_settings(json.loads(json.dumps(model.to_settings(), allow_nan=False)))
        assert read == model
        np.testing.assert_array_equal(read.expected_purchases(SUMMARY, 50), model.expected_purchases(SUMMARY, 50))


@pytest.mark.parametrize(
    "change",
    [{"counts": None}, {"pickle": "x"}, {"counts": {**PLAIN.to_settings()["counts"], "q": 1}}],
    ids=["missing", "one more", "one more within"],
)
def test_settings_of_another_form_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(InputError, match="settings of a LifetimeModel are of another form"):
        LifetimeModel.from_settings({**PLAIN.to_settings(), **change})


def test_without_values_there_is_no_spend() -> None:
    assert (PLAIN.spend, PLAIN.correlation, PLAIN.counts.name) == (None, None, "BG/NBD")
    with pytest.raises(NotEnoughDataError, match="fitted on orders without values"):
        PLAIN.order_value(SUMMARY)
    with pytest.raises(NotEnoughDataError, match="fitted on orders without values"):
        PLAIN.lifetime_value(SUMMARY, 90, rng=np.random.default_rng(0))


def test_how_often_and_how_dear_are_held_to_be_independent_and_checked() -> None:
    assert MODEL.correlation is not None
    assert abs(MODEL.correlation) < 0.15


def test_margin_is_a_share_of_value_one_for_all_or_one_each() -> None:
    whole = worth(1.0)
    np.testing.assert_allclose(worth(0.25), whole * 0.25)
    shares = np.linspace(0.1, 0.5, len(SUMMARY))
    np.testing.assert_allclose(worth(shares), whole * shares)


def test_the_likeliest_regularity_is_taken_where_several_are_asked_for() -> None:
    assert LifetimeModel.fit(simulated_summary(1500, k=2), ks=(1, 2, 3)).counts.name == "MBG/CNBD-2"


def test_every_forecast_has_one_row_a_member() -> None:
    some = SUMMARY.take(np.arange(7))
    assert MODEL.purchase_probability(some, 90).shape == (7,)
    assert MODEL.purchase_forecast(some, 90).high.shape == (7,)
    assert MODEL.order_value(some).shape == (7,)
    assert MODEL.total_forecast(some, 90).mean == pytest.approx(MODEL.expected_purchases(some, 90).sum(), rel=1e-6)


def test_inputs_are_not_changed() -> None:
    before = [getattr(SUMMARY, name).copy() for name in PurchaseSummary.__slots__]
    worth(1.0)
    MODEL.purchase_probability(SUMMARY, 10)
    for name, column in zip(PurchaseSummary.__slots__, before, strict=True):
        np.testing.assert_array_equal(getattr(SUMMARY, name), column)
