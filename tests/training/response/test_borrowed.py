"""The share of added orders that is missing afterwards."""

import numpy as np

from tests.training.response.made_up import outcomes_of
from training.response.borrowed import fit_borrowed
from training.response.cells import UpliftCells
from training.response_config import ResponseConfig

CONFIG = ResponseConfig(prior_borrowed=0.1, prior_borrowed_sd=0.2)
KIND = np.array([1, 3])


def world(share, n=40_000, added=0.2, seed=0):
    """Offer 0 adds *added* and takes *share* of it from the next window; offer 1 was never shown."""
    rng = np.random.default_rng(seed)
    offer = np.where(rng.random(n) < 0.5, 0, -1)
    shown = offer == 0
    ordered = rng.random(n) < 0.3 + added * shown
    after = rng.random(n) < 0.4 - share * added * shown
    return outcomes_of(offer, probability=0.5, ordered=ordered, ordered_after=after)


def cells(uplift, sd=0.005):
    return UpliftCells(np.full((5, 1, 2), uplift), np.full((5, 1, 2), sd), np.array([True, False]))


def test_what_was_planted_is_found_and_others_lean_on_it():
    borrowed = fit_borrowed(world(0.6), cells(0.2), KIND, CONFIG)
    assert abs(borrowed[0] - 0.6) < 0.15
    assert CONFIG.prior_borrowed < borrowed[1] < borrowed[0]
    assert borrowed.dtype == np.float32


def test_few_exposures_say_little():
    few, many = (fit_borrowed(world(0.6, n=n), cells(0.2), KIND, CONFIG)[0] for n in (300, 40_000))
    assert abs(few - CONFIG.prior_borrowed) < 0.5 * abs(many - CONFIG.prior_borrowed)


def test_without_exposures_it_is_the_prior():
    nobody = outcomes_of(np.empty(0, dtype=int), probability=0.5, ordered=np.empty(0, dtype=bool))
    np.testing.assert_allclose(fit_borrowed(nobody, cells(0.2), KIND, CONFIG), 0.1, rtol=1e-6)


def test_an_offer_that_adds_nothing_says_nothing():
    for uplift in (-0.1, 0.0, 0.004):
        np.testing.assert_allclose(fit_borrowed(world(0.6), cells(uplift), KIND, CONFIG), 0.1, rtol=1e-6)


def test_it_is_never_below_zero_or_above_one():
    for share in (-2.0, 2.0):
        borrowed = fit_borrowed(world(share), cells(0.2, sd=0.001), KIND, CONFIG)
        assert (borrowed >= 0).all()
        assert (borrowed <= 1).all()
