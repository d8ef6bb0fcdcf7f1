"""The bench of lifetime value: which parts measure a folder, what they say, and the published figures."""

import json
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import roc_auc_score

from experiments.benchmarks import clv, clv_lifetime, run
from experiments.benchmarks.clv_cases import auc, auc_gain, read_lifetime_case
from recsys.errors import InputError, NotEnoughDataError, SourceError
from recsys.report import Report, Table

OPTIONS = {"seed": 3, "resamples": 20}


def write_log(folder: Path, *, name: str = "cdnow_sample.parquet", n_members: int = 300, days: int = 400) -> None:
    """Buyers whose rate is their own; every seventh joins after the calibration."""
    rng = np.random.default_rng(5)
    rows = []
    for member in range(n_members):
        day = int(rng.integers(300, 380)) if member % 7 == 6 else int(rng.integers(0, 60)) * (member > 0)
        rate, leave = rng.gamma(0.8, 1 / 40), rng.beta(1.0, 4.0)
        while day < days:
            rows.append((member * 10 + 4, date(1997, 1, 1) + timedelta(days=day), float(rng.gamma(4, 8))))
            if rng.random() < leave:
                break
            day += 1 + int(rng.exponential(1 / rate))
    frame = pl.DataFrame(rows, schema=["sample_customer_id", "date", "amount_usd"], orient="row")
    if name != "cdnow_sample.parquet":
        frame = frame.rename({"sample_customer_id": "cust"}).drop("amount_usd")
    frame.sample(fraction=1, shuffle=True, seed=1).write_parquet(folder / name)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop")
    write_log(folder)
    return folder


def test_it_needs_a_folder() -> None:
    with pytest.raises(InputError, match="clv needs --data DIR"):
        run("clv", {})


def test_a_folder_without_a_known_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"holds none of cdnow_sample\.parquet, groceryElog\.parquet"):
        run("clv", {"data": tmp_path})


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("cdnow_sample.parquet", ("clv_lifetime",)),
        ("groceryElog.parquet", ("clv_lifetime", "timing")),
        ("transactions.parquet", ("timing",)),
        ("baskets.parquet", ("timing",)),
    ],
    ids=["cdnow", "grocery", "receipts", "baskets"],
)
def test_a_folder_is_known_by_its_file(tmp_path: Path, name: str, parts: tuple[str, ...]) -> None:
    (tmp_path / name).touch()
    assert clv.parts_of(tmp_path) == parts


def test_parts_of_a_report_stand_side_by_side() -> None:
    first = Report({"a": 1}, (Table("first", ("x",), ((1,),)),), ("one",))
    second = Report({"b": 2}, (Table("second", ("y",), ((2,),)),), ("two",))
    report = clv.joined({"set": "shop"}, [first, second])
    assert report.facts == {"set": "shop", "a": 1, "b": 2}
    assert [table.title for table in report.tables] == ["first", "second"]
    assert report.notes == ("one", "two")


def test_a_log_with_amounts_is_reported_whole(log: Path) -> None:
    report = run("clv", {"data": log, **OPTIONS})
    facts = json.loads(json.dumps(report.facts, allow_nan=False))
    assert facts["benchmark"] == "clv"
    assert {"r", "alpha", "a", "b"} <= set(facts["bg_nbd"])
    assert {"p", "q", "v"} <= set(facts["gamma_gamma"])
    assert {"holdout_corr", "churn_auc", "recency_auc", "fit_s", "peak_rss_mb", "all_fits_cpu_s"} <= set(facts)
    assert facts["churn_auc_gain"]["low"] <= facts["churn_auc_gain"]["high"]
    assert facts["value"]["expected"] > 0
    assert sum(one["n_trials"] for one in facts["silence"]["bins"]) == facts["n_members"]
    assert facts["total"]["low"] < facts["total"]["mean"] < facts["total"]["high"]


def test_a_log_without_amounts_has_counts_alone(tmp_path: Path) -> None:
    write_log(tmp_path, name="groceryElog.parquet", days=500)
    facts = clv_lifetime.measure(tmp_path, OPTIONS).facts
    assert "gamma_gamma" not in facts
    assert (facts["calibration_days"], facts["horizon_days"]) == (365, 135)
    assert 0 <= facts["churn_auc"] <= 1


