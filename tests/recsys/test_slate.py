"""Positions: order, caps, offers first, pins."""

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from recsys.policy.compile import Pin, SlateCap
from recsys.slate import EMPTY, OFFER, PRODUCT, Slates, cap_removals, rank_products, select
from recsys.types import ItemKind

PRODUCTS = np.array([[4, 2, 9, 7], [1, 3, -1, -1]], dtype=np.int32)
SCORES = np.array([[0.5, 0.9, 0.5, 0.1], [0.2, 0.3, np.nan, np.nan]], dtype=np.float32)
NO_OFFERS = np.full((2, 1), -1, dtype=np.int32)


def filled(keep: list[list[bool]], *, offers: np.ndarray = NO_OFFERS, n: int = 3, pins: tuple[Pin, ...] = ()) -> Slates:
    mask = np.array(keep)
    return select(PRODUCTS, rank_products(PRODUCTS, SCORES, mask), mask, offers, n=n, pins=pins)


ALL_KEPT = [[True] * 4, [True, True, False, False]]


def test_products_come_by_score_and_ties_by_row() -> None:
    assert filled(ALL_KEPT).row.tolist() == [[2, 4, 9], [3, 1, -1]]


def test_equal_scores_are_ordered_by_row_wherever_they_stand() -> None:
    products, scores = np.array([[9, 4, 7]], dtype=np.int32), np.full((1, 3), 0.5, dtype=np.float32)
    assert rank_products(products, scores, np.ones((1, 3), dtype=np.bool_)).tolist() == [[1, 2, 0]]


def test_what_is_not_kept_is_not_shown() -> None:
    slates = filled([[True, False, True, True], [False] * 4])
    assert slates.row.tolist() == [[4, 9, 7], [-1, -1, -1]]
    assert slates.kind.tolist() == [[PRODUCT] * 3, [EMPTY] * 3]


def test_columns_lead_back_to_the_candidates() -> None:
    slates = filled(ALL_KEPT)
    assert slates.column.tolist() == [[1, 0, 2], [1, 0, -1]]


def test_offers_stand_first_and_take_positions() -> None:
    slates = filled(ALL_KEPT, offers=np.array([[6, 5], [-1, -1]], dtype=np.int32))
    assert slates.row.tolist() == [[6, 5, 2], [3, 1, -1]]
    assert slates.kind.tolist() == [[OFFER, OFFER, PRODUCT], [PRODUCT, PRODUCT, EMPTY]]


def test_a_slate_may_be_longer_than_the_candidates() -> None:
    assert filled(ALL_KEPT, n=6).row.tolist() == [[2, 4, 9, 7, -1, -1], [3, 1, -1, -1, -1, -1]]


def test_a_slate_without_positions_is_empty() -> None:
    assert filled(ALL_KEPT, n=0).row.shape == (2, 0)


def _pin(row: int, position: int, kind: ItemKind = ItemKind.PRODUCT) -> tuple[Pin, ...]:
    return (Pin("p", kind, row, position, np.array([True, False])),)


def test_a_pin_moves_an_item_to_its_position_for_those_it_names() -> None:
    assert filled(ALL_KEPT, pins=_pin(9, 1)).row.tolist() == [[9, 2, 4], [3, 1, -1]]


def test_a_pin_brings_in_a_kept_candidate_from_below_the_slate() -> None:
    slates = filled(ALL_KEPT, pins=_pin(7, 2))
    assert slates.row.tolist()[0] == [2, 7, 4]
    assert slates.column.tolist()[0] == [1, 3, 0]


def test_a_pin_never_brings_back_what_a_rule_removed() -> None:
    assert filled([[True, True, True, False], [True] * 4], pins=_pin(7, 1)).row.tolist()[0] == [2, 4, 9]


