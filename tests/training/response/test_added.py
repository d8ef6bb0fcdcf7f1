"""How much offers add, and what is said where that is hard to believe."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from features.members import build_members
from features.offers import build_offers
from features.products import build_catalogue
from tests.training.response.made_up import outcomes_of
from training.response.added import added_facts, silent_arms
from training.response.added_report import added_notes, added_tables, effect_warnings
from training.response.fit import fit_response
from training.response.report import response_notes
from training.response_config import DeviationConfig, ResponseConfig

CONFIG = ResponseConfig(horizon_days=7.0, min_arm=10, deviations=DeviationConfig(enabled=False))


def learnt(dataset):
    offers, catalogue, members = build_offers(dataset), build_catalogue(dataset), build_members(dataset)
    return fit_response(dataset, offers, catalogue, members, config=CONFIG)


@pytest.fixture(scope="module")
def facts(dataset):
    return learnt(dataset).facts


def entry(name, mean, *, measured=True):
    return {
        "offer": name, "n_drawn": 9, "n_shown": 9, "mean": mean, "sd": 0.01, "low": mean - 0.02, "high": mean + 0.02,
        "redeemed": None, "measured": measured, "borrowed": 0.25,
    }  # fmt: skip


def test_the_mean_is_over_members_and_not_over_cells():
    mean = np.array([[[0.1, 0.0]], [[0.5, 0.2]]])
    cell = np.array([0, 0, 0, 1])
    outcomes = outcomes_of([0, 0, 1, -1], probability=[0.2, np.nan, 0.2, 0.6], ordered=[1, 1, 0, 0],
                           redeemed=[1, 0, 0, 0])  # fmt: skip
    first, second = added_facts(
        mean, mean / 10, cell, outcomes, offer_ids=["a", "b"], measured=np.array([True, False]), borrowed=np.zeros(2)
    )
    assert (first["offer"], second["offer"]) == ("a", "b")
    assert first["mean"] == pytest.approx(0.2)
    assert second["mean"] == pytest.approx(0.05)
    assert first["high"] - first["mean"] == pytest.approx(1.96 * 0.02, rel=1e-3)
    assert (first["n_shown"], first["n_drawn"], first["redeemed"], second["redeemed"]) == (2, 1, 0.5, 0.0)


def test_every_offer_is_listed_the_largest_first_and_the_assumed_one_named(facts):
    (table,) = added_tables(facts)
    assert table.rows[0][0] == "good"
    assert {row[0]: row[-2] for row in table.rows} == {"good": "measured", "idle": "measured", "unseen": "ASSUMED"}
    assert "Assumed, not measured: unseen." in added_notes(facts)
    by_name = {one["offer"]: one for one in facts["added"]}
    assert by_name["good"]["low"] > by_name["idle"]["mean"]


def test_more_than_thirty_offers_are_thirty_lines():
    many = {"horizon_days": 7.0, "added": [entry(f"o{number}", 0.01) for number in range(45)]}
    (table,) = added_tables(many)
    assert len(table.rows) == 30
    assert table.rows[-1][0] == "and 16 more"


def test_thirty_offers_are_all_shown():
    thirty = {"horizon_days": 7.0, "added": [entry(f"o{number}", 0.01) for number in range(30)]}
    assert added_tables(thirty)[0].rows[-1][0] == "o29"


def test_an_implausible_effect_is_named_and_a_usual_one_is_not():
    (warning,) = effect_warnings({"added": [entry("huge", 0.44), entry("usual", 0.04), entry("harm", -0.3)]})
    assert "huge +0.44, harm -0.30" in warning
    assert "look at the log" in warning
    assert "usual" not in warning


def test_an_arm_without_orders_is_found_where_some_were_to_be_expected():
    offer = np.array([0] * 100 + [-1] * 100)
    ordered = (np.arange(200) % 2 == 0) & (offer == 0)
    outcomes = replace(outcomes_of(offer, probability=0.5, ordered=ordered), campaigns=("spring",))
    (found,) = silent_arms(outcomes, ["a"])
    assert found == {"campaign": "spring", "arm": "no_offer", "n": 100, "rate_of_others": 0.5}
    (warning,) = effect_warnings({"silent_arms": [found]})
    assert "nobody of the 100 in arm no_offer of campaign spring ordered" in warning


def test_few_showings_without_an_order_are_chance():
    offer = np.array([0] * 1_000 + [-1] * 100)
    ordered = (np.arange(1_100) % 20 == 0) & (offer == 0)
    assert silent_arms(replace(outcomes_of(offer, probability=0.5, ordered=ordered), campaigns=("x",)), ["a"]) == []


def test_a_log_that_contradicts_itself_is_left_out_and_named(dataset):
    """Wave 0 loses most of its controls; the other waves measure as if it had not been drawn."""
    at = pl.int_range(pl.len())
    lost = (pl.col("campaign_id") == "wave0") & (pl.col("offer_id") == "no_offer") & (at % 15 != 0)
    wrong = learnt(replace(dataset, exposures=dataset.exposures.filter(~lost)))
    assert [one["campaign"] for one in wrong.facts["contradicted"]] == ["wave0"]
    undrawn = pl.when(pl.col("campaign_id") == "wave0").then(None).otherwise(pl.col("logging_propensity"))
    without = dataset.exposures.filter(~lost).with_columns(undrawn.alias("logging_propensity"))
    np.testing.assert_array_equal(wrong.response.uplift, learnt(replace(dataset, exposures=without)).response.uplift)
    assert "campaign wave0 is left out" in response_notes(wrong.facts, 0.01)[0]


def test_where_every_campaign_contradicts_itself_nothing_is_measured(dataset):
    claimed = pl.when(pl.col("offer_id") == "no_offer").then(0.9).otherwise(0.05)
    wrong = learnt(replace(dataset, exposures=dataset.exposures.with_columns(claimed.alias("logging_propensity"))))
    assert len(wrong.facts["contradicted"]) == 3
    assert not wrong.response.measured.any()
    assert wrong.response.learner == "propensity"


def test_an_honest_log_contradicts_nothing(facts):
    assert facts["contradicted"] == facts["silent_arms"] == []


def test_facts_of_versions_that_did_not_look_warn_of_nothing():
    assert effect_warnings({}) == added_notes({}) == added_tables({}) == ()


def test_many_contradictory_campaigns_are_three_lines_and_the_names_of_the_others():
    one = {"arm": "no_offer", "n": 900, "expected": 0.075, "share": 0.25, "p_value": 1e-30}
    warnings = effect_warnings({"contradicted": [one | {"campaign": f"wave{number}"} for number in range(5)]})
    assert len(warnings) == 4
    assert "no_offer has 25.0% of 900 exposures, its logged probability gives 7.5% (p = 1e-30)" in warnings[0]
    assert warnings[3].endswith("2 more campaigns are left out for the same reason: wave3, wave4.")
