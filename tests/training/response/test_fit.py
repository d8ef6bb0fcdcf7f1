"""The whole response of a shop: what it says, what it never calls uplift, and what bad histories give."""

import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from features.members import build_members
from features.offers import build_offers
from features.products import build_catalogue
from recsys.types import STAGES, Stage
from training.response.fit import fit_response
from training.response.report import learner_sentence, response_metrics, response_notes, response_tables
from training.response_config import DeviationConfig, OrderChanceConfig, ResponseConfig

GOOD, IDLE, UNSEEN = 0, 1, 2
ACTIVE = STAGES.index(Stage.ACTIVE)
CONFIG = ResponseConfig(
    horizon_days=7.0,
    min_arm=10,
    order_chance=OrderChanceConfig(min_rows=50),
    deviations=DeviationConfig(learners=("mean", "linear", "s"), min_treated=100, n_resamples=40, n_refits=4),
)


def learnt(dataset, config=CONFIG):
    offers, catalogue, members = build_offers(dataset), build_catalogue(dataset), build_members(dataset)
    return fit_response(dataset, offers, catalogue, members, config=config)


@pytest.fixture(scope="module")
def found(dataset):
    return learnt(dataset)


def test_every_array_fits_the_members_and_offers(found):
    response = found.response
    n_groups = response.member_uplift.shape[1]
    assert response.uplift.shape == response.uplift_sd.shape == response.redeem.shape == (len(STAGES), 2, 3)
    assert response.member_uplift.shape == response.member_uplift_sd.shape == response.member_redeem.shape
    assert response.member_uplift.shape[0] == len(response.p_order) == 210
    assert response.group.shape == response.borrowed.shape == response.measured.shape == (3,)
    assert response.group.max() < n_groups
    assert response.measured.tolist() == [True, True, False]
    assert response.horizon_days == 7.0
    for name in ("uplift", "uplift_sd", "redeem", "borrowed", "member_uplift", "member_uplift_sd", "member_redeem"):
        assert np.isfinite(getattr(response, name).astype(np.float64)).all(), name


def test_the_planted_offer_is_worth_more_than_the_idle_one(found):
    uplift, sd = found.response.uplift[ACTIVE, 0], found.response.uplift_sd[ACTIVE, 0]
    assert uplift[GOOD] - uplift[IDLE] > 2 * np.hypot(sd[GOOD], sd[IDLE])


def test_knowing_members_makes_effects_surer(dataset, found):
    assert found.response.uplift_sd[ACTIVE, 0, GOOD] > 0
    assert found.facts["exposures"]["n_random"] == len(dataset.exposures)


def test_the_same_facts_and_seed_give_the_same_response(dataset, found):
    again = learnt(dataset).response
    for name in found.response.__slots__:
        np.testing.assert_array_equal(getattr(again, name), getattr(found.response, name))


def test_facts_are_json_and_every_figure_is_shown(found):
    facts = json.loads(json.dumps(found.facts))
    assert response_tables(facts)
    assert all(np.isfinite(value) for value in response_metrics(facts).values())
    assert any("ASSUMED" in note for note in response_notes(facts, 0.01))


class TestBadHistories:
    def learner(self, dataset, **changed):
        found = learnt(replace(dataset, **changed))
        notes = response_notes(found.facts, 0.01)
        assert np.isfinite(found.response.uplift).all()
        return found, " ".join(notes)

    def test_without_randomisation_it_is_propensity_and_says_so(self, dataset):
        observed = dataset.exposures.with_columns(pl.lit(None, dtype=pl.Float64).alias("logging_propensity"))
        found, notes = self.learner(dataset, exposures=observed)
        assert found.response.learner == "propensity"
        assert not found.response.measured.any()
        assert not found.response.member_uplift.size
        assert "NOT measured" in notes
        assert found.response.redeem[ACTIVE, 0, GOOD] > 0.5
        assert "never uplift" in learner_sentence("propensity")

    def test_propensities_of_one_are_no_randomisation_and_are_counted(self, dataset):
        certain = dataset.exposures.with_columns(pl.lit(1.0).alias("logging_propensity"))
        found, notes = self.learner(dataset, exposures=certain)
        assert found.response.learner == "propensity"
        assert f"{len(certain):,} exposures have a logging propensity of 1" in notes

    def test_without_exposures_it_is_the_prior(self, dataset):
        nothing = {name: getattr(dataset, name).head(0) for name in ("exposures", "redemptions")}
        found, notes = self.learner(dataset, **nothing)
        assert found.response.learner == "prior"
        assert "there are no exposures" in notes
        np.testing.assert_allclose(found.response.uplift, CONFIG.prior_uplift, rtol=1e-5)

    def test_one_arm_alone_is_no_comparison(self, dataset):
        for arm in (pl.col("offer_id") != "no_offer", pl.col("offer_id") == "no_offer"):
            found, _ = self.learner(dataset, exposures=dataset.exposures.filter(arm))
            assert not found.response.measured.any()
            assert found.response.learner in {"propensity", "prior"}

    def test_all_in_one_campaign_is_a_comparison(self, dataset):
        one = dataset.exposures.with_columns(pl.lit("only").alias("campaign_id"))
        assert self.learner(dataset, exposures=one)[0].response.measured.tolist() == [True, True, False]

    def test_without_redemptions_nobody_is_told_apart_by_them(self, dataset):
        found, _ = self.learner(dataset, redemptions=dataset.redemptions.head(0))
        assert (found.response.redeem[ACTIVE, 0, :2] < 0.05).all()
        assert (found.response.member_redeem == 1).all()

    def test_negative_uplift_everywhere_is_believed_of_every_active_member(self, dataset):
        """Whoever was shown an offer orders nothing for a week; and what is negative is worth less than no offer."""
        shown = dataset.exposures.filter(pl.col("offer") >= 0)
        keys = shown["member"].to_numpy().astype(np.int64) * 2**34 + shown["at"].to_numpy()
        lines = dataset.purchases
        own = lines.member.astype(np.int64) * 2**34 + lines.at
        last = np.maximum(np.searchsorted(keys := np.sort(keys), own, side="right") - 1, 0)
        kept = ~((own >= keys[last]) & (own < keys[last] + 7 * 86_400))
        columns = {name: getattr(lines, name)[kept] for name in lines.__slots__}
        columns["order"] = np.unique(columns["order"], return_inverse=True)[1].astype(np.int32)
        terms = {name: getattr(dataset.terms, name)[kept] for name in ("discount_minor", "offer", "channel", "store")}
        harmed = {"purchases": replace(lines, **columns), "terms": replace(dataset.terms, **terms)}
        response = self.learner(dataset, **harmed)[0].response
        members = build_members(replace(dataset, **harmed))
        active = np.flatnonzero(members.stage == ACTIVE)
        uplift = response.uplift[ACTIVE, members.tier[active]].astype(np.float64)
        if response.member_uplift.size:
            own_part = response.member_uplift[np.ix_(active, response.group)].astype(np.float64)
            uplift += np.where(response.group >= 0, own_part, 0)
        assert (uplift[:, [GOOD, IDLE]] < 0).mean() > 0.95
        assert uplift[:, [GOOD, IDLE]].mean() < -0.1

    def test_without_offers_there_is_nothing_to_say(self, dataset):
        nothing = {name: getattr(dataset, name).head(0) for name in ("exposures", "redemptions", "offer_scope")}
        alone = replace(dataset, offers=dataset.offers.head(0), offer_ids=type(dataset.offer_ids).of([]), **nothing)
        assert learnt(alone).response.uplift.shape == (len(STAGES), 2, 0)
