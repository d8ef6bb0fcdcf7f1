"""The benchmark of timing: cut by time, judged on windows that are known, and ours beside the simple rules."""

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from experiments.benchmarks.timing import measure
from experiments.benchmarks.timing_cases import ORDERS, PRODUCTS, WINDOW_DAYS, read_parts, truth_of
from experiments.benchmarks.timing_judge import auc, gain, joined, judge
from experiments.benchmarks.timing_rivals import (
    Forecast,
    last_gap,
    naive_exponential,
    naive_normal,
    ours_orders,
    ours_products,
    recency,
)
from features.rhythm.gaps import History
from recsys.errors import NotEnoughDataError, SourceError

START = date(2020, 1, 1)
OPTIONS = {"seed": 1, "resamples": 200}


def log_of(folder: Path, n_days: int) -> Path:
    """60 members who order every 5 to 24 days, nearly on time; a third of them stop on the way."""
    rng = np.random.default_rng(7)
    rows = []
    for member in range(60):
        day, stop = member % 9, n_days if member % 3 else n_days // 2 + member
        while day < stop:
            rows.append((member + 100, START + timedelta(days=day)))
            day += max(1, int(5 + member % 20 + rng.integers(-1, 2)))
    folder.mkdir(exist_ok=True)
    pl.DataFrame(rows, schema=["cust", "date"], orient="row").write_parquet(folder / "groceryElog.parquet")
    return folder


