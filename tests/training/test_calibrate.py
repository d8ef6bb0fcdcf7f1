"""Chances against what happened: curves with known answers, degenerate inputs, and what reaches the bundle."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.dataset import Dataset
from features.members import build_members
from features.offers import build_offers
from features.products import build_catalogue
from features.profile.config import LifecycleConfig, ProfileConfig
from recsys.bundle import Bundle
from recsys.errors import InputError
from recsys.knowledge import Knowledge
from recsys.report import SILENT
from recsys.types import STAGES, Stage
from training.build import build_bundle
from training.calibrate import UNCHANGED, Curve, Outcomes, brier, fit_curve, improves, reliability
from training.calibration import (
    ORDER,
    REDEEM,
    SCOPE,
    Correction,
    calibration_facts,
    check_corrections,
    choose_corrections,
    corrected_members,
    corrected_rate,
    corrected_response,
    money_outcomes,
)
from training.exposures import read_outcomes
from training.reranker_config import CalibrationConfig
from training.response.cells import fit_redemption, offer_traits
from training.response.fit import fit_response
from training.response_config import ResponseConfig

DAY = 86_400
WEEK = ResponseConfig(horizon_days=7.0, min_arm=10)


def response_of(dataset):
    offers, catalogue = build_offers(dataset), build_catalogue(dataset)
    return fit_response(dataset, offers, catalogue, build_members(dataset), config=WEEK).response


def outcomes(predicted, happened, trials=None, owner=None):
    predicted = np.asarray(predicted, dtype=np.float64)
    trials = np.ones(len(predicted)) if trials is None else np.asarray(trials, dtype=np.float64)
    owner = np.arange(len(predicted)) if owner is None else np.asarray(owner)
    return Outcomes(predicted, np.asarray(happened, dtype=np.float64), trials, owner)


def overconfident(n=4000, seed=0):
    """What is said to happen with the chance p happens with its square."""
    rng = np.random.default_rng(seed)
    predicted = rng.random(n)
    return outcomes(predicted, rng.random(n) < predicted**2)


class TestCurve:
    def test_neighbours_in_the_wrong_order_are_pooled(self):
        # 0.2 happened once of one, 0.4 never: together half of two, at their mean prediction.
        curve = fit_curve(outcomes([0.1, 0.2, 0.4, 0.9], [0, 1, 0, 1]))
        np.testing.assert_allclose(curve.predicted, [0.1, 0.3, 0.9])
        np.testing.assert_allclose(curve.chance, [1 / 6, 0.5, 5 / 6])  # four trials are sure of 1/6 to 5/6

    def test_trials_weigh(self):
        curve = fit_curve(outcomes([0.2, 0.4], [1.0, 0.0], trials=[1, 3]))
        np.testing.assert_allclose(curve.predicted, [0.35])
        np.testing.assert_allclose(curve.chance, [0.25])

    def test_between_knots_it_is_straight_and_outside_constant(self):
        curve = Curve(np.array([0.2, 0.6]), np.array([0.1, 0.5]))
        np.testing.assert_allclose(curve.correct(np.array([[0.0, 0.3], [0.6, 1.0]])), [[0.1, 0.2], [0.5, 0.5]])

    def test_a_planted_distortion_is_undone(self):
        curve = fit_curve(overconfident(20_000))
        asked = np.array([0.2, 0.5, 0.8])
        np.testing.assert_allclose(curve.correct(asked), asked**2, atol=0.05)

    @pytest.mark.parametrize(("happened", "chance"), [(1.0, 11 / 12), (0.0, 1 / 12)])
    def test_what_always_or_never_happened_is_as_sure_as_so_many_trials_are(self, happened, chance):
        curve = fit_curve(outcomes(np.linspace(0.1, 0.9, 10), [happened] * 10))
        np.testing.assert_allclose(curve.correct(np.array([0.0, 0.5, 1.0])), chance)

    def test_a_constant_prediction_becomes_the_share(self):
        curve = fit_curve(outcomes([0.3] * 8, [1, 1, 1, 1, 1, 1, 0, 0]))
        assert curve.correct(np.array([0.1, 0.3])).tolist() == [0.75, 0.75]

    def test_without_outcomes_nothing_changes(self):
        assert fit_curve(outcomes([], [])) is UNCHANGED
        assert UNCHANGED.correct(np.array([0.0, 0.37, 1.0])).tolist() == [0.0, 0.37, 1.0]

    def test_a_prediction_that_is_no_number_is_refused(self):
        with pytest.raises(InputError, match="no number"):
            fit_curve(outcomes([0.5, np.nan], [0, 1]))

    @settings(max_examples=50, deadline=None)
    @given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60))
    def test_members_keep_their_order_and_chances_stay_inside(self, lines):
        curve = fit_curve(outcomes([one for one, _ in lines], [two for _, two in lines]))
        chance = curve.correct(np.linspace(0, 1, 101))
        assert (np.diff(chance) >= -1e-12).all()
        assert chance.min() > 0
        assert chance.max() < 1


class TestReliability:
    def test_bins_hold_about_as_many_trials_and_say_what_happened(self):
        found = reliability(np.array([0.1, 0.2, 0.6, 0.8]), outcomes([0] * 4, [0, 1, 1, 1]), 2)
        assert [(one.n_trials, round(one.predicted, 9), one.happened) for one in found.bins] == [
            (2, 0.15, 0.5), (2, 0.7, 1.0),
        ]  # fmt: skip
        assert found.calibration_error == pytest.approx((0.35 + 0.3) / 2)
        assert found.brier == pytest.approx((0.1**2 + 0.8**2 + 0.4**2 + 0.2**2) / 4)

    def test_the_interval_is_wilsons(self):
        (one,) = reliability(np.full(10, 0.5), outcomes([0] * 10, [1, 0, 0, 0, 0, 0, 0, 0, 0, 0]), 1).bins
        assert (one.low, one.high) == (pytest.approx(0.0179, abs=1e-4), pytest.approx(0.4042, abs=1e-4))

    def test_equal_predictions_are_one_bin(self):
        found = reliability(np.array([0.3, 0.3, 0.3, 0.9]), outcomes([0] * 4, [0, 1, 0, 1]), 4)
        assert [one.n_trials for one in found.bins] == [3, 1]

    def test_trials_count_as_often_as_they_were_made(self):
        whole = reliability(np.array([0.25]), outcomes([0.25], [0.5], trials=[4]), 5)
        single = reliability(np.full(4, 0.25), outcomes([0.25] * 4, [1, 1, 0, 0]), 5)
        assert whole == single

    def test_nothing_happened_to_nobody(self):
        found = reliability(np.empty(0), outcomes([], []), 5)
        assert found.bins == ()
        assert np.isnan([found.calibration_error, found.brier]).all()


class TestChoice:
    def test_a_distortion_is_corrected(self):
        chosen = choose_corrections({ORDER: overconfident()}, CalibrationConfig(), seed=0)[ORDER]
        assert chosen.curve is not None
        fresh = overconfident(seed=1)
        checked = check_corrections({ORDER: fresh}, {ORDER: chosen}, CalibrationConfig())[ORDER]
        assert checked.after.calibration_error < 0.2 * checked.before.calibration_error

    def test_what_is_right_already_stays(self):
        rng = np.random.default_rng(3)
        predicted = rng.random(2000)
        right = outcomes(predicted, rng.random(2000) < predicted)
        assert choose_corrections({ORDER: right}, CalibrationConfig(), seed=0)[ORDER].curve is None

    def test_few_outcomes_change_nothing(self):
        chosen = choose_corrections({ORDER: overconfident(150)}, CalibrationConfig(min_outcomes=200), seed=0)[ORDER]
        assert chosen.curve is None
        assert "150" in chosen.reason

    def test_lines_of_one_owner_are_never_on_both_sides(self):
        """One member's many lines cannot vouch for themselves."""
        one = overconfident(500)
        assert not improves(replace(one, owner=np.zeros(500, dtype=np.int64)), seed=0)
        assert brier(fit_curve(one).correct(one.predicted), one) < brier(one.predicted, one)


