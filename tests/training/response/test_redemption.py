"""The model of redemption: what it learns, how it is calibrated, and what it may look at."""

from dataclasses import replace

import numpy as np
import pytest

from recsys.errors import InputError, NotEnoughDataError
from training.response.redemption import Learner, PastCampaign, fit_platt, fit_redemption, walk


def campaign(starts, ends, *, n=800, seed=0, shift=0.0):
    """The first of three features raises the chance, the second nothing, the third is unknown half of the time."""
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(n, 3))
    features[rng.random(n) < 0.5, 2] = np.nan
    chance = 1 / (1 + np.exp(3.0 - shift - 1.5 * features[:, 0]))
    return PastCampaign(features, rng.random(n) < chance, starts, ends), chance


def campaigns(n=4):
    return [campaign(100 * at, 100 * at + 50, seed=at)[0] for at in range(n)]


@pytest.mark.parametrize("learner", list(Learner))
def test_what_raises_the_chance_is_learnt(learner):
    model = fit_redemption(campaigns(8), learner=learner, seed=1)
    judged, chance = campaign(900, 950, seed=77)
    assert np.corrcoef(model.chance(judged.features), chance)[0, 1] > 0.85


@pytest.mark.parametrize("learner", list(Learner))
def test_the_mean_chance_over_what_was_learnt_is_the_share_redeemed(learner):
    past = campaigns()
    chance = fit_redemption(past, learner=learner, seed=1).chance(np.concatenate([one.features for one in past]))
    assert chance.mean() == pytest.approx(np.concatenate([one.redeemed for one in past]).mean(), rel=1e-6)


def test_a_sample_of_the_quiet_offers_stands_for_all():
    # Nearly all of 60,000 offers are quiet: more than the bound.
    past = [campaign(0, 10, n=60_000, seed=5)[0]]
    model = fit_redemption(past, learner=Learner.LOGISTIC, seed=1)
    assert model.chance(past[0].features).mean() == pytest.approx(past[0].redeemed.mean(), rel=0.03)


def test_the_same_seed_gives_the_same_model():
    past = campaigns()
    first, second = (fit_redemption(past, seed=3).chance(past[0].features) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_rows_do_not_know_of_each_other():
    model, asked = fit_redemption(campaigns(), seed=3), campaign(900, 950, seed=8)[0].features
    np.testing.assert_array_equal(model.chance(asked)[::-1], model.chance(asked[::-1]))
    np.testing.assert_array_equal(model.chance(asked)[:1], model.chance(asked[:1]))


def test_an_unknown_or_far_feature_still_gives_a_chance():
    model = fit_redemption(campaigns(), seed=3)
    chance = model.chance(np.array([[np.nan, np.nan, np.nan], [1e12, -1e12, 0.0]]))
    assert ((chance > 0) & (chance < 1)).all()


def test_a_feature_without_spread_tells_nothing():
    past = [replace(one, features=np.hstack([one.features, np.full((800, 1), 7.0)])) for one in campaigns()]
    model = fit_redemption(past, learner=Learner.LOGISTIC, seed=1)
    assert model.weights[3] == 0.0


def test_only_campaigns_that_were_over_foretell():
    past = [campaign(0, 50, seed=1)[0], campaign(50, 90, seed=2)[0], campaign(91, 95, seed=3)[0]]
    told = walk(past, learner=Learner.LOGISTIC, seed=1)
    # The second begins on the last day of the first.
    assert [len(one) for one in told] == [0, 0, 800]
    alone = fit_redemption(past[:2], learner=Learner.LOGISTIC, seed=1)
    np.testing.assert_allclose(told[2], alone.log_odds(past[2].features))


def test_later_outcomes_do_not_change_what_was_foretold():
    past = campaigns()
    other = [*past[:2], replace(past[2], redeemed=~past[2].redeemed), past[3]]
    first, second = (walk(one, learner=Learner.LOGISTIC, seed=1) for one in (past, other))
    for at in (0, 1, 2):
        np.testing.assert_array_equal(first[at], second[at])
    assert not np.allclose(first[3], second[3])


def test_a_campaign_after_none_that_somebody_used_is_not_foretold():
    quiet = replace(campaign(0, 50)[0], redeemed=np.zeros(800, dtype=bool))
    assert [len(one) for one in walk([quiet, campaign(100, 150)[0]], learner=Learner.LOGISTIC, seed=1)] == [0, 0]


def test_platt_finds_a_known_distortion():
    judged, chance = campaign(0, 50, n=40_000, seed=6)
    log_odds = np.log(chance / (1 - chance))
    constant, slope = fit_platt([judged], [(log_odds - 0.7) / 1.6])
    assert (constant, slope) == (pytest.approx(0.7, abs=0.1), pytest.approx(1.6, abs=0.1))


def test_platt_changes_nothing_where_nothing_was_foretold():
    assert fit_platt([campaign(0, 50)[0]], [np.empty(0)]) == (0.0, 1.0)


def test_platt_never_turns_an_order_round():
    judged, chance = campaign(0, 50, n=5_000, seed=6)
    assert fit_platt([judged], [-np.log(chance / (1 - chance))])[1] == 0.0


def test_platt_refuses_what_is_not_of_these_campaigns():
    with pytest.raises(InputError, match="other than one log-odds an offer"):
        fit_platt([campaign(0, 50)[0]], [np.zeros(3)])


@pytest.mark.parametrize("redeemed", [np.zeros(800, dtype=bool), np.ones(800, dtype=bool)], ids=["none", "all"])
def test_one_outcome_alone_is_refused(redeemed):
    with pytest.raises(NotEnoughDataError, match="of 800 offers were redeemed; a chance needs both"):
        fit_redemption([replace(campaign(0, 50)[0], redeemed=redeemed)], seed=1)


def test_no_campaign_is_refused():
    with pytest.raises(NotEnoughDataError, match="no campaign to learn from"):
        fit_redemption([], seed=1)


def test_campaigns_of_other_features_are_refused():
    one = campaign(0, 50)[0]
    with pytest.raises(InputError, match="different numbers of features"):
        fit_redemption([one, replace(one, features=one.features[:, :2])], seed=1)


def test_facts_name_the_largest_weights():
    facts = fit_redemption(campaigns(), learner=Learner.LOGISTIC, seed=1).facts(("a", "b", "c"), n=1)
    assert list(facts["weights"]) == ["a"]
    assert facts["curve"] == {"constant": 0.0, "slope": 1.0}
    assert "weights" not in fit_redemption(campaigns(), learner=Learner.TREES, seed=1).facts(("a", "b", "c"))
