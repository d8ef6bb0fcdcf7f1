"""The chance of an order without any offer: better than the rate on a later window, or not used."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from training.response.known import MemberPast, known_at
from training.response.order_chance import fit_order_chance
from training.response_config import OrderChanceConfig

DAY = 86_400
CONFIG = OrderChanceConfig(min_rows=100, n_windows=8)


@pytest.fixture(scope="module")
def regular(dataset):
    """Every member orders on the dot, each after their own number of days; nobody is shown anything."""
    return with_orders(dataset, lambda member, days: days % (5 + member % 25) == member % 5)


def with_orders(dataset, ordered):
    lines = dataset.purchases
    member, day = np.divmod(np.arange(210 * 150), 150)
    kept = ordered(member, day)
    member, day, n = member[kept].astype(np.int32), day[kept], int(kept.sum())
    ones, numbers = np.ones(n, dtype=np.int32), np.arange(n, dtype=np.int32)
    at = dataset.cut_off - (150 - day) * DAY + 3_600
    return replace(
        dataset,
        purchases=replace(
            lines, member=member, product=member % 3, at=at, quantity=ones, paid_minor=ones.astype(np.int64),
            order=numbers,
        ),
        terms=replace(
            dataset.terms, discount_minor=np.zeros(n, dtype=np.int64), offer=-ones, channel=ones * 0, store=-ones
        ),
        exposures=dataset.exposures.head(0),
        redemptions=dataset.redemptions.head(0),
    )  # fmt: skip


def chances(dataset, config=CONFIG, days=7.0):
    past = MemberPast.of(dataset, days)
    now = known_at(past, np.arange(210), np.full(210, dataset.cut_off))
    return fit_order_chance(dataset, past, now, config=config, seed=1)


@pytest.fixture(scope="module")
def found(regular):
    return chances(regular)


def test_a_rhythm_is_better_known_than_a_rate(found):
    losses = found.facts["log_loss"]
    assert found.facts["applied"]
    assert losses["learnt"] < 0.8 * min(losses["rate"], losses["rate_corrected"])
    assert found.chance.dtype == np.float32
    assert ((found.chance > 0) & (found.chance < 1)).all()


def test_who_orders_within_the_week_has_the_higher_chance(found):
    member = np.arange(210)
    next_week = np.array([((np.arange(150, 157) % (5 + m % 25)) == m % 5).any() for m in member])
    assert found.chance[next_week].mean() > found.chance[~next_week].mean() + 0.3


def test_the_same_seed_gives_the_same_chances(regular, found):
    np.testing.assert_array_equal(chances(regular).chance, found.chance)


def test_where_the_last_window_contradicts_what_was_learnt_the_rate_is_used(dataset):
    """Even members order every third day, and odd ones never, until they change places."""
    turned = chances(with_orders(dataset, lambda member, day: (day % 3 == 0) & ((member % 2 == 0) == (day < 143))))
    assert not turned.facts["applied"]
    assert "no lower log loss" in turned.facts["reason"]
    assert np.isnan(turned.chance).all()


def test_windows_with_an_offer_do_not_count(regular, dataset):
    shown = pl.concat(
        [
            dataset.exposures.head(1).with_columns(
                member=pl.lit(member, dtype=pl.Int32), offer=pl.lit(0, dtype=pl.Int32),
                at=pl.lit(regular.cut_off - back * 7 * DAY, dtype=pl.Int64),
            )
            for member in range(210) for back in range(11)
        ]
    )  # fmt: skip
    contacted = chances(replace(regular, exposures=shown))
    assert not contacted.facts["applied"]
    assert "0 members without any offer" in contacted.facts["reason"]
    none = shown.with_columns(offer=pl.lit(-1, dtype=pl.Int32), offer_id=pl.lit("no_offer"))
    assert chances(replace(regular, exposures=none)).facts["applied"]


def test_nobody_ordering_is_no_chance_at_all_and_no_error(dataset):
    nobody = chances(with_orders(dataset, lambda member, day: (member == 0) & (day == 3)))
    assert not nobody.facts["applied"] or (nobody.chance < 0.05).all()


def test_it_can_be_switched_off(regular):
    off = chances(regular, OrderChanceConfig(enabled=False))
    assert np.isnan(off.chance).all()
    assert not off.facts["applied"]
