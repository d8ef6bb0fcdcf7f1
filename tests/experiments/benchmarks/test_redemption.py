"""The bench of redemptions: campaigns parted by time, blind to the test's outcomes, and a taste that is found."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from experiments.benchmarks import run
from experiments.benchmarks.redemption_cases import read_redemption_set
from experiments.benchmarks.redemption_foretell import foretell
from recsys.errors import InputError, NotEnoughDataError, SourceError
from tests.experiments.benchmarks.campaigns import (
    AMEXPERT_TEST,
    JOURNEY_TEST,
    N_COUPONS,
    N_MEMBERS,
    offers,
    shuffled,
    write_amexpert,
    write_journey,
)

WRITERS = {"amexpert": (write_amexpert, AMEXPERT_TEST), "journey": (write_journey, JOURNEY_TEST)}


@pytest.fixture(scope="module", params=sorted(WRITERS))
def form(request):
    return request.param


@pytest.fixture(scope="module")
def folder(form, tmp_path_factory):
    path = tmp_path_factory.mktemp(form)
    WRITERS[form][0](path, offers())
    return path


@pytest.fixture(scope="module")
def facts(folder):
    report = run("redemption", {"data": folder, "resamples": 30})
    return json.loads(json.dumps(report.facts, allow_nan=False))


def test_it_needs_a_folder():
    with pytest.raises(InputError, match="redemption needs --data DIR"):
        run("redemption", {})


def test_a_folder_of_another_form_is_refused(tmp_path):
    with pytest.raises(SourceError, match=r"holds none of coupon_item_mapping\.parquet, coupon_redemptions\.parquet"):
        run("redemption", {"data": tmp_path})


def test_too_few_campaigns_are_refused(tmp_path):
    write_amexpert(tmp_path, offers().filter(pl.col("campaign_id") < 8))
    with pytest.raises(NotEnoughDataError, match="7 campaigns are recorded whole; 8 are needed"):
        read_redemption_set(tmp_path)


def test_the_last_campaigns_judge_and_those_before_choose(folder, form):
    case = read_redemption_set(folder)
    test = WRITERS[form][1]
    assert case.test == test
    assert case.validation == tuple(range(test[0] - len(test), test[0]))
    assert case.train == tuple(range(1, test[0] - len(test)))
    assert case.partial == ((99,) if form == "journey" else ())


def test_campaigns_of_one_first_day_are_not_parted(tmp_path):
    frame = offers()
    same = pl.when(pl.col("campaign_id") == 11).then(pl.lit(12)).otherwise(pl.col("campaign_id"))
    days = frame.select(same=pl.col("campaign_id"), start=pl.col("start_date"), end=pl.col("end_date")).unique()
    frame = frame.with_columns(same=same).join(days, on="same")
    write_amexpert(tmp_path, frame.with_columns(start_date=pl.col("start"), end_date=pl.col("end")))
    assert read_redemption_set(tmp_path).test == (11, 12, 13, 14)


def test_offers_are_as_many_as_were_made(folder):
    case = read_redemption_set(folder)
    assert len(case.campaign(case.test[0])) == N_MEMBERS * N_COUPONS
    assert case.campaign(case.test[0]).redeemed.any()


def test_what_teaches_holds_no_offer_of_the_test(folder):
    case = read_redemption_set(folder)
    assert not np.isin(case.before_test().offered.campaign, case.test).any()
    assert np.isin(case.before_test().offered.campaign, case.validation).any()


def test_other_outcomes_of_the_test_change_no_chance(folder, form, tmp_path):
    write, test = WRITERS[form]
    write(tmp_path, shuffled(offers(), test))
    first, second = (read_redemption_set(path) for path in (folder, tmp_path))
    asked = [np.concatenate([one.campaign(number).redeemed for number in test]) for one in (first, second)]
    assert (asked[0] != asked[1]).mean() > 0.2
    (chosen, told, _), (chosen_again, told_again, _) = (foretell(one, 3) for one in (first, second))
    assert chosen == chosen_again
    np.testing.assert_array_equal(told.chance, told_again.chance)
    for name, score in told.baselines.items():
        np.testing.assert_array_equal(score, told_again.baselines[name])


def test_a_taste_that_runs_through_new_coupons_is_found(facts):
    assert facts["auc"] > 0.75
    assert facts["gain_low"] > 0.1
    assert facts["gain_low"] == min(one["low"] for one in facts["gain_over"].values())
    assert facts["baseline_auc"] == max(facts["baselines"].values())


def test_chances_are_near_to_what_happens(facts):
    assert facts["calibration_error"] < 0.06
    assert facts["log_loss"]["ours"] < facts["log_loss"]["one_chance"]
    assert 0.6 < facts["mean_chance"] / facts["redeemed_share"] < 1.6
    assert sum(one["n_trials"] for one in facts["calibration_bins"]) == facts["n_test_offers"]


def test_costs_and_campaigns_are_told(facts, form):
    assert {"fit_cpu_s", "peak_rss_mb", "within_campaign_auc", "gain_over_by_offer", "recall_at_5"} <= set(facts)
    assert tuple(facts["test_campaigns"]) == WRITERS[form][1]
    assert sum(one["n_offers"] for one in facts["campaigns"].values()) == facts["n_test_offers"]


def test_a_product_without_a_category_is_read(tmp_path):
    write_journey(tmp_path, offers())
    case = read_redemption_set(tmp_path)
    assert case.known.coupons.attributes["category"][0] == -1
    assert case.known.coupons.attributes["brand"][0] == 0


def test_a_redemption_counts_once_and_on_its_first_day(tmp_path):
    write_journey(tmp_path, offers())
    path = Path(tmp_path / "coupon_redemptions.parquet")
    log = pl.read_parquet(path)
    before = read_redemption_set(tmp_path).known.offered.redeemed_on
    later = log.filter(pl.col("campaign_id") == 5).with_columns(
        redemption_date=pl.col("redemption_date") + pl.duration(days=1)
    )
    pl.concat([log, later]).write_parquet(path)
    np.testing.assert_array_equal(read_redemption_set(tmp_path).known.offered.redeemed_on, before)
