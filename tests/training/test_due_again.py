"""What is due again: rhythm, lateness, and what stands in where a member, product or family says little."""

import math
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from tests.training.test_models import small
from training.models import due_again
from training.source_config import DueAgainConfig


def chances(dataset, config=None):
    """The chance of every (member, product) that is ranked."""
    scorer = due_again.fit(dataset, DueAgainConfig() if config is None else config)
    pairs = zip(scorer.products.owners().tolist(), scorer.products.values.tolist(), strict=True)
    return dict(zip(pairs, scorer.weights.tolist(), strict=True))


def regular(every, n, last):
    """Days before the cut-off of *n* purchases, the latest *last* days ago."""
    return [last + every * step for step in range(n)]


def without_shape():
    return DueAgainConfig(prior_shape_events=1e12)


def test_a_chance_is_the_lomax_one_where_gaps_have_no_shape(dataset):
    # The only product: repeats on days 40 and 30, then 30 days of silence; a second buyer has one purchase 20 days ago.
    one = small(dataset, [0, 0, 0, 1], [5, 5, 5, 5], [50, 40, 30, 20])
    config = DueAgainConfig(
        prior_shape_events=1e12, half_life_days=1e9, prior_repeats=2, prior_product_repeats=4, prior_family_repeats=8
    )
    overall = (2 + 1) / (70 + 1)
    of_family = (2 + 8) / (70 + 8 / overall)
    of_product = (2 + 4) / (70 + 4 / of_family)
    found = chances(one, config)
    for member, repeats, days, silent in ((0, 2, 20, 30), (1, 0, 0, 20)):
        posterior = days + 2 / of_product
        still_silent = ((posterior + silent) / (posterior + silent + 14)) ** (repeats + 2)
        assert found[member, 5] == pytest.approx(1 - still_silent, rel=1e-5)


def test_a_rhythm_is_due_when_its_gap_is_over(dataset):
    # Sixty members buy every thirty days; at the cut-off one has just bought and one is on time.
    member = np.repeat(np.arange(62), 6).tolist()
    when = [day for row in range(60) for day in regular(30, 6, row % 30)] + regular(30, 6, 1) + regular(30, 6, 25)
    found = chances(small(dataset, member, [7] * len(when), when))
    assert found[61, 7] > 2 * found[60, 7]


def test_who_bought_once_has_no_rhythm_however_regular_others_begin(dataset):
    # Ten members bought again after ten days; member 20 once, eight days ago.
    few = small(dataset, [*np.repeat(np.arange(10), 2).tolist(), 20], [5] * 21, [20, 10] * 10 + [8])
    assert chances(few, DueAgainConfig(prior_shape_events=1))[20, 5] == pytest.approx(
        chances(few, without_shape())[20, 5], rel=1e-6
    )


def test_first_gaps_say_nothing_of_the_shape_of_later_ones(dataset):
    # With priors this small, what others buy twice, the second time today, changes no rate of product 5.
    config = DueAgainConfig(prior_family_repeats=1e-9, prior_product_repeats=1e-9, prior_shape_events=5)
    member, when = np.repeat(np.arange(10), 6).tolist(), regular(10, 6, 4) * 10
    alone = chances(small(dataset, member, [5] * 60, when), config)
    beside = small(dataset, member + np.repeat(np.arange(30), 2).tolist(), [5] * 60 + [4] * 60, when + [30, 0.5] * 30)
    assert chances(beside, config)[0, 5] == pytest.approx(alone[0, 5], rel=1e-5)


def test_a_long_silence_is_worth_less_than_a_short_one(dataset):
    found = chances(small(dataset, [0] * 4 + [1] * 4, [3] * 8, regular(5, 4, 3) + regular(5, 4, 100)), without_shape())
    assert found[0, 3] > found[1, 3]


def test_what_others_buy_again_is_due_for_who_bought_it_once(dataset):
    # Product 4 is bought again by all, product 9 by nobody. Member 20 has each once, on one day.
    member = [*np.repeat(np.arange(20), 6).tolist(), *range(20), 20, 20]
    when = regular(10, 6, 2) * 20 + [90] * 20 + [12, 12]
    found = chances(small(dataset, member, [4] * 120 + [9] * 20 + [4, 9], when))
    assert found[20, 4] > 2 * found[20, 9]


def test_a_product_sold_once_leans_on_its_family(dataset):
    # Products 0 and 8 are of category c0, bought again; 1 and 5 of c1, not. Member 20 alone has 8 and 1, each once.
    member = [*np.repeat(np.arange(20), 5).tolist(), *range(20), 20, 20]
    when = regular(9, 5, 1) * 20 + [90] * 20 + [15, 15]
    config = DueAgainConfig(prior_family_repeats=5)
    found = chances(small(dataset, member, [0] * 100 + [5] * 20 + [8, 1], when), config)
    assert found[20, 8] > 2 * found[20, 1]


def test_a_catalogue_half_without_categories_ranks_all_the_same(dataset):
    half = pl.when(pl.int_range(pl.len()) % 2 == 0).then("category")
    products = dataset.products.with_columns(half.alias("category"))
    few = small(dataset, [0, 0, 0, 0, 2], [1, 1, 2, 3, 3], [9, 4, 8, 30, 40])
    found = chances(replace(few, products=products))
    assert set(found) == {(0, 1), (0, 2), (0, 3), (2, 3)}
    assert all(0 < chance < 1 for chance in found.values())


def test_purchases_of_one_day_before_the_cut_off_are_one(dataset):
    twice = small(dataset, [0, 0, 0], [5, 5, 5], [30, 10.5, 10.25])
    once = small(dataset, [0, 0], [5, 5], [30, 10.5])
    over_midnight = small(dataset, [0, 0, 0], [5, 5, 5], [30, 11.1, 10.9])
    assert chances(twice) == chances(once) != chances(over_midnight)


def test_a_set_of_one_instant_has_finite_chances(dataset):
    found = chances(small(dataset, [0, 1, 1], [5, 5, 6], [3, 3, 3]))
    assert set(found) == {(0, 5), (1, 5), (1, 6)}
    assert all(math.isfinite(chance) and 0 < chance <= 1 for chance in found.values())


def test_nothing_bought_ranks_nothing(dataset):
    scorer = due_again.fit(small(dataset, [], [], []), DueAgainConfig())
    assert scorer.best(np.array([0, 3]), keep=np.ones(160, dtype=bool), k=2)[0].tolist() == [[-1, -1], [-1, -1]]


def test_it_ranks_what_the_member_bought_and_nothing_else(dataset):
    scorer = due_again.fit(dataset, DueAgainConfig())
    rows, scores = scorer.best(np.array([7]), keep=np.ones(160, dtype=bool), k=160)
    own = np.unique(dataset.purchases.product[dataset.purchases.member == 7])
    assert sorted(rows[0][rows[0] >= 0].tolist()) == own.tolist()
    assert (np.diff(scores[0][: len(own)]) <= 0).all()
