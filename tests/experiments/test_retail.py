"""The benchmark on receipts: both forms are cut where they should be, and ours is judged beside every floor."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from experiments.benchmarks.retail import run
from experiments.benchmarks.retail_cases import RetailSet, read_retail_set
from recsys.errors import InputError, NotEnoughDataError, SourceError
from recsys.report import SILENT

START = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
def receipts(tmp_path: Path) -> Path:
    """40 members buy one of two favourites and a random product every 8 days or so, for 200 days."""
    rng = np.random.default_rng(3)
    rows = []
    for member in range(40):
        for visit in range(25):
            at = START + timedelta(days=8 * visit + float(rng.random()), minutes=member)
            codes = (f"P{member % 6}", f"P{6 + (member + visit) % 2}", f"P{rng.integers(8, 30)}")
            rows += [
                (f"I{member}-{visit}", code, f"thing {code}", 1, at, 2.5, 100 + member, "France") for code in codes
            ]
    names = ["InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country"]
    folder = tmp_path / "receipts"
    folder.mkdir()
    pl.DataFrame(rows, schema=names, orient="row").write_parquet(folder / "transactions.parquet")
    return folder


@pytest.fixture
def early_and_last(tmp_path: Path) -> Path:
    """Households 1 to 30 have early baskets, 31 and 32 only a last one; odd ones are validation, even ones test."""
    rng = np.random.default_rng(5)
    rows = []
    for household in range(1, 33):
        if household <= 30:
            for basket in range(10):
                products = (household % 7, 10 + int(rng.integers(0, 20)))
                rows += [(household, 1_000 * household + basket, 2 + 5 * basket, one, "early") for one in products]
        part = "last_valid" if household % 2 else "last_test"
        rows += [(household, 1_000 * household + 99, 600, product, part) for product in (household % 7, 999)]
    folder = tmp_path / "journey"
    (folder / "raw_two_year").mkdir(parents=True)
    columns = ["household_key", "BASKET_ID", "DAY", "PRODUCT_ID", "part"]
    lines = pl.DataFrame(rows, schema=columns, orient="row")
    lines.write_parquet(folder / "raw_two_year" / "baskets_early_and_last.parquet")
    return folder


def read(folder: Path, tmp_path: Path) -> RetailSet:
    return read_retail_set(folder, tmp_path / "work", validation_days=20, test_days=30, progress=SILENT)


def test_receipts_are_cut_by_time_and_nothing_of_a_window_is_known_before_it(receipts: Path, tmp_path: Path) -> None:
    read_set = read(receipts, tmp_path)
    before, later = read_set.validation.dataset, read_set.test.dataset
    assert read_set.form == "receipts"
    assert later.cut_off - before.cut_off == 20 * 86_400
    assert before.purchases.at.max() < before.cut_off
    assert later.purchases.at.max() < later.cut_off
    assert len(later.purchases) > len(before.purchases)


def test_the_last_basket_of_a_household_is_truth_and_never_history(early_and_last: Path, tmp_path: Path) -> None:
    read_set = read(early_and_last, tmp_path)
    dataset, asked = read_set.test.dataset, read_set.test
    assert read_set.form == "early_and_last"
    assert len(dataset.purchases) == 30 * 10 * 2
    assert dataset.product_ids.rows(["999"]).tolist() == [-1]
    households = {int(name) for name in dataset.member_ids.ids(np.unique(asked.member))}
    assert households == set(range(2, 31, 2))
    assert asked.n_unknown == 1
    theirs = dict(zip(dataset.member_ids.ids(asked.member), dataset.product_ids.ids(asked.product), strict=True))
    assert theirs["8"] == "1"


@pytest.mark.parametrize("form", ["receipts", "early_and_last"])
def test_ours_stands_beside_every_floor_and_library(form: str, request: pytest.FixtureRequest) -> None:
    folder = request.getfixturevalue(form)
    report = run({"data": folder, "resamples": 100, "validation_days": 20, "test_days": 30})
    rows = report.facts["cases"]["all"]["rows"]
    assert {"popular_7_days", "popular_28_days", "own_frequency_then_popular", "item_neighbours"} <= set(rows)
    assert {"implicit_als", "implicit_bpr", "lightfm_warp", "blend"} <= set(rows)
    best = report.facts["best_floor"]
    ours, floor = rows["blend"]["ndcg_at_10"], rows[best]["ndcg_at_10"]
    assert report.facts["ours"]["ndcg_at_10"] == pytest.approx(ours - floor)
    assert report.facts["ours"]["low"] <= report.facts["ours"]["ndcg_at_10"] <= report.facts["ours"]["high"]
    assert floor == max(row["ndcg_at_10"] for row in report.facts["floors"].values())


def test_the_same_folder_gives_the_same_figures_twice(early_and_last: Path) -> None:
    options = {"data": early_and_last, "resamples": 100}
    first, second = (run(options).facts["cases"]["all"]["rows"]["blend"]["ndcg_at_10"] for _ in range(2))
    assert first == second


def test_a_folder_of_neither_form_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="has neither"):
        run({"data": tmp_path})


def test_a_folder_is_needed() -> None:
    with pytest.raises(InputError, match="needs --data DIR"):
        run({})


def test_last_baskets_of_strangers_only_are_not_enough(early_and_last: Path, tmp_path: Path) -> None:
    file = early_and_last / "raw_two_year" / "baskets_early_and_last.parquet"
    lines = pl.read_parquet(file)
    lines.filter((pl.col("part") != "last_test") | (pl.col("household_key") > 30)).write_parquet(file)
    with pytest.raises(NotEnoughDataError, match="no household of last_test"):
        read(early_and_last, tmp_path)


def test_a_missing_column_is_named(early_and_last: Path, tmp_path: Path) -> None:
    file = early_and_last / "raw_two_year" / "baskets_early_and_last.parquet"
    pl.read_parquet(file).drop("DAY").write_parquet(file)
    with pytest.raises(SourceError, match="lacks the columns DAY"):
        read(early_and_last, tmp_path)


def test_a_missing_column_of_the_catalogue_is_named(early_and_last: Path, tmp_path: Path) -> None:
    pl.DataFrame({"product_id": [1], "manufacturer_id": [7]}).write_parquet(early_and_last / "products.parquet")
    with pytest.raises(SourceError, match=r"products\.parquet lacks the columns product_category"):
        read(early_and_last, tmp_path)