@pytest.fixture(scope="module")
def regular(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return log_of(tmp_path_factory.mktemp("log") / "regular", 400)


@pytest.fixture(scope="module")
def facts(regular: Path) -> dict:
    return dict(measure(regular, OPTIONS).facts)


def test_windows_lie_within_their_part_and_the_test_is_last(regular: Path) -> None:
    parts = read_parts(regular)[ORDERS]
    stop = int(parts.history.day.max()) + 1
    assert max(parts.validation) + WINDOW_DAYS <= min(parts.test)
    assert max(parts.test) + WINDOW_DAYS == stop
    assert sorted(parts.test) == list(parts.test)


def test_the_wait_is_one_on_the_as_of_day_itself_and_endless_without_a_purchase() -> None:
    # Member 2 has family 1 on days 3 and 8; member 0 family 0 on day 4 only; member 5 is new on day 8.
    history = History.of(np.array([2, 2, 0, 5]), np.array([1, 1, 0, 1]), np.array([3, 8, 4, 8]))
    for as_of, wait in ((8, 1.0), (6, 3.0)):
        truth = truth_of(history, as_of)
        assert (truth.member.tolist(), truth.family.tolist()) == ([0, 2], [0, 1])
        assert truth.wait_days.tolist() == [np.inf, wait]


def test_cancelled_lines_and_postage_are_no_purchases(tmp_path: Path) -> None:
    days = [START + timedelta(days=3 * step) for step in range(120)]
    rows = [(f"I{step}", "a1" if step % 2 else "A1", day, 1, 2.0, 7) for step, day in enumerate(days)]
    other = [
        ("C1", "B2", days[5], -1, 2.0, 9),
        ("I900", "POST", days[6], 1, 2.0, 9),
        ("I901", "B2", days[9], 1, 0.0, 9),
    ]
    names = ["InvoiceNo", "StockCode", "InvoiceDate", "Quantity", "UnitPrice", "CustomerID"]
    pl.DataFrame(rows + other, schema=names, orient="row").write_parquet(tmp_path / "transactions.parquet")
    parts = read_parts(tmp_path)
    assert len(parts[PRODUCTS].history) == len(parts[ORDERS].history) == 120
    assert parts[PRODUCTS].history.family.max() == 0


def test_segments_of_one_category_are_one_family(tmp_path: Path) -> None:
    days = [START + timedelta(days=step) for step in range(0, 300, 3)]
    rows = [(1, day, 10 + step % 3) for step, day in enumerate(days)]
    schema = ["customer_id", "date", "segment_id"]
    pl.DataFrame(rows, schema=schema, orient="row").write_parquet(tmp_path / "baskets.parquet")
    codes = ["COD_AREA", "COD_MACROSET", "COD_SETT", "COD_REP", "COD_CATEG"]
    tree = [(10, "1", "1", "1", "1", "a"), (11, "1", "1", "1", "1", "a"), (12, "1", "1", "1", "1", "b")]
    pl.DataFrame(tree, schema=["segment_id", *codes], orient="row").write_parquet(tmp_path / "segments.parquet")
    history = read_parts(tmp_path)[PRODUCTS].history
    assert np.bincount(history.family).tolist() == [67, 33]


def test_a_perfect_forecast_has_no_loss_and_a_late_purchase_counts_as_the_last_day() -> None:
    history = History.of(np.array([0, 0, 1]), np.zeros(3, int), np.array([1, 12, 2]))
    truth = truth_of(history, 10)
    chance = np.zeros((2, WINDOW_DAYS))
    chance[0, 2:] = 1.0
    perfect = judge(Forecast(chance, np.array([3.0, float(WINDOW_DAYS)])), truth)
    assert perfect.losses["crps_days"].tolist() == [0.0, 0.0]
    assert perfect.losses["error_days"].tolist() == [0.0, 0.0]
    soon = judge(Forecast(chance, np.array([1.0, 1.0])), truth)
    assert soon.losses["error_days"].tolist() == [2.0, WINDOW_DAYS - 1.0]


def test_auc_counts_ties_half() -> None:
    # Pairs (happened, not): (.9,.9) tie, (.9,.1) won, (.2,.9) lost, (.2,.1) won.
    assert auc(np.array([0.9, 0.2, 0.9, 0.1]), np.array([True, True, False, False])) == 2.5 / 4


def test_the_gain_is_over_cases_and_its_interval_over_members() -> None:
    history = History.of(np.array([0, 0, 1]), np.array([0, 1, 0]), np.array([1, 2, 2]))
    truth = truth_of(history, 5)
    better = judge(Forecast(np.zeros((3, WINDOW_DAYS)), np.full(3, 42.0)), truth)
    worse = judge(Forecast(np.zeros((3, WINDOW_DAYS)), np.array([40.0, 39.0, 36.0])), truth)
    found = gain(better, worse, "error_days", resamples=500, rng=np.random.default_rng(1))
    assert found.mean == pytest.approx((2 + 3 + 6) / 3)
    assert (found.low, found.high) == (pytest.approx(2.5), pytest.approx(6.0))


@pytest.mark.parametrize("forecaster", [ours_orders, ours_products, recency, naive_exponential, naive_normal])
def test_chances_rise_with_the_day_and_stay_chances(forecaster, regular: Path) -> None:
    history = read_parts(regular)[ORDERS].history.before(18_500)
    found = forecaster(history, 18_500)
    assert found.chance.shape == (len(history.starts()), WINDOW_DAYS)
    assert (np.diff(found.chance, axis=1) >= -1e-12).all()
    assert found.chance.min() >= 0
    assert found.chance.max() <= 1
    assert found.wait_days.min() >= 1


def test_simple_rules_by_hand() -> None:
    # Member 0: gaps 4 and 10, silent for 5 whole days; member 3: one purchase, so everybody's mean of 7.
    history = History.of(np.array([0, 0, 0, 3]), np.zeros(4, int), np.array([0, 4, 14, 18]))
    assert naive_exponential(history, 20).wait_days.tolist() == [2.0, 6.0]
    assert naive_exponential(history, 20).chance[0, 6] == pytest.approx(1 - np.exp(-1))
    assert last_gap(history, 20).wait_days.tolist() == [5.0, 6.0]
    assert naive_normal(history, 20).wait_days.tolist() == [2.0, 6.0]


def test_recency_is_the_share_of_gaps_so_old_that_end_next_day() -> None:
    # Four members: gaps of 2, 2 and 5 days that ended, and silences of 1, 1, 1 and 9 whole days.
    member, day = np.array([0, 0, 1, 1, 2, 2, 3]), np.array([16, 18, 16, 18, 13, 18, 10])
    found = recency(History.of(member, np.zeros(7, int), day), 20)
    # At risk of ending on their 2nd day: the three that ended and the silence of nine; two did.
    assert found.chance[0, 0] == pytest.approx(2 / 4)
    assert found.chance[3, 0] == 0.0


def test_ours_beats_the_simple_rules_on_rhythms_that_are_regular(facts: dict) -> None:
    found = facts["orders"]
    assert set(found) >= {"ours", "naive_gap", "recency", "last_gap", "gain", "calibration", "validation"}
    assert found["gain"]["low"] > 0
    assert found["ours"]["auc_14"] > found["recency"]["auc_14"]
    assert found["ours"]["error_days"] < found["naive_gap"]["error_days"]


def test_the_gain_is_the_difference_of_the_rows(facts: dict) -> None:
    found = facts["orders"]
    rival = found["gain_over"]
    assert found["gain"]["mean"] == pytest.approx(found[rival]["crps_days"] - found["ours"]["crps_days"])


def test_what_happens_in_the_test_part_changes_no_forecast_of_validation(regular: Path, tmp_path: Path, facts) -> None:
    lines = pl.read_parquet(regular / "groceryElog.parquet")
    first_test = min(facts["orders"]["as_of_days"]["test"])
    late = pl.col("date").cast(pl.Int32) >= first_test
    last = lines["date"].max()
    shuffled = lines.with_columns(pl.when(late).then(pl.lit(last)).otherwise(pl.col("date")).alias("date"))
    shuffled.write_parquet(tmp_path / "groceryElog.parquet")
    again = measure(tmp_path, OPTIONS).facts
    assert again["orders"]["validation"] == facts["orders"]["validation"]
    assert again["orders"]["ours"] != facts["orders"]["ours"]


def test_joined_days_are_one_after_the_other(regular: Path) -> None:
    parts = read_parts(regular)[ORDERS]
    days = parts.validation[:1] * 2
    one, two = (judge(recency(parts.history.before(day), day), truth_of(parts.history, day)) for day in days)
    assert len(joined([one, two]).member) == 2 * len(one.member)


def test_a_short_log_and_a_folder_of_another_form_are_refused(tmp_path: Path) -> None:
    with pytest.raises(NotEnoughDataError, match="at least 224"):
        read_parts(log_of(tmp_path / "short", 100))
    with pytest.raises(SourceError, match="none of groceryElog"):
        read_parts(tmp_path)
    pl.DataFrame({"cust": [1]}).write_parquet(tmp_path / "groceryElog.parquet")
    with pytest.raises(SourceError, match="lacks a column"):
        read_parts(tmp_path)
