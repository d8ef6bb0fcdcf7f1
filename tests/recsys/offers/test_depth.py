"""Ladders: responses rise with depth, and the smallest depth is chosen after which a deeper one does not pay."""

from dataclasses import replace
from itertools import combinations_with_replacement

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.offers.definitions import OfferDefinitions
from recsys.offers.depth import NO_LADDERS, Ladders
from recsys.types import OFFER_KINDS, OfferKind
from tests.worlds import small_knowledge

OFFERS = small_knowledge().offers
STEPS = Ladders((np.array([1, 3, 0]),))
"""Of four offers: 1 is the shallowest, 0 the deepest, 2 on no ladder."""


def laddered(numbers: list[int], **columns: list[int]) -> OfferDefinitions:
    percent = np.full(len(OFFERS), OFFER_KINDS.index(OfferKind.PERCENT_OFF), dtype=np.int8)
    given = {name: np.array(values, dtype=getattr(OFFERS, name).dtype) for name, values in columns.items()}
    return replace(OFFERS, kind=percent, ladder=np.array(numbers, dtype=np.int16), **given)


def test_steps_go_from_shallow_to_deep_whatever_their_rows() -> None:
    offers = laddered([0, -1, 0, 1, 0, 1], percent_bp=[2_000, 500, 500, 900, 1_000, 300])
    assert [steps.tolist() for steps in Ladders.of(offers).steps] == [[2, 4, 0], [5, 3]]


def test_of_two_that_give_the_same_the_one_with_the_higher_threshold_is_shallower() -> None:
    offers = laddered([0, -1, -1, -1, -1, 0], percent_bp=[500] * 6, min_spend_minor=[100, 0, 0, 0, 0, 900])
    assert [steps.tolist() for steps in Ladders.of(offers).steps] == [[5, 0]]


def test_a_ladder_of_one_step_is_none() -> None:
    assert Ladders.of(laddered([0, 1, -1, -1, 2, -1])).steps == ()


def isotonic_by_search(values: list[float], weights: list[float]) -> float:
    """The least squared distance of any non-decreasing sequence on a grid of the weighted means of runs."""
    runs = [(i, j) for i in range(len(values)) for j in range(i, len(values))]
    grid = sorted(float(np.average(values[i : j + 1], weights=weights[i : j + 1])) for i, j in runs)
    return min(
        sum(w * (v - x) ** 2 for v, w, x in zip(values, weights, rising, strict=True))
        for rising in combinations_with_replacement(grid, len(values))
    )


@given(
    st.lists(st.tuples(st.floats(-1, 1), st.floats(0.1, 3)), min_size=2, max_size=4).filter(
        lambda drawn: len({round(value, 3) for value, _ in drawn}) == len(drawn)
    )
)
def test_what_rises_is_the_nearest_that_does(drawn: list[tuple[float, float]]) -> None:
    values, sds = np.array([[value for value, _ in drawn]]), np.array([[sd for _, sd in drawn]])
    risen = Ladders((np.arange(len(drawn)),)).monotone(values, sds)
    assert np.all(np.diff(risen) >= -1e-12)
    weights = (1 / sds**2)[0]
    found = float((weights * (risen - values)[0] ** 2).sum())
    assert found == pytest.approx(isotonic_by_search(values[0].tolist(), weights.tolist()), abs=1e-9, rel=1e-6)


def test_a_step_that_is_certain_does_not_drown_the_doubtful_ones_beside_it() -> None:
    risen = Ladders((np.arange(3),)).monotone(np.array([[0.1, 0.5, 0.3]]), np.array([[0.0, 0.5, 0.5]]))
    np.testing.assert_allclose(risen, [[0.1, 0.4, 0.4]])


@given(st.lists(st.lists(st.floats(-1, 1), min_size=3, max_size=3), min_size=1, max_size=6), st.integers(0, 5))
def test_who_else_is_asked_about_changes_no_bit(lines: list[list[float]], which: int) -> None:
    values = np.array(lines)
    sds = 0.01 + np.abs(values) * 3
    ladders, one = Ladders((np.arange(3),)), which % len(lines)
    together, alone = ladders.monotone(values, sds), ladders.monotone(values[[one]], sds[[one]])
    np.testing.assert_array_equal(together[[one]], alone)


def test_offers_on_no_ladder_and_inputs_stay_as_they_are() -> None:
    values = np.array([[0.1, 0.5, 0.9, 0.3]])
    before = values.copy()
    risen = STEPS.monotone(values, np.ones_like(values))
    np.testing.assert_allclose(risen, [[0.3, 0.3, 0.9, 0.3]])
    np.testing.assert_array_equal(values, before)
    assert NO_LADDERS.monotone(values, values) is values


def too_deep(mean: list[float], sd: float = 0.0, keep: list[bool] | None = None, risk: float = 1.0) -> list[bool]:
    means = np.array([mean])
    open_to = np.ones(means.shape, dtype=np.bool_) if keep is None else np.array([keep])
    return STEPS.too_deep(means, np.full_like(means, sd), open_to, risk).tolist()[0]


def test_a_deeper_step_is_too_deep_where_it_is_worth_no_more() -> None:
    assert too_deep([5.0, 5.0, 9.0, 5.0]) == [True, False, False, True]


def test_a_deeper_step_that_surely_pays_is_not_too_deep() -> None:
    assert too_deep([7.0, 5.0, 9.0, 6.0]) == [False, False, False, False]


def test_a_gain_that_is_not_sure_is_no_reason_to_go_deeper() -> None:
    assert too_deep([7.0, 5.0, 0.0, 6.0], sd=2.0) == [True, False, False, True]


def test_a_step_that_does_not_pay_itself_is_not_enough() -> None:
    assert too_deep([3.0, -1.0, 0.0, 3.0]) == [True, False, False, False]


def test_a_plateau_does_not_hide_a_step_that_pays() -> None:
    assert too_deep([9.0, 2.0, 0.0, 2.0]) == [False, False, False, False]


def test_what_a_rule_removed_is_neither_enough_nor_a_reason_to_go_deeper() -> None:
    assert too_deep([9.0, 2.0, 0.0, 2.0], keep=[False, True, True, True]) == [False, False, False, True]
    assert too_deep([9.0, 2.0, 0.0, 2.0], keep=[True, False, True, True]) == [False, False, False, False]


@given(st.lists(st.floats(-5, 9), min_size=4, max_size=4), st.lists(st.floats(0, 3), min_size=4, max_size=4))
def test_the_best_step_is_never_marked_unless_a_smaller_one_pays_and_it_is_not_surely_better(
    mean: list[float], sd: list[float]
) -> None:
    means, sds, keep = np.array([mean]), np.array([sd]), np.ones((1, 4), dtype=np.bool_)
    deep = STEPS.too_deep(means, sds, keep, 0.5)[0]
    order = [1, 3, 0]
    for place, step in enumerate(order):
        enough = [
            smaller
            for at, smaller in enumerate(order[:place])
            if mean[smaller] - 0.5 * sd[smaller] > 0
            and all(mean[j] - mean[smaller] <= 0.5 * np.hypot(sd[j], sd[smaller]) for j in order[at + 1 :])
        ]
        assert deep[step] == bool(enough)
    assert not deep[2]
