from dataclasses import replace

import numpy as np
import pytest

from experiments.benchmarks.offers.features import CONTACT_FADES
from experiments.benchmarks.offers.scales import DEPTHS, Asked, Scales, chosen_scales, explained
from training.response.renewal import lost_orders

N = 60_000


def asked_of(*, depth, fade, overdue):
    """Rows whose orders follow these constants, drawn evenly."""
    rng = np.random.default_rng(8)
    n_fades = len(CONTACT_FADES)
    contacts, off = rng.normal(size=(n_fades, N)), rng.uniform(0, 0.3, N)
    shown, recency = rng.random(N) < 0.7, rng.integers(1, 16, N).astype(float)
    gap = np.full(N, 3.0)
    until = np.minimum(recency, overdue * gap)
    alone = -np.expm1(-0.5 * ((until / gap) ** 2 - ((until - 1) / gap) ** 2))
    felt = 1 - np.exp(-off / depth)
    chance = np.clip(alone + shown * 0.1 * (felt - 0.5 * contacts[fade]), 0, 1)
    ordered = (rng.random(N) < chance).astype(float)
    timing = np.stack((np.ones(N), recency < 2, recency < 5, recency > 9), axis=1).astype(float)
    drawn = np.ones(N, dtype=bool)
    spread, traits = np.full(N, 0.25), rng.normal(size=(N, 3))
    return Asked(ordered - alone, spread, off * shown, shown, drawn, timing, traits, contacts, ordered, recency, gap)


def plain():
    zero_one = np.array([[0.0] * len(CONTACT_FADES), [1.0] * len(CONTACT_FADES)])
    return Scales(DEPTHS[2], 2, 1.75, np.array([[0.0] * 3, [1.0] * 3]), zero_one)


@pytest.mark.parametrize(("depth", "fade", "overdue"), [(0.03, 4, 1.25), (0.25, 0, 3.5)])
def test_constants_that_made_a_log_are_found_in_it(depth, fade, overdue):
    found = chosen_scales(asked_of(depth=depth, fade=fade, overdue=overdue), plain(), shape=2.0)
    assert abs(DEPTHS.index(found.depth) - DEPTHS.index(depth)) <= 1
    assert (found.fade, found.overdue) == (fade, overdue)


def test_the_fade_that_made_a_log_explains_more_of_it_than_another():
    asked = asked_of(depth=0.1, fade=3, overdue=2.5)
    assert explained(asked, replace(plain(), fade=3)) > explained(asked, replace(plain(), fade=1)) + 50


def test_a_whole_deal_feels_like_one_under_every_depth():
    felt = [replace(plain(), depth=depth).felt(np.array([0.0, 0.3])) for depth in DEPTHS]
    assert np.array(felt) == pytest.approx(np.tile([0.0, 1.0], (len(DEPTHS), 1)))


def test_a_clock_that_stops_growing_sooner_loses_less():
    gap, recency = np.array([5.0]), np.array([9.0])
    early, late = (lost_orders(gap, recency, shape=2.0, overdue=one, weeks_left=30) for one in (1.0, 3.0))
    assert 0 < early < late
