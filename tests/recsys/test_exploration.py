"""Thompson's draws: logged propensities are the frequencies, add up to 1, and respect the floor."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from recsys.arbitrate import OfferChoice, arbitrate
from recsys.arms import arms_of
from recsys.exploration import Exploring, draw_arms, shares
from recsys.highest import highest_shares
from recsys.offers.economics import OfferValues
from recsys.policy.file.guardrails import Drawing
from tests.worlds import bare_values

NO_OFFER = -1


def values(mean: NDArray, sd: NDArray, discount: NDArray | None = None) -> OfferValues:
    given = np.full_like(mean, 10.0) if discount is None else discount
    return bare_values(mean, sd, given, given, revenue=mean, redemption=given.astype(np.int64))


def choose(
    offers: OfferValues,
    exploring: Exploring,
    draw: NDArray,
    *,
    keep: NDArray | None = None,
    price: NDArray | None = None,
    max_offers: int = 1,
) -> OfferChoice:
    shape = offers.mean.shape
    return arbitrate(
        offers,
        np.ones(shape, dtype=np.bool_) if keep is None else keep,
        boost=np.ones(shape, dtype=np.float32),
        shadow_price=np.zeros(shape[1]) if price is None else price,
        risk_aversion=0.5,
        exploring=exploring,
        draw=draw,
        max_offers=max_offers,
    )


def logged(
    mean: list[float], sd: list[float], exploring: Exploring, *, n: int = 200_000, price: NDArray | None = None
) -> tuple[dict[int, float], dict[int, float]]:
    """Propensity and frequency of each first choice over *n* draws, evenly spread."""
    shape = (n, len(mean))
    offers = values(np.broadcast_to(mean, shape).astype(float), np.broadcast_to(sd, shape).astype(float))
    choice = choose(offers, exploring, (np.arange(n) + 0.5) / n, price=price)
    arms, first, counts = np.unique(choice.rows[:, 0], return_index=True, return_counts=True)
    told = dict(zip(arms.tolist(), choice.propensity[first].tolist(), strict=True))
    return told, dict(zip(arms.tolist(), (counts / n).tolist(), strict=True))


def test_frequencies_of_many_draws_are_the_logged_propensities() -> None:
    told, found = logged([30, 20, -10, -90, 5], [10, 25, 20, 20, 0], Exploring(0.4, 0.01))
    assert set(told) == {NO_OFFER, 0, 1, 2, 4}
    assert found == pytest.approx(told, abs=1e-5)
    assert sum(told.values()) == pytest.approx(1.0)


def test_what_may_well_be_worth_most_is_drawn_more_often() -> None:
    told, _ = logged([30, 28, 10, 1], [10, 10, 10, 10], Exploring(0.2, 0.002))
    assert told[0] > 0.8
    assert told[1] > 3 * told[2] > 3 * told[3] > 0
    even, _ = logged([30, 28, 10, 1], [10, 10, 10, 10], Exploring(0.2, 0.002, Drawing.UNIFORM))
    assert even[1] == even[3] == pytest.approx(0.04)


def test_of_two_offers_alike_in_mean_the_one_less_known_is_tried_more() -> None:
    told, _ = logged([50, 20, 20], [10, 2, 40], Exploring(0.2, 0.001))
    assert told[2] > 5 * told[1] > 0


def test_the_share_of_an_arm_is_the_floor_and_its_part_of_the_rest() -> None:
    told, _ = logged([30, 20], [10, 20], Exploring(0.4, 0.05))
    chance = highest_shares(np.array([[30.0, 20.0]]), np.array([[10.0, 20.0]]), np.ones((1, 2)))[0]
    # Three arms have a floor of 0.05 of 0.4 each, an eighth of the draws.
    part = 0.125 + (1 - 3 * 0.125) * chance
    assert told == pytest.approx({NO_OFFER: 0.4 * part[0], 0: 0.6 + 0.4 * part[1], 1: 0.4 * part[2]})


def test_no_offer_is_drawn_by_the_chance_that_all_else_loses() -> None:
    told, _ = logged([-1.0], [1.0], Exploring(0.5))
    assert told == pytest.approx({NO_OFFER: 0.5 + 0.5 * 0.8413447, 0: 0.5 * 0.1586553}, abs=1e-6)


def test_where_everything_loses_for_certain_nothing_is_drawn() -> None:
    assert logged([-1, -5], [0, 0], Exploring(0.5, 0.01), n=100)[0] == {NO_OFFER: 1.0}


def test_what_a_scarce_budget_costs_counts_in_draws() -> None:
    free, _ = logged([20, 18], [5, 5], Exploring(0.4, 0.01))
    # The second offer's discount of 10 is worth 15 of another's budget.
    dear, _ = logged([20, 18], [5, 5], Exploring(0.4, 0.01), price=np.array([0.0, 1.5]))
    assert dear[1] < 0.5 * free[1]


def test_at_most_half_of_the_draws_goes_to_floors() -> None:
    assert Exploring(0.05, 0.002).most_arms == 12
    assert Exploring(0.05, 0.002, Drawing.UNIFORM).most_arms == 25
    assert Exploring(0.05, 0.02).most_arms == 2
    assert Exploring(0.05, 0.03).most_arms == 1
    assert Exploring(0.3, 0.1, Drawing.UNIFORM).most_arms == 3


def test_with_many_offers_the_most_promising_are_drawn_and_the_chances_still_count() -> None:
    mean = [100.0, *np.linspace(60, 1, 39)]
    told, found = logged(mean, [20.0] * 40, Exploring(0.05, 0.002), n=20_000)
    assert set(told) == {NO_OFFER, *range(11)}
    assert told[1] > 1.3 * told[10]
    assert min(told.values()) >= 0.002
    assert found == pytest.approx(told, abs=1e-4)


def test_what_follows_a_drawn_offer_is_the_ranking() -> None:
    offers = values(np.tile([[30.0, 20.0, 10.0]], (500, 1)), np.full((500, 3), 10.0))
    choice = choose(offers, Exploring(0.5, 0.05), (np.arange(500) + 0.5) / 500, max_offers=3)
    slates = {tuple(line) for line in choice.rows.tolist()}
    assert slates == {(-1, -1, -1), (0, 1, 2), (1, 0, 2), (2, 0, 1)}


def test_a_draw_falls_where_shares_lie_side_by_side() -> None:
    line = np.array([[0.25, 0.0, 0.5, 0.25, 0.0]])
    drawn = {draw: int(draw_arms(line, np.array([draw]))[0]) for draw in (0.0, 0.2499, 0.25, 0.7499, 0.75, 1 - 2**-53)}
    assert list(drawn.values()) == [NO_OFFER, NO_OFFER, 1, 1, 2, 2]
    # Shares that add up to a little less than 1 leave the rest to the last arm that has one.
    assert draw_arms(line * (1 - 1e-15), np.array([1 - 2**-53])).tolist() == [2]


@st.composite
def crowds(draw: st.DrawFn) -> tuple[OfferValues, NDArray, Exploring]:
    m, n = draw(st.integers(1, 6)), draw(st.integers(0, 8))
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    sd = rng.uniform(0, 30, (m, n)) * (rng.random((m, n)) < 0.8)
    mean = rng.normal(5, 30, (m, n)).round(draw(st.integers(-1, 3)))
    epsilon = draw(st.floats(0.001, 0.5))
    floor = draw(st.one_of(st.just(0.0), st.floats(0.001, 0.5))) * epsilon
    exploring = Exploring(epsilon, floor, draw(st.sampled_from(Drawing)))
    offers = values(mean, sd, rng.uniform(0, 20, (m, n)).round())
    return offers, rng.random((m, n)) < 0.8, exploring


@settings(max_examples=150, deadline=None)
@given(crowd=crowds(), seed=st.integers(0, 1_000))
def test_arms_add_up_to_one_are_above_the_floor_and_are_what_is_logged(
    crowd: tuple[OfferValues, NDArray, Exploring], seed: int
) -> None:
    offers, keep, exploring = crowd
    m, rng = len(keep), np.random.default_rng(seed)
    price = rng.choice([0.0, 1.0, 3.0], keep.shape[1])
    choice = choose(offers, exploring, rng.random(m) * 2 * exploring.epsilon, keep=keep, price=price)
    best = choose(offers, Exploring(0.0), np.ones(m), keep=keep, price=price).rows[:, 0]
    drawn = shares(choice.net, offers.sd, offers.discount, keep, best=best, exploring=exploring)
    assert drawn.sum(axis=1) == pytest.approx(np.ones(m), abs=1e-12)
    assert drawn[drawn > 0].min() * exploring.epsilon >= exploring.min_propensity * (1 - 1e-9)
    assert not drawn[:, 1:][~keep].any()
    told = arms_of(offers, keep, choice, exploring=exploring).propensity
    first = choice.rows[:, 0]
    chosen = np.where(first >= 0, np.append(told, np.zeros((m, 1)), axis=1)[np.arange(m), first], np.nan)
    rest = 1 - np.nansum(told, axis=1)
    assert np.allclose(choice.propensity, np.where(first >= 0, chosen, rest), rtol=0, atol=1e-12)


@settings(max_examples=60, deadline=None)
@given(crowd=crowds(), seed=st.integers(0, 1_000))
def test_many_choose_as_each_alone(crowd: tuple[OfferValues, NDArray, Exploring], seed: int) -> None:
    offers, keep, exploring = crowd
    draw = np.random.default_rng(seed).random(len(keep)) * 2 * exploring.epsilon
    together = choose(offers, exploring, draw, keep=keep)
    for member in range(len(keep)):
        one = slice(member, member + 1)
        alone = choose(
            values(offers.mean[one], offers.sd[one], offers.discount[one]), exploring, draw[one], keep=keep[one]
        )
        assert np.array_equal(alone.rows, together.rows[one])
        assert np.array_equal(alone.propensity, together.propensity[one])
