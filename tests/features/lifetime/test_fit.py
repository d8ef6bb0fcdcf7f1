"""Maximum likelihood: the truth is found where it is known, and what cannot be fitted says so."""

from dataclasses import replace

import numpy as np
import pytest

from features.lifetime.counts import Leaving
from features.lifetime.fit import fit_counts, fit_regularity
from features.lifetime.likelihood import maximise
from features.lifetime.summary import PurchaseSummary
from recsys.errors import InputError, NotEnoughDataError
from tests.features.lifetime.histories import TRUTH, simulated_summary

MBG = simulated_summary()
PUBLISHED = np.array([0.8, 25_000.0, 0.9, 3.0])


def few(n: int) -> PurchaseSummary:
    return PurchaseSummary.build(repeats=[1] * n + [0] * 50, last_days=[9] * n + [0] * 50, watched_days=[40] * (n + 50))


@pytest.mark.parametrize(("leaving", "k"), [(Leaving.BG, 1), (Leaving.MBG, 1), (Leaving.MBG, 3)])
def test_the_truth_is_found_within_its_standard_errors(leaving: Leaving, k: int) -> None:
    history = simulated_summary(k=k, leaves_at_once=leaving is Leaving.MBG)
    fitted = fit_counts(history, leaving, k=k)
    truth = np.array([*TRUTH.values()]) * [1, 1000, 1, 1]
    off = (fitted.values() - truth) / fitted.facts.standard_errors(fitted.values())
    assert np.abs(off).max() < 3.5
    assert (fitted.facts.standard_errors(fitted.values()) < 0.5 * truth).all()


def test_the_maximum_is_flat_and_higher_than_the_truth() -> None:
    fitted = fit_counts(MBG, Leaving.MBG)
    assert fitted.facts.gradient < 1e-6
    assert fitted.facts.n_members == int(MBG.bought().sum())
    moved = fit_counts(MBG, Leaving.MBG, penalty=0.01)
    assert moved.facts.log_likelihood < fitted.facts.log_likelihood


def test_regularity_is_found_by_likelihood() -> None:
    assert fit_regularity(simulated_summary(k=2), Leaving.MBG).k == 2
    assert fit_regularity(MBG, Leaving.MBG).k == 1


def test_the_unit_of_time_does_not_matter() -> None:
    longer = replace(MBG, last_days=MBG.last_days * 7, watched_days=MBG.watched_days * 7)
    one, other = fit_counts(MBG, Leaving.MBG), fit_counts(longer, Leaving.MBG)
    np.testing.assert_allclose(other.values(), one.values() * [1, 7, 1, 1], rtol=1e-9)
    shift = float(MBG.repeats[MBG.bought()].sum() * np.log(7))
    assert other.facts.log_likelihood == pytest.approx(one.facts.log_likelihood - shift, rel=1e-12)


def test_members_without_an_order_do_not_count() -> None:
    known = MBG.take(MBG.bought())
    nobody = PurchaseSummary.build(repeats=[-1, -1], last_days=[0, 0], watched_days=[70, 900_000_000])
    both = PurchaseSummary(*(np.append(getattr(known, n), getattr(nobody, n)) for n in PurchaseSummary.__slots__))
    assert fit_counts(both, Leaving.BG) == fit_counts(known, Leaving.BG)


def test_a_penalty_draws_parameters_together() -> None:
    free, held = fit_counts(MBG, Leaving.MBG), fit_counts(MBG, Leaving.MBG, penalty=0.05)
    assert abs(np.log(held.b)) < abs(np.log(free.b))


def test_too_few_repeaters_are_refused() -> None:
    with pytest.raises(NotEnoughDataError, match=r"19 members have a repeat; .* at least 20"):
        fit_counts(few(19), Leaving.BG)


def test_regularity_needs_gaps() -> None:
    with pytest.raises(InputError, match=r"k is 2; .* needs log_gaps"):
        fit_counts(few(25), Leaving.BG, k=2)


def test_a_search_that_does_not_end_on_level_ground_is_refused() -> None:
    def cliff(values: np.ndarray) -> tuple[float, np.ndarray]:
        return 0.0, np.ones_like(values)

    with pytest.raises(NotEnoughDataError, match="the fit of a cliff did not converge"):
        maximise(cliff, [(1.0, 1.0)], n_members=1.0, penalty=0.0, what="a cliff")


def test_a_maximum_on_the_edge_has_no_standard_errors() -> None:
    def rising(values: np.ndarray) -> tuple[float, np.ndarray]:
        return float(np.log(values[0]) - np.log(values[1]) ** 2), np.array(
            [1 / values[0], -2 * np.log(values[1]) / values[1]]
        )

    best = maximise(rising, [(1.0, 2.0)], n_members=1.0, penalty=0.0, what="a slope")
    assert best.covariance is None
    assert best.values[1] == pytest.approx(1.0, abs=1e-4)


def test_standard_errors_that_do_not_exist_are_refused() -> None:
    facts = replace(fit_counts(MBG, Leaving.BG).facts, covariance=None)
    with pytest.raises(NotEnoughDataError, match="not identified"):
        facts.standard_errors(PUBLISHED)
