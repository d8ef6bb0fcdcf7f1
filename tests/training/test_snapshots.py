"""Honest windows: labels by hand, nothing after the cut, and a planted leak that is refused."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from features.dataset import Dataset
from features.purchases import Purchases
from recsys.errors import LeakError, NotEnoughDataError
from recsys.report import SILENT
from tests.training.shop import DAYS, START, write_shop
from tests.training.tiny import bought, write_tiny
from training.fit import fit_models
from training.reranker_config import RerankerConfig
from training.snapshots import Snapshot, snapshot_cut_offs, take_snapshot

DAY = 86_400
SETTINGS = RerankerConfig(window_days=7.0)


@pytest.fixture(scope="module")
def thrifty(quick):
    off = {"enabled": False}
    return quick.model_validate(quick.model_dump() | {"als": off, "lightfm": off})


def fitted_at(workspace, cut_off, config):
    return fit_models(Dataset.read(workspace, cut_off), config, 0, SILENT)


def snapshot_of(workspace, fitted, settings=SETTINGS, *, at=None, n_candidates=20, seed=0) -> Snapshot:
    at = workspace.now if at is None else at
    return take_snapshot(workspace, fitted, settings, n_candidates=n_candidates, at=at, seed=seed)


def test_windows_end_where_the_next_begins_the_latest_first():
    assert snapshot_cut_offs(100 * DAY, 3, 7.0) == (93 * DAY, 86 * DAY, 79 * DAY)


@pytest.fixture(scope="module")
def by_hand(tmp_path_factory):
    old = [bought(member, product, DAYS - 60 + member) for member in range(4) for product in (0, 1, 2)]
    new = [bought(*one) for one in ((0, 1, DAYS - 6), (0, 2, DAYS - 5), (1, 0, DAYS - 6), (2, 4, DAYS - 6))]
    late = [bought(3, 1, DAYS - 8)]  # before the window
    return write_tiny(tmp_path_factory.mktemp("hand") / "w", old + new + late, n_members=4)


@pytest.fixture(scope="module")
def taken(by_hand, thrifty):
    return snapshot_of(by_hand, fitted_at(by_hand, by_hand.now - 7 * DAY, thrifty))


class TestByHand:
    """Members 0 to 3 bought product 0 long ago; what they buy in the last week is the label."""

    def test_members_with_something_bought_of_what_was_proposed_are_the_groups(self, taken):
        # Member 2 bought what nobody had ever bought, so no source proposed it; member 3 bought nothing in the week.
        assert taken.n_members == 3
        assert len(taken.group_sizes) == 2
        assert taken.pool_recall == pytest.approx(2 / 3)

    def test_labels_are_what_was_bought_in_the_window(self, taken):
        groups = np.split(taken.labels, np.cumsum(taken.group_sizes)[:-1])
        assert [group.tolist() for group in groups] == [[False, True, True], [True, False, False]]

    def test_features_are_as_of_the_cut_off(self, taken):
        # Members 0 and 1 had bought everything once before the window and never since, as far as the models know.
        assert taken.features[:, taken.names.index("pair_orders")].tolist() == [1] * 6
        assert taken.features[:, taken.names.index("pair_days_since")].tolist() == [53] * 3 + [52] * 3

    def test_negatives_are_sampled_and_what_was_bought_is_kept(self, taken):
        few = taken.sampled(1, np.random.default_rng(0))
        assert few.group_sizes.tolist() == [3, 2]
        assert few.labels.sum() == taken.labels.sum() == 3
        none = taken.sampled(0, np.random.default_rng(0))
        assert none.group_sizes.tolist() == [2, 1]
        assert none.labels.all()
        bought_before = taken.features[taken.labels]
        np.testing.assert_array_equal(none.features, bought_before)


def test_members_are_capped(shop, thrifty):
    fitted = fitted_at(shop, shop.now - 14 * DAY, thrifty)
    assert snapshot_of(shop, fitted).n_members > 20
    assert snapshot_of(shop, fitted, SETTINGS.model_copy(update={"max_members": 20})).n_members == 20


def test_the_same_seed_draws_the_same_sample_and_another_another(shop, thrifty):
    taken = snapshot_of(shop, fitted_at(shop, shop.now - 14 * DAY, thrifty))
    one, same, other = (taken.sampled(3, np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.features, same.features)
    np.testing.assert_array_equal(one.group_sizes, np.minimum(taken.group_sizes, one.group_sizes))
    assert not np.array_equal(one.features, other.features, equal_nan=True)


def test_what_is_bought_after_the_window_changes_nothing(tmp_path, thrifty):
    """Same history, another ending: the snapshot is the same to the byte."""
    shop = write_shop(tmp_path / "w")
    cut_off = shop.now - 14 * DAY
    before = snapshot_of(shop, fitted_at(shop, cut_off, thrifty))
    part = shop.table_files("purchases")[0]
    frame = pl.read_parquet(part)
    late = frame["purchased_at"] >= START + timedelta(days=DAYS - 7)
    assert late.sum() > 100
    frame.with_columns(product_id=frame["product_id"].set(late, "p001")).write_parquet(part)
    after = snapshot_of(shop, fitted_at(shop, cut_off, thrifty))
    np.testing.assert_array_equal(after.features, before.features)
    np.testing.assert_array_equal(after.labels, before.labels)


def test_a_window_that_is_not_over_is_refused(shop, thrifty):
    fitted = fitted_at(shop, shop.now - 14 * DAY, thrifty)
    with pytest.raises(LeakError, match="does not end by"):
        snapshot_of(shop, fitted, at=shop.now - 7 * DAY - 1)


def test_models_that_saw_the_window_are_refused(shop, thrifty):
    """A leak is planted: one purchase of the window among those that the models learnt from."""
    honest = fitted_at(shop, shop.now - 14 * DAY, thrifty)
    known = honest.dataset.purchases
    latest = {name: getattr(known, name).copy() for name in Purchases.__slots__}
    latest["at"][7] = honest.dataset.cut_off
    planted = replace(honest, dataset=replace(honest.dataset, purchases=Purchases(**latest)))
    snapshot_of(shop, honest)
    with pytest.raises(LeakError, match="in the window that they are to foresee"):
        snapshot_of(shop, planted)


def test_a_window_without_a_purchase_is_not_enough(tmp_path, thrifty):
    shop = write_shop(tmp_path / "w")
    part = shop.table_files("purchases")[0]
    frame = pl.read_parquet(part)
    frame.filter(frame["purchased_at"] < START + timedelta(days=DAYS - 14)).write_parquet(part)
    with pytest.raises(NotEnoughDataError, match="bought a product on sale"):
        snapshot_of(shop, fitted_at(shop, shop.now - 14 * DAY, thrifty))
