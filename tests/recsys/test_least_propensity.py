"""The floor under logging propensities: few arms, exact shares, and nothing that is drawn once in a blue moon."""

import json

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from recsys.arbitrate import OfferChoice, arbitrate
from recsys.decision import Context
from recsys.engine import Engine
from recsys.exploration import Exploring
from recsys.members import Subject
from recsys.policy.compile import compile_policy
from recsys.policy.file.guardrails import Drawing, Exploration
from recsys.policy.reading.load import default_policy_text, parse_policy
from recsys.types import ItemKind
from tests.worlds import NOW, bare_values, small_knowledge

NO_OFFER = -1


def drawn(
    mean: list[float],
    sd: list[float],
    *,
    epsilon: float,
    floor: float,
    discount: list[float] | None = None,
    n: int = 1,
    drawing: Drawing = Drawing.UNIFORM,
) -> OfferChoice:
    """The choices of *n* members who are alike, their draws evenly spread."""
    shape = (n, len(mean))
    means, sds = np.broadcast_to(mean, shape), np.broadcast_to(sd, shape)
    given = np.broadcast_to([10.0] * len(mean) if discount is None else discount, shape)
    return arbitrate(
        bare_values(means, sds, given, given, revenue=means, redemption=given.astype(np.int64)),
        np.ones(shape, dtype=np.bool_),
        boost=np.ones(shape, dtype=np.float32),
        shadow_price=np.zeros(len(mean)),
        risk_aversion=0.0,
        exploring=Exploring(epsilon, floor, drawing),
        draw=(np.arange(n) + 0.5) / n,
        max_offers=1,
    )


def shares(choice: OfferChoice) -> dict[int, float]:
    arms, counts = np.unique(choice.rows[:, 0], return_counts=True)
    return dict(zip(arms.tolist(), (counts / len(choice.rows)).tolist(), strict=True))


def logged(choice: OfferChoice) -> dict[int, float]:
    return {int(row): float(p) for row, p in zip(choice.rows[:, 0], choice.propensity, strict=True)}


def test_the_most_promising_offers_are_drawn_and_the_shares_are_those_logged() -> None:
    # Offer 1 is the best known; by mean + 2 sd the others come as 3, 0, 4, 2.
    choice = drawn([1, 9, 2, -5, 3], [2, 0, 0, 6, 0], epsilon=0.2, floor=0.05, n=400_000)
    expected = {NO_OFFER: 0.05, 0: 0.05, 1: 0.85, 3: 0.05}
    assert shares(choice) == pytest.approx(expected, abs=1e-5)
    assert logged(choice) == pytest.approx(expected)


def test_no_offer_stays_an_arm_and_so_does_the_best_offer() -> None:
    choice = drawn([1, 2, 3], [9, 9, 0], epsilon=0.2, floor=0.1, n=1_000)
    assert logged(choice) == pytest.approx({NO_OFFER: 0.1, 2: 0.9})


def test_where_no_offer_is_best_the_most_promising_offers_are_drawn() -> None:
    choice = drawn([-1, -2, -3], [1, 9, 3], epsilon=0.3, floor=0.1, n=3_000)
    assert logged(choice) == pytest.approx({NO_OFFER: 0.8, 1: 0.1, 2: 0.1})
    assert choice.explored.mean() == pytest.approx(0.2)


def test_among_equally_promising_offers_the_smaller_discount_is_drawn_then_the_first() -> None:
    choice = drawn([9, 1, 1, 1], [0, 1, 1, 1], discount=[5, 8, 7, 7], epsilon=0.3, floor=0.1, n=3_000)
    assert set(shares(choice)) == {NO_OFFER, 0, 2}


def test_a_floor_that_all_arms_reach_changes_nothing() -> None:
    free = drawn([5, 1, 2], [1, 1, 1], epsilon=0.2, floor=0.0, n=5_000)
    bounded = drawn([5, 1, 2], [1, 1, 1], epsilon=0.2, floor=0.05, n=5_000)
    assert np.array_equal(free.rows, bounded.rows)
    assert np.array_equal(free.propensity, bounded.propensity)


def test_a_floor_next_to_nothing_is_none() -> None:
    assert len(shares(drawn([5, 1, 2], [1, 1, 1], epsilon=0.5, floor=5e-324, n=1_000))) == 4


@pytest.mark.parametrize("drawing", list(Drawing))
def test_a_floor_that_leaves_no_room_for_two_draws_nothing(drawing: Drawing) -> None:
    choice = drawn([5, 1, 2], [1, 1, 1], epsilon=0.2, floor=0.15, n=1_000, drawing=drawing)
    assert logged(choice) == {0: 1.0}
    assert not choice.explored.any()


@settings(max_examples=200, deadline=None)
@given(
    mean=st.lists(st.integers(-20, 20), min_size=1, max_size=9),
    data=st.data(),
    epsilon=st.floats(0.01, 0.5),
    share=st.floats(0.001, 0.5),
)
def test_propensities_sum_to_one_and_none_lies_between_nothing_and_the_floor(
    mean: list[int], data: st.DataObject, epsilon: float, share: float
) -> None:
    sd = data.draw(st.lists(st.integers(0, 10), min_size=len(mean), max_size=len(mean)))
    floor = Exploration(epsilon=epsilon, min_propensity=share * epsilon).min_propensity
    choice = drawn([*map(float, mean)], [*map(float, sd)], epsilon=epsilon, floor=floor, n=2_000)
    of_arm = logged(choice)
    assert sum(of_arm.values()) == pytest.approx(1)
    assert min(of_arm.values()) >= floor * (1 - 1e-12)
    assert np.array_equal(choice.propensity, expected_propensities(choice, of_arm))


@pytest.mark.parametrize("drawing", list(Drawing))
def test_decisions_are_drawn_no_rarer_than_the_policy_allows(drawing: Drawing) -> None:
    knowledge = small_knowledge()
    written = yaml.safe_load(default_policy_text(knowledge.tiers, "GBP"))
    least = {}
    for floor in (0.0, 0.2):
        policy = {**written, "exploration": {"epsilon": 0.4, "min_propensity": floor, "draw": drawing}}
        engine = Engine(knowledge, compile_policy(parse_policy(json.dumps(policy, default=str)), knowledge))
        asked = [Context("offers", NOW, seed=seed, types=frozenset({ItemKind.OFFER})) for seed in range(60)]
        least[floor] = min(engine.decide(Subject("m002"), one).logging_propensity for one in asked)
    assert least[0.0] != pytest.approx(0.2)
    assert least[0.2] == pytest.approx(0.2)


def expected_propensities(choice: OfferChoice, of_arm: dict[int, float]) -> NDArray[np.float64]:
    """Members who are alike and get the same have the same propensity logged."""
    return np.array([of_arm[row] for row in choice.rows[:, 0].tolist()])