def test_the_same_folder_and_seed_give_the_same_figures(log: Path) -> None:
    first, second = (dict(clv_lifetime.measure(log, OPTIONS).facts) for _ in range(2))
    for cost in ("fit_s", "all_fits_cpu_s", "silence_fit_cpu_s", "peak_rss_mb"):
        first.pop(cost), second.pop(cost)
    assert first == second


def test_who_joins_after_the_calibration_is_left_out(log: Path) -> None:
    case = read_lifetime_case(log)
    assert case.n_late == 300 // 7
    assert len(case.summary()) == 300 - 300 // 7
    assert case.summary().bought().all()


def test_what_comes_after_the_calibration_does_not_move_a_fit(log: Path, tmp_path: Path) -> None:
    orders = pl.read_parquet(log / "cdnow_sample.parquet")
    later = pl.col("date") >= date(1997, 10, 1)
    changed = orders.filter(~later | (pl.col("sample_customer_id") % 20 == 4))
    assert len(changed) < len(orders)
    changed.write_parquet(tmp_path / "cdnow_sample.parquet")
    whole, cut = (clv_lifetime.measure(folder, OPTIONS).facts for folder in (log, tmp_path))
    assert whole["bg_nbd"] == cut["bg_nbd"]
    assert whole["gamma_gamma"] == cut["gamma_gamma"]
    assert whole["silence"]["predicted_share"] == cut["silence"]["predicted_share"]
    assert whole["total"]["actual"] > cut["total"]["actual"]


def test_orders_after_the_calibration_are_counted_in_days(tmp_path: Path) -> None:
    days = [0, 272, 273, 273, 300, 545, 546]
    frame = pl.DataFrame(
        {
            "sample_customer_id": [4] * 7 + [9],
            "date": [date(1997, 1, 1) + timedelta(days=day) for day in [*days, 20]],
            "amount_usd": [1.0, 2.0, 3.0, 4.0, 5.0, 6.5, 7.0, 9.0],
        }
    )
    frame.write_parquet(tmp_path / "cdnow_sample.parquet")
    case = read_lifetime_case(tmp_path)
    orders, worth = case.came()
    assert case.summary().repeats.tolist() == [1, 0]
    assert orders.tolist() == [3, 0]
    assert worth.tolist() == [1850.0, 0.0]


def test_a_log_that_ends_too_early_is_refused(tmp_path: Path) -> None:
    write_log(tmp_path, n_members=20, days=100)
    with pytest.raises(NotEnoughDataError, match="the calibration alone is 273 days"):
        read_lifetime_case(tmp_path)


def test_the_area_is_that_of_an_independent_judge() -> None:
    rng = np.random.default_rng(2)
    score, happened = rng.integers(0, 9, 200).astype(np.float64), rng.random(200) < 0.3
    assert auc(score, happened) == pytest.approx(roc_auc_score(happened, score))


def test_the_area_of_one_outcome_alone_is_not_a_number() -> None:
    assert np.isnan(auc(np.arange(3.0), np.ones(3, dtype=np.bool_)))


def test_a_better_score_gains_and_the_same_score_gains_nothing() -> None:
    rng = np.random.default_rng(0)
    happened = rng.random(300) < 0.4
    noise = rng.random(300)
    better = auc_gain(noise + happened, noise, happened, n_resamples=50, rng=rng)
    assert better.low > 0.2
    same = auc_gain(noise, noise, happened, n_resamples=50, rng=rng)
    assert (same.mean, same.low, same.high) == (0.0, 0.0, 0.0)


def test_the_published_figures_come_out(public_data: Path) -> None:
    facts = clv_lifetime.measure(public_data / "clv_cdnow", {"seed": 1, "resamples": 20}).facts
    published = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}
    assert {name: round(facts["bg_nbd"][name], 3) for name in published} == published
    assert facts["bg_nbd"]["log_likelihood"] == pytest.approx(-9582.43, abs=0.005)
    assert [round(facts["gamma_gamma"][name], 2) for name in "pqv"] == [6.25, 3.74, 15.44]
    assert round(facts["frequency_value_corr"], 3) == 0.114
    assert round(facts["models"]["BG/NBD"]["holdout_corr"], 3) == 0.626
    assert facts["holdout_corr"] == facts["models"]["MBG/NBD"]["holdout_corr"]
    assert round(facts["models"]["BG/NBD"]["expected_auc"], 3) == 0.773
    assert facts["total"]["actual"] == 1882
    assert round(facts["models"]["BG/NBD"]["expected_total"]) == 1653
