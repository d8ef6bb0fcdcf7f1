"""Which products come into question, and in which order."""

from dataclasses import replace

import numpy as np

from recsys.batch import build_batch
from recsys.members import LiveFacts, ProductFact, Subject
from recsys.policy.compile import Pin
from recsys.retrieve import no_candidates, retrieve, retrieve_unranked
from recsys.types import EventKind, ItemKind
from tests.worlds import NOW, small_knowledge

KNOWLEDGE = small_knowledge()
LIVE_ONLY = replace(KNOWLEDGE, source_weights={})
VIEWS = tuple(ProductFact(product, EventKind.VIEW, NOW - age) for product, age in (("p010", 5), ("p011", 9)))


def near(product: int) -> list[int]:
    return [row for row in KNOWLEDGE.neighbours.products[product].tolist() if row >= 0]


def test_the_nearest_of_each_product_comes_before_the_second_nearest_of_any() -> None:
    batch = build_batch([Subject("m000", LiveFacts(VIEWS))], KNOWLEDGE)
    found = retrieve(batch, LIVE_ONLY)
    assert near(10)[0] != near(11)[0]
    assert found.products[0, :2].tolist() == [near(10)[0], near(11)[0]]
    assert found.sources[found.source[0, 0]] == "recent_activity"


def test_what_was_touched_comes_before_what_lies_in_the_basket() -> None:
    batch = build_batch([Subject("m000", LiveFacts(VIEWS[1:]), basket=("p010",))], KNOWLEDGE)
    assert retrieve(batch, LIVE_ONLY).products[0, :2].tolist() == [near(11)[0], near(10)[0]]


def test_the_basket_of_who_did_not_agree_proposes_nothing() -> None:
    """Not even beside members who did."""
    subjects = [Subject("m006", basket=("p010",)), Subject("m000", basket=("p010",))]
    found = retrieve(build_batch(subjects, KNOWLEDGE), KNOWLEDGE)
    live = found.sources.index("recent_activity")
    assert (found.source == live).any(axis=1).tolist() == [False, True]
    alone = retrieve(build_batch(subjects[:1], KNOWLEDGE), KNOWLEDGE)
    n = alone.products.shape[1]
    assert found.products[0, :n].tolist() == alone.products[0].tolist()
    assert (found.products[0, n:] == -1).all()


def test_what_is_merely_popular_comes_after_what_the_lightest_list_proposes_and_the_pinned_last() -> None:
    """However light that list is: behind one that puts all into one order, the others weigh next to nothing."""
    light = replace(KNOWLEDGE, source_weights={"als": 1.0, "frequency": 1e-4})
    pin = Pin("r", ItemKind.PRODUCT, 12, 1, np.array([True]))
    found = retrieve(build_batch([Subject("m000")], light), light, [pin])
    names = [found.sources[at] for at in found.source[0].tolist() if at >= 0]
    order = ["als", "frequency", "popular_in_segment", "popular", "pinned"]
    assert names == sorted(names, key=order.index)
    assert set(names) == set(order)


def test_the_unranked_are_those_that_are_retrieved() -> None:
    """With lists of weight 0, live facts, a stranger, and nobody at all."""
    some = replace(KNOWLEDGE, source_weights={**KNOWLEDGE.source_weights, "als": 0.0})
    for knowledge in (KNOWLEDGE, some, LIVE_ONLY):
        batch = build_batch([Subject("m000", LiveFacts(VIEWS)), Subject("nobody"), Subject("m003")], knowledge)
        found, unranked = retrieve(batch, knowledge).products, retrieve_unranked(batch, knowledge)
        assert [set(line) - {-1} for line in unranked.tolist()] == [set(line) - {-1} for line in found.tolist()]
        assert retrieve_unranked(build_batch([], knowledge), knowledge).shape[0] == 0


def test_slates_without_products_have_no_candidates() -> None:
    nothing = no_candidates(3)
    assert nothing.products.shape == nothing.scores.shape == nothing.source.shape == (3, 0)
    assert (nothing.products.dtype, nothing.scores.dtype, nothing.source.dtype) == (np.int32, np.float32, np.int8)