class TestMoney:
    @pytest.fixture(scope="class")
    @classmethod
    def early(cls, shop):
        return Dataset.read(shop, shop.now - 14 * DAY)

    @pytest.fixture(scope="class")
    @classmethod
    def found(cls, shop, early):
        return money_outcomes(shop, early, build_members(early), WEEK, stop=shop.now, left_out=None)

    def test_orders_are_those_of_the_horizon(self, shop, early, found):
        later = Dataset.read(shop, shop.now).purchases
        inside = (later.at >= early.cut_off) & (later.at < early.cut_off + 7 * DAY)
        assert found[ORDER].happened.sum() == len(np.unique(later.member[inside]))
        assert len(found[ORDER]) == len(early.member_ids)
        rate = build_members(early).orders_per_day.astype(np.float64)
        np.testing.assert_allclose(found[ORDER].predicted, 1 - np.exp(-7 * rate))

    def test_a_horizon_longer_than_the_window_has_no_outcome_of_orders(self, shop, early):
        long = WEEK.model_copy(update={"horizon_days": 15.0})
        found = money_outcomes(shop, early, build_members(early), long, stop=shop.now, left_out=None)
        assert ORDER not in found
        assert SCOPE not in found

    def test_scopes_are_shares_of_the_orders_of_the_horizon(self, found):
        # `idle` is valid for every fourth product: who likes those has them in nearly every order, others seldom.
        scope = found[SCOPE]
        fond = scope.owner % 4 == 0
        assert scope.happened[fond].mean() > 0.9
        assert scope.happened[~fond].mean() < 0.2
        assert scope.predicted[fond].mean() > scope.predicted[~fond].mean()

    def test_redemptions_are_of_exposures_that_taught_nothing(self, shop):
        # Waves are on days 40, 70 and 100: at day 72 nobody knows what follows the second.
        then = Dataset.read(shop, shop.now - 78 * DAY)
        stop = then.cut_off + 14 * DAY
        redeem = money_outcomes(shop, then, build_members(then), WEEK, stop=stop, left_out=None)[REDEEM]
        known = Dataset.read(shop, stop)
        second = known.exposures.filter(
            (known.exposures["at"] > then.cut_off - 7 * DAY) & (known.exposures["offer"] >= 0)
        )
        assert 0 < len(redeem) <= second.height
        assert (
            redeem.happened.sum() == known.redemptions.filter(known.redemptions["at"] > then.cut_off - 7 * DAY).height
        )

    def test_stages_of_redemptions_are_those_of_the_settings(self, shop):
        then = Dataset.read(shop, shop.now - 78 * DAY)
        new_for_long = ProfileConfig(lifecycle=LifecycleConfig(new_days=1_000))
        redeem = money_outcomes(
            shop, then, build_members(then), WEEK, stop=then.cut_off + 14 * DAY, left_out=None, profile=new_for_long
        )[REDEEM]
        traits = offer_traits(then, build_offers(then), build_catalogue(then))
        learnt = fit_redemption(read_outcomes(then, 7.0, new_for_long), traits, config=WEEK, n_tiers=2)
        assert set(redeem.predicted) <= set(learnt[STAGES.index(Stage.NEW), 0])

    def test_facts_are_json(self, found):
        corrections = choose_corrections(found, CalibrationConfig(), seed=0)
        facts = calibration_facts(corrections, check_corrections(found, corrections, CalibrationConfig()))
        assert list(facts) == [ORDER, SCOPE]
        assert set(facts[ORDER]["test"]) == {"before", "after"}
        assert facts[ORDER]["applied"] == (facts[ORDER]["knots"] != [])


