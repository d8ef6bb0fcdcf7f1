"""Offers that make no sense for a member: what nobody would show them, and what they need only once."""

from dataclasses import replace

import numpy as np
import pytest

from recsys.batch import build_batch
from recsys.decision import Context
from recsys.engine import Engine
from recsys.knowledge import Knowledge
from recsys.members import MemberBatch, Subject
from recsys.offers.economics import OfferTerms
from recsys.offers.suitability import Scopes
from recsys.policy.compile import compile_policy
from recsys.policy.reading.load import default_policy_text, parse_policy
from recsys.ragged import Ragged
from recsys.types import OFFER_KINDS, OfferKind
from tests.worlds import NOW, small_knowledge

PLAIN = small_knowledge()
BUNDLE = OFFER_KINDS.index(OfferKind.BUY_X_GET_Y)
WIDE = [[row] if row != 5 else [] for row in range(10)]


def scoped(lists: list[list[int]]) -> Knowledge:
    """The small world with so many offers, each valid for its products."""
    knowledge = small_knowledge(n_offers=len(lists))
    return replace(knowledge, offers=replace(knowledge.offers, scope=Ragged.of(lists)))


def scopes_of(knowledge: Knowledge) -> Scopes:
    return Scopes.of(knowledge, OfferTerms.of(knowledge).mean_affinity)


def batch_of(knowledge: Knowledge, *subjects: Subject) -> MemberBatch:
    return build_batch(list(subjects), knowledge)


def test_an_offer_is_wanted_where_a_candidate_is_in_its_scope() -> None:
    knowledge = scoped(WIDE)
    scopes = scopes_of(knowledge)
    assert scopes.offers.tolist() == [0, 1, 2, 3, 4, 6, 7, 8, 9]
    candidates = np.array([[9, 0, -1], [8, -1, -1]], dtype=np.int32)
    missing = scopes.without_candidates(candidates, batch_of(knowledge, Subject("x"), Subject("y")))
    assert np.flatnonzero(~missing[0]).tolist() == [0, 8]
    assert np.flatnonzero(~missing[1]).tolist() == [7]


def test_what_was_bought_before_or_lies_in_the_basket_is_wanted_too() -> None:
    knowledge = scoped(WIDE)
    batch = batch_of(knowledge, Subject("m000"), Subject("nobody", basket=("p002",)))
    missing = scopes_of(knowledge).without_candidates(np.full((2, 1), -1, dtype=np.int32), batch)
    scopes = scopes_of(knowledge).offers
    assert scopes[~missing[0]].tolist() == [6]  # bought p005, which no offer is for, and p006
    assert scopes[~missing[1]].tolist() == [2]


def bundles(affinity: float) -> Knowledge:
    """Offers 1 and 2 make a member buy three; members order from 0.01 to 0.2 times a day."""
    offers = PLAIN.offers
    kind = np.where(np.isin(np.arange(6), [1, 2]), BUNDLE, offers.kind).astype(np.int8)
    counts = {
        name: np.where(kind == BUNDLE, n, 0).astype(np.int32) for name, n in (("buy_quantity", 2), ("get_quantity", 1))
    }
    shares = PLAIN.response.scope_affinity.copy()
    shares[:, 2] = affinity
    return replace(
        PLAIN, offers=replace(offers, kind=kind, **counts), response=replace(PLAIN.response, scope_affinity=shares)
    )


def test_only_who_orders_it_often_enough_needs_several() -> None:
    knowledge = bundles(affinity=0.25)
    scopes = scopes_of(knowledge)
    assert (scopes.bundles.tolist(), scopes.units.tolist()) == ([1, 2], [3, 3])
    batch = batch_of(knowledge, Subject("m000"), Subject("m003"), Subject("m005"))
    orders = knowledge.members.orders_per_day[[0, 3, 5]] * 90
    assert scopes.needed_once(batch, knowledge).tolist() == [[n < 3, n * 0.25 < 3] for n in orders.tolist()]
    assert scopes.needed_once(batch, knowledge).any(axis=0).tolist() == [True, True]
    assert not scopes.needed_once(batch, knowledge).all()


@pytest.mark.parametrize(("affinity", "needed_once"), [(0.0, True), (0.6, True), (0.7, False)])
def test_a_stranger_is_judged_by_the_average_rate_and_share(affinity: float, needed_once: bool) -> None:
    knowledge = bundles(affinity)
    orders = knowledge.stranger_orders_per_day * 90
    assert (orders * affinity < 3) == needed_once
    found = scopes_of(knowledge).needed_once(batch_of(knowledge, Subject("nobody")), knowledge)
    assert found.tolist() == [[False, needed_once]]  # the first bundle is valid for everything


def ask(knowledge: Knowledge, member: str, placement: str) -> dict[str, str]:
    """The rule that removed each offer."""
    engine = Engine(knowledge, compile_policy(parse_policy(default_policy_text()), knowledge))
    decision = engine.decide(Subject(member), Context(placement=placement, now=NOW, explain=True, seed="s"))
    return {one.id: one.rule for one in decision.why_not if one.kind == "offer"}


def test_a_decision_says_so_also_where_no_products_are_asked_for() -> None:
    knowledge = scoped([[], [], [29], [], [], []])
    listed = {row for source in knowledge.sources.values() for row in source.products[0].tolist()}
    knowledge = replace(
        knowledge,
        sources={
            name: replace(one, products=np.where(one.products == 29, -1, one.products).astype(np.int32))
            for name, one in knowledge.sources.items()
        },
        popular=replace(
            knowledge.popular, products=np.where(knowledge.popular.products == 29, -1, knowledge.popular.products)
        ),
    )
    assert listed
    for placement in ("home", "offers"):
        assert ask(knowledge, "m000", placement)["o002"] == "scope_not_wanted"


def test_a_decision_says_that_it_is_needed_once() -> None:
    assert ask(bundles(affinity=0.01), "m004", "offers").get("o002") == "needed_once"
    assert ask(bundles(affinity=1.0), "m004", "offers").get("o002") != "needed_once"
