"""The alarm: a fact planted from the cut-off or later stops training, whatever table it is in."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from features.dataset import Dataset
from recsys.errors import LeakError
from recsys.report import SILENT
from tests.training.shop import DAYS, START
from training import leaks
from training.build import build_bundle
from training.leaks import check_dataset, read_before
from training.pipeline import judge

DAY = 86_400


@pytest.fixture(scope="module")
def early(shop) -> Dataset:
    return Dataset.read(shop, shop.now - 14 * DAY)


def check(dataset, shop, cut_off=None):
    check_dataset(dataset, dataset.cut_off if cut_off is None else cut_off, now=shop.now)


def test_what_the_door_lets_through_raises_no_alarm(shop, dataset, early):
    check(dataset, shop)
    check(early, shop)
    assert read_before(shop, early.cut_off).digest == early.digest


def test_a_dataset_of_a_later_cut_off_is_found(shop, dataset, early):
    with pytest.raises(LeakError, match=r"own cut-off is .*2024-07-29.*purchases: \d+ lines, the latest at 2024-07-28"):
        check(dataset, shop, cut_off=early.cut_off)


def test_one_purchase_at_the_cut_off_itself_is_found(shop, early):
    at = early.purchases.at.copy()
    at[7] = early.cut_off
    with pytest.raises(LeakError, match=r"purchases: 1 lines, the latest at 2024-07-15 00:00:00Z"):
        check(replace(early, purchases=replace(early.purchases, at=at)), shop)


@pytest.mark.parametrize(
    ("table", "column"),
    [("members", "joined_at"), ("exposures", "exposed_at"), ("redemptions", "redeemed_at")],
)
def test_one_late_instant_in_another_table_is_found(shop, early, table, column):
    frame = getattr(early, table)
    late = frame.with_row_index("row").with_columns(
        pl.when(pl.col("row") == 3).then(START + timedelta(days=DAYS - 1)).otherwise(pl.col(column)).alias(column)
    )
    with pytest.raises(LeakError, match=rf"{table}\.{column}: 1 rows, the latest at 2024-07-28 00:00:00Z"):
        check(replace(early, **{table: late.drop("row")}), shop)


@pytest.mark.parametrize("table", ["exposures", "redemptions", "events"])
def test_an_epoch_at_the_cut_off_itself_is_found(shop, early, table):
    rows = pl.DataFrame({"at": [early.cut_off - 1, early.cut_off]})
    frame = rows if table == "events" else rows.with_columns(exposed_at=None, redeemed_at=None)
    frame = frame.with_columns(pl.col(pl.Null).cast(pl.Datetime("us", "UTC")))
    with pytest.raises(LeakError, match=rf"{table}\.at: 1 rows"):
        check(replace(early, **{table: frame}), shop)


@pytest.mark.parametrize(
    ("table", "column"), [("returns", "at"), ("returns", "bought_at"), ("points_entries", "at"), ("tier_changes", "at")]
)
def test_a_return_points_or_a_tier_at_the_cut_off_itself_are_found(shop, early, table, column):
    dated = {"at": [early.cut_off - 5, early.cut_off - 1], "bought_at": [early.cut_off - 9, early.cut_off - 8]}
    frame = pl.DataFrame(dated if table == "returns" else {"at": dated["at"]})
    check(replace(early, **{table: frame}), shop)
    late = frame.with_columns(pl.Series(column, [early.cut_off, early.cut_off - 8]))
    with pytest.raises(LeakError, match=rf": {table}\.{column}: 1 rows, the latest at 2024-07-15 00:00:00Z\. "):
        check(replace(early, **{table: late}), shop)


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [("products", "price_minor", 5), ("products", "cost_minor", 5), ("products", "stock", 0), ("members", "points", 1)],
)
def test_what_is_known_as_of_the_ingest_only_is_found(shop, early, table, column, value):
    frame = getattr(early, table)
    planted = frame.with_columns(pl.lit(value, dtype=frame.schema[column]).alias(column))
    with pytest.raises(LeakError, match=rf"{table}\.{column} holds"):
        check(replace(early, **{table: planted}), shop)


def test_todays_tier_is_found_at_an_earlier_cut_off_and_belongs_at_the_last(shop, dataset, early):
    tiers = early.members.with_columns(tier=dataset.members["tier"])
    with pytest.raises(LeakError, match=r"members\.tier holds values"):
        check(replace(early, members=tiers), shop)
    assert dataset.members["tier"].null_count() == 0


class TestPlantedInTheDoor:
    """`judge` and `build_bundle` look at what they are given, not at who gave it."""

    @pytest.fixture
    def leaky(self, monkeypatch):
        def plant(of):
            read = Dataset.read
            monkeypatch.setattr(leaks.Dataset, "read", lambda workspace, cut_off, **kept: of(read, workspace, cut_off))

        return plant

    def test_a_door_that_reads_past_the_window_stops_the_judgement(self, shop, quick, leaky):
        leaky(lambda read, workspace, cut_off: replace(read(workspace, workspace.now), cut_off=cut_off))
        with pytest.raises(LeakError, match=r"purchases: \d+ lines.*nothing was fitted"):
            judge(shop, quick, seed=0, progress=SILENT)

    def test_it_is_found_before_the_test_window_too(self, shop, quick, leaky):
        test_at = shop.now - 14 * DAY

        def late_at_the_test_window(read, workspace, cut_off):
            late = workspace.now if cut_off == test_at else cut_off
            return replace(read(workspace, late), cut_off=cut_off)

        leaky(late_at_the_test_window)
        with pytest.raises(LeakError, match=r"cut-off .*2024-07-15"):
            judge(shop, quick, seed=0, progress=SILENT)

    def test_it_stops_the_bundle(self, shop, quick, leaky):
        def from_tomorrow(read, workspace, cut_off):
            early = read(workspace, cut_off)
            return replace(early, purchases=replace(early.purchases, at=early.purchases.at + np.int64(DAY)))

        leaky(from_tomorrow)
        with pytest.raises(LeakError, match="not strictly before the cut-off"):
            build_bundle(shop, quick, {}, seed=0, run_id="r", git_sha="g", progress=SILENT)
