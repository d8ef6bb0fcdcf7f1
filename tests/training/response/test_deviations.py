"""Members' own deviations: found where they were planted, centred in cells, none where nothing can be compared."""

from dataclasses import replace

import numpy as np
import pytest

from tests.training.response.made_up import outcomes_of, planted
from training.response.deviations import fit_deviations
from training.response.draws import Draws
from training.response.groups import OfferGroups
from training.response.member_redemption import fit_member_redemption
from training.response_config import DeviationConfig

GROUP = OfferGroups(("any offer",), np.zeros(1, dtype=np.int16), np.ones((1, 1), dtype=np.bool_))
CONFIG = DeviationConfig(learners=("mean", "linear", "s"), n_resamples=40, n_refits=4)


def deviations(outcomes, known, config=CONFIG, seed=1):
    return fit_deviations(outcomes, known, GROUP, Draws.of(outcomes, 1), config=config, seed=seed)


@pytest.fixture(scope="module")
def world():
    return planted()


@pytest.fixture(scope="module")
def found(world):
    return deviations(*world)


def test_who_is_moved_is_told_from_who_is_not(world, found):
    moved = world[1].now[:, 0] > 0
    mean = found.mean[:, 0].astype(np.float64)
    assert mean[moved].mean() - mean[~moved].mean() > 0.25
    assert found.findings[0].learner != "mean"
    assert (found.sd > 0).all()


def test_cells_stay_right_on_average(world, found):
    for cell in (0, 1):
        assert abs(found.mean[world[1].cell == cell, 0].astype(np.float64).mean()) < 1e-3


def test_members_who_do_not_differ_have_no_deviation(world):
    outcomes, known = world
    same = replace(outcomes, ordered=np.random.default_rng(5).random(len(outcomes)) < 0.4)
    blind = deviations(same, known)
    assert abs(blind.mean).max() < 0.06
    told = deviations(same, known, CONFIG.model_copy(update={"learners": ("mean",)}))
    assert not told.mean.any()
    assert not told.sd.any()
    assert told.findings[0].learner == "mean"


def test_the_same_seed_gives_the_same_deviations(world, found):
    again = deviations(*world)
    np.testing.assert_array_equal(found.mean, again.mean)
    np.testing.assert_array_equal(found.sd, again.sd)


@pytest.mark.parametrize(
    ("offer", "probability"),
    [
        (np.zeros(200, dtype=int), 0.5),
        (np.repeat([0, -1], 100), np.nan),
        (np.repeat([0, -1], 100), 1.0),
        (np.repeat([0, -1], [195, 5]), np.repeat([0.95, 0.05], [195, 5])),
        (np.repeat([0, -1], [190, 10]), 0.5),
    ],
)
def test_what_cannot_be_compared_gives_nobody_a_deviation(offer, probability):
    outcomes = outcomes_of(offer, probability=probability, ordered=np.arange(200) % 3 == 0)
    known = planted(200)[1]
    none = deviations(outcomes, known)
    assert not none.mean.any()
    assert not none.sd.any()
    assert none.findings[0].reason
    assert none.findings[0].choice is None


def test_perfect_separation_stays_finite(world):
    outcomes, known = world
    perfect = replace(outcomes, ordered=(outcomes.offer == 0) & (known.then[:, 0] > 0))
    sure = deviations(perfect, known)
    assert np.isfinite(sure.mean.astype(np.float64)).all()
    assert np.isfinite(sure.sd.astype(np.float64)).all()


class TestRedemption:
    def factors(self, outcomes, known, **changed):
        config = CONFIG.model_copy(update={"min_redeemed": 50} | changed)
        rate = np.full(len(outcomes), 0.35)
        return fit_member_redemption(
            outcomes, known, GROUP, rate, weight=np.ones(len(known.now)), config=config, seed=2
        )

    def test_who_redeems_more_has_a_higher_factor_and_cells_keep_their_rate(self, world):
        outcomes, known = world
        factors, facts = self.factors(outcomes, known)
        often = known.now[:, 1] > 0
        assert facts[0]["applied"]
        assert factors[often, 0].mean() > 2 * factors[~often, 0].mean()
        for cell in (0, 1):
            assert abs(factors[known.cell == cell, 0].astype(np.float64).mean() - 1) < 1e-3

    def test_with_few_redemptions_everybody_has_the_cells_rate(self, world):
        factors, facts = self.factors(*world, min_redeemed=5_000)
        assert (factors == 1).all()
        assert not facts[0]["applied"]

    def test_without_redemptions_everybody_has_the_cells_rate(self, world):
        outcomes, known = world
        factors, _ = self.factors(replace(outcomes, redeemed=np.zeros(len(outcomes), dtype=bool)), known)
        assert (factors == 1).all()

    def test_noise_is_not_believed(self, world):
        outcomes, known = world
        noise = outcomes.ordered & (outcomes.offer == 0) & (np.random.default_rng(3).random(len(outcomes)) < 0.35)
        factors, facts = self.factors(replace(outcomes, redeemed=noise), known)
        assert not facts[0]["applied"]
        assert (factors == 1).all()