class TestBundle:
    HALF = Curve(np.array([0.0, 1.0]), np.array([0.0, 0.5]))

    def test_the_engines_chance_of_an_order_is_the_corrected_one(self, dataset):
        members = build_members(dataset)
        corrected = corrected_members(members, {ORDER: self.HALF}, 14.0)
        chance = 1 - np.exp(-14 * members.orders_per_day.astype(np.float64))
        np.testing.assert_allclose(1 - np.exp(-14 * corrected.orders_per_day.astype(np.float64)), chance / 2, rtol=1e-5)
        assert corrected.orders_per_day.dtype == np.float32
        assert corrected_rate(0.1, {ORDER: self.HALF}, 14.0) == pytest.approx(-np.log(1 - (1 - np.exp(-1.4)) / 2) / 14)

    def test_without_a_curve_nothing_changes(self, dataset):
        members, offers, response = build_members(dataset), build_offers(dataset), response_of(dataset)
        assert corrected_members(members, {}, 14.0) is members
        assert corrected_response(response, offers, {}) is response
        assert corrected_rate(0.1, {}, 14.0) == 0.1

    def test_affinity_is_corrected_where_there_is_a_scope_and_redemption_everywhere(self, dataset):
        offers, response = build_offers(dataset), response_of(dataset)
        corrected = corrected_response(response, offers, {SCOPE: self.HALF, REDEEM: self.HALF})
        limited = offers.scope.lengths() > 0
        assert limited.tolist() == [False, True, False]
        np.testing.assert_array_equal(corrected.scope_affinity[:, ~limited], response.scope_affinity[:, ~limited])
        np.testing.assert_allclose(corrected.scope_affinity[:, 1], response.scope_affinity[:, 1] / 2, rtol=1e-3)
        np.testing.assert_allclose(corrected.redeem, response.redeem / 2, rtol=1e-6)

    def test_the_bundle_holds_what_was_corrected(self, shop, quick):
        off = {"enabled": False}
        config = quick.model_validate(quick.model_dump() | {"als": off, "lightfm": off})
        corrections = {ORDER: Correction(self.HALF, "planted", 9)}

        def rates(corrections):
            built = build_bundle(
                shop, config, {"frequency": 1.0, "own_orders": 1.0, "popular_segment": 1.0},
                seed=0, run_id="r", git_sha="g", progress=SILENT, corrections=corrections,
            )  # fmt: skip
            knowledge = Knowledge.of(Bundle.open(built.path))
            return np.append(knowledge.members.orders_per_day, knowledge.stranger_orders_per_day).astype(np.float64)

        chance = 1 - np.exp(-14 * rates({}))
        np.testing.assert_allclose(1 - np.exp(-14 * rates(corrections)), chance / 2, rtol=1e-5)
