"""What sells now, faster than before, in the same weeks last year, and where the member usually buys."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from features.dataset import Dataset
from tests.training.shop import START, member_row, product_row, write_rows
from tests.training.test_models import small
from training.models import local_popularity, seasonal, trending
from training.source_config import LocalPopularityConfig, RecentConfig, SeasonalConfig, TrendingConfig

ALL = np.ones(160, dtype=bool)


def first(scorer, member=0, k=3):
    rows, scores = scorer.best(np.array([member]), keep=ALL, k=k)
    return rows[0].tolist(), scores[0].tolist()


def spread(*groups):
    """(product, days before the cut-off, buyers) as purchases of members 0, 1, ... of each group."""
    member = [row for _, _, n in groups for row in range(n)]
    product = [product for product, _, n in groups for _ in range(n)]
    day = [when for _, when, n in groups for _ in range(n)]
    return member, product, day


def test_recent_buyers_fade_by_half(dataset):
    # Product 4: one buyer today and one a half-life ago; product 2: two buyers a half-life ago; 9: one of long ago.
    few = small(dataset, [0, 1, 0, 1, 2], [4, 4, 2, 2, 9], [0, 7, 7, 7, 70])
    rows, scores = first(trending.fit_recent(few, RecentConfig(half_life_days=7)))
    assert rows == [4, 2, 9]
    assert scores == pytest.approx([1.5, 1.0, 2**-10])


def test_a_buyer_counts_once_by_the_latest_purchase(dataset):
    few = small(dataset, [0, 0, 0], [4, 4, 4], [21, 14, 7])
    assert first(trending.fit_recent(few, RecentConfig(half_life_days=7)), k=1)[1] == [0.5]


def test_a_rise_is_shrunk_and_measured_against_all_sales(dataset):
    # Before: 40 buyers of product 1 and 20 of product 2; now 10 and 20. All sales halved, so 20 and 10 were expected.
    few = small(dataset, *spread((1, 10, 40), (2, 10, 20), (1, 3, 10), (2, 3, 20)))
    config = TrendingConfig(window_days=7, before_days=7, prior_buyers=20)
    rows, scores = first(trending.fit_trending(few, config))
    assert rows == [2, -1, -1]
    assert scores[0] == pytest.approx((20 + 20) / (10 + 20))


def test_two_sales_are_no_trend_beside_a_real_one(dataset):
    # Product 5 is new with two buyers; product 2 went from 30 to 60 while product 1 stays at 100.
    few = small(dataset, *spread((1, 10, 100), (2, 10, 30), (1, 3, 100), (2, 3, 60), (5, 3, 2)))
    rows, _ = first(trending.fit_trending(few, TrendingConfig(window_days=7, before_days=7)))
    assert rows[:2] == [2, 5]


def test_without_earlier_sales_nothing_is_a_trend(dataset):
    assert first(trending.fit_trending(small(dataset, [0, 1], [3, 3], [1, 2]), TrendingConfig()))[0] == [-1, -1, -1]


def test_the_season_is_that_of_the_coming_weeks_a_year_ago(dataset):
    # 364 days back begins the window: product 6 sold twice in it, 7 once, 8 before it, 9 last week only.
    few = small(dataset, [0, 1, 0, 0, 0], [6, 6, 7, 8, 9], [360, 350, 364, 370, 5])
    assert first(seasonal.fit(few, SeasonalConfig(window_days=28))) == (
        [6, 7, -1],
        pytest.approx([2, 1, np.nan], nan_ok=True),
    )


def test_a_history_that_begins_with_the_window_a_year_ago_has_a_season(dataset):
    assert first(seasonal.fit(small(dataset, [0], [6], [364]), SeasonalConfig()))[0] == [6, -1, -1]


def test_less_than_a_year_of_history_has_no_season(dataset):
    assert first(seasonal.fit(small(dataset, [0, 1], [6, 6], [363, 350]), SeasonalConfig()))[0] == [-1, -1, -1]


def located(dataset, store):
    return replace(dataset, members=dataset.members.with_columns(pl.Series("usual_store", store, dtype=pl.String)))


def test_a_store_has_its_own_list_and_leans_on_everybody(dataset):
    n = len(dataset.member_ids)
    few = located(small(dataset, *spread((1, 3, 6), (2, 3, 4))), ["east"] * 3 + ["west"] * (n - 4) + [None])
    scorer = local_popularity.fit(few, LocalPopularityConfig(prior_buyers=2), local_popularity.STORE)
    # West, the larger, is place 0: of its three buyers all took product 1 and one product 2; of all six, four.
    assert first(scorer, member=5, k=2) == ([1, 2], pytest.approx([1.0, (1 + 2 * 4 / 6) / (3 + 2)]))
    assert first(scorer, member=0, k=2) == ([1, 2], pytest.approx([1.0, (3 + 2 * 4 / 6) / (3 + 2)]))
    assert first(scorer, member=n - 1, k=2) == ([1, 2], pytest.approx([1.0, 4 / 6]))


def test_only_the_largest_places_have_lists_of_their_own(dataset):
    n = len(dataset.member_ids)
    few = located(small(dataset, *spread((1, 3, 6), (2, 3, 4))), ["east"] * 3 + ["west"] * (n - 3))
    scorer = local_popularity.fit(few, LocalPopularityConfig(max_places=1), local_popularity.STORE)
    assert scorer.scores.shape[0] == 2
    assert scorer.segment[[0, 5]].tolist() == [-1, 0]


def test_more_places_than_codes_can_tell_apart_are_refused():
    assert LocalPopularityConfig(max_places=np.iinfo(np.int16).max).max_places == 32_767
    with pytest.raises(ValueError, match="less than or equal to 32767"):
        LocalPopularityConfig(max_places=32_768)


def test_a_data_set_without_stores_gets_everybodys_list(dataset):
    scorer = local_popularity.fit(dataset, LocalPopularityConfig(), local_popularity.STORE)
    assert scorer.scores.shape[0] == 1


def line(number, member, store, channel, product="p003"):
    return {
        "purchase_id": f"b{number}", "order_id": f"o{number}", "member_id": member, "product_id": product,
        "quantity": 1, "paid_minor": 100, "discount_minor": 0, "channel": channel, "store_id": store,
        "offer_id": None,
    }  # fmt: skip


@pytest.fixture
def places(tmp_path):
    lines = [
        line(0, "m001", "east", "store") | {"purchased_at": START + timedelta(days=1)},
        line(1, "m001", "west", "store") | {"purchased_at": START + timedelta(days=2)},
        line(2, "m001", "west", None) | {"purchased_at": START + timedelta(days=3)},
        line(3, "m002", "west", None) | {"purchased_at": START + timedelta(days=1)},
        line(4, "m002", "east", None) | {"purchased_at": START + timedelta(days=2)},
        line(5, "m003", None, None) | {"purchased_at": START + timedelta(days=2)},
        line(6, "m001", "east", "web") | {"purchased_at": START + timedelta(days=30)},
        line(7, "m001", "east", "web") | {"purchased_at": START + timedelta(days=31)},
    ]
    rows = {
        "members": [member_row(row) for row in range(5)],
        "products": [product_row(3)],
        "purchases": lines,
    }
    workspace = write_rows(tmp_path / "w", rows, rng=np.random.default_rng(1))
    cut_off = int((START + timedelta(days=10)).timestamp())
    return {row["member_id"]: row for row in Dataset.read(workspace, cut_off).members.to_dicts()}


def test_the_usual_place_is_that_of_most_lines_before_the_cut_off(places):
    assert (places["m001"]["usual_channel"], places["m001"]["usual_store"]) == ("store", "west")


def test_equal_places_are_told_apart_by_name_and_none_is_null(places):
    assert (places["m002"]["usual_channel"], places["m002"]["usual_store"]) == (None, "east")
    assert (places["m003"]["usual_channel"], places["m003"]["usual_store"]) == (None, None)


def test_the_dataset_knows_where_its_members_buy(dataset):
    assert dataset.members["usual_channel"].drop_nulls().unique().to_list() == ["store"]
    assert dataset.members["member_id"].to_list() == sorted(dataset.members["member_id"].to_list())