def test_a_pinned_offer_moves_below_products() -> None:
    offers = np.array([[6], [-1]], dtype=np.int32)
    slates = filled(ALL_KEPT, offers=offers, pins=_pin(6, 3, ItemKind.OFFER))
    assert slates.row.tolist()[0] == [2, 4, 6]
    assert slates.kind.tolist()[0] == [PRODUCT, PRODUCT, OFFER]


def test_a_pin_beyond_the_slate_stands_last_without_a_gap() -> None:
    assert filled(ALL_KEPT, n=6, pins=_pin(2, 90)).row.tolist()[0] == [4, 9, 7, 2, -1, -1]


def test_of_two_pins_for_one_position_the_first_has_it() -> None:
    assert filled(ALL_KEPT, pins=(*_pin(9, 1), *_pin(4, 1))).row.tolist()[0] == [9, 4, 2]


def test_a_pin_from_below_pushes_out_what_is_not_pinned() -> None:
    assert filled(ALL_KEPT, pins=(*_pin(9, 3), *_pin(7, 1))).row.tolist()[0] == [7, 2, 9]
    assert filled(ALL_KEPT, n=1, pins=(*_pin(9, 1), *_pin(7, 1))).row.tolist()[0] == [9]


def test_a_pinned_product_never_takes_the_place_of_an_offer() -> None:
    offers = np.array([[6, 5], [-1, -1]], dtype=np.int32)
    assert filled(ALL_KEPT, n=2, offers=offers, pins=_pin(7, 1)).row.tolist()[0] == [6, 5]
    moved = filled(ALL_KEPT, offers=offers, pins=(*_pin(6, 3, ItemKind.OFFER), *_pin(7, 1)))
    assert (moved.row.tolist()[0], moved.kind.tolist()[0]) == ([7, 5, 6], [PRODUCT, OFFER, OFFER])


def test_the_same_pin_twice_is_one() -> None:
    assert filled(ALL_KEPT, pins=(*_pin(9, 2), *_pin(9, 1))).row.tolist()[0] == [2, 9, 4]


@given(st.lists(st.integers(-1, 3), min_size=1, max_size=20), st.integers(0, 3), st.integers(0, 2**20 - 1))
def test_a_cap_keeps_the_best_of_each_group(groups: list[int], limit: int, bits: int) -> None:
    c = len(groups)
    products = np.arange(c, dtype=np.int32)[None, :]
    keep = np.array([[bool(bits >> i & 1) for i in range(c)]])
    scores = np.linspace(1, 2, c, dtype=np.float32)[None, ::-1]
    cap = SlateCap("cap", limit, np.array(groups, dtype=np.int32), np.array([True]))
    (over,) = cap_removals(products, rank_products(products, scores, keep), keep, [cap])
    seen: Counter[int] = Counter()
    for product, group in enumerate(groups):
        expected = False
        if keep[0, product] and group >= 0:
            expected = seen[group] >= limit
            seen[group] += 1
        assert over[0, product] == expected


def test_what_one_cap_removed_takes_no_room_of_the_next() -> None:
    products, order = np.array([[0, 1, 2]], dtype=np.int32), np.array([[0, 1, 2]])
    everybody = np.array([True])
    first = SlateCap("first", 1, np.array([5, 5, -1], dtype=np.int32), everybody)
    second = SlateCap("second", 1, np.array([-1, 6, 6], dtype=np.int32), everybody)
    removals = cap_removals(products, order, np.ones((1, 3), dtype=np.bool_), [first, second])
    assert [one.tolist() for one in removals] == [[[False, True, False]], [[False, False, False]]]


def test_a_cap_holds_only_for_those_it_names() -> None:
    products = np.array([[0, 1], [0, 1]], dtype=np.int32)
    keep = np.ones((2, 2), dtype=np.bool_)
    order = np.array([[0, 1], [1, 0]])
    cap = SlateCap("cap", 1, np.zeros(2, dtype=np.int32), np.array([False, True]))
    assert cap_removals(products, order, keep, [cap])[0].tolist() == [[False, False], [True, False]]
