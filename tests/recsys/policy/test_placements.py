"""What a placement is after, what it falls back on, and what only a tier and those above it can reach."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys.engine import Engine
from recsys.members import Subject
from recsys.policy.compile import compile_policy
from recsys.policy.reading.load import parse_policy
from recsys.retrieve import retrieve
from recsys.types import ItemKind
from tests.recsys.policy.small import (
    HOME,
    KNOWLEDGE,
    batch_of,
    compiled,
    offers_removed,
    products_removed,
    with_columns,
)
from tests.worlds import TIERS, small_knowledge


def placed(**home: object):
    """A policy whose one placement is after something, or falls back on something."""
    spec = {"channel": "web", "capacity": 3, "types": ["product"], "max_offers": 0, **home}
    return {"placements": {"home": spec}}


def policy_of(*rules: dict[str, object], knowledge=KNOWLEDGE, **home: object):
    content = {
        "name": "small",
        "currency": "GBP",
        "tiers": list(TIERS),
        "default_placement": "home",
        "rules": [{"owner": "tests", **rule} for rule in rules],
        **placed(**home),
    }
    return compile_policy(parse_policy(json.dumps(content)), knowledge)


def shown(policy, member: str = "m001", knowledge=KNOWLEDGE) -> list[str]:
    return [item.id for item in Engine(knowledge, policy).decide(Subject(member), HOME).items]


def test_an_objective_ranks_by_score_and_margin() -> None:
    cost = KNOWLEDGE.catalogue.price_minor * 7 // 10
    dear = {row: int(KNOWLEDGE.catalogue.price_minor[row]) for row in range(30)}
    cost[4], cost[6] = dear[4] // 2, dear[6]
    knowledge = with_columns(KNOWLEDGE, "catalogue", cost_minor=cost)
    scores, rows = np.array([[4.0, 4.0, 9.0, np.nan]], dtype=np.float32), np.array([[4, 6, 5, -1]], dtype=np.int32)
    plain, after_margin = policy_of(knowledge=knowledge), policy_of(knowledge=knowledge, objective={"margin": 1.0})
    assert plain.default_placement.ranked_by(scores, rows).tolist()[0][:3] == [4, 4, 9]
    found = after_margin.default_placement.ranked_by(scores, rows)[0]
    assert found[:2].tolist() == pytest.approx([4 * (dear[4] - dear[4] // 2) / dear[4], 4 * 0.01])
    assert np.isnan(found[3])
    halved = policy_of(objective={"relevance": 0.5}).default_placement.ranked_by(scores, rows)
    assert halved[0][:3].tolist() == [2, 2, 3]
    assert (found.dtype, halved.dtype) == (np.float32, np.float32)


def test_a_slate_shows_first_what_the_objective_puts_first() -> None:
    by_relevance, by_margin = policy_of(), policy_of(objective={"relevance": 1.0, "margin": 4.0})
    first = shown(by_relevance)
    row = KNOWLEDGE.catalogue.products.row(first[0])
    cost = KNOWLEDGE.catalogue.cost_minor.copy()
    cost[row] = KNOWLEDGE.catalogue.price_minor[row]
    knowledge = with_columns(KNOWLEDGE, "catalogue", cost_minor=cost)
    thin = policy_of(knowledge=knowledge, objective={"relevance": 1.0, "margin": 4.0})
    assert shown(by_margin)[0] == first[0]
    assert first[0] not in shown(thin, knowledge=knowledge)[:1]


def test_where_nothing_is_left_the_placement_falls_back_on_its_own_products_that_pass() -> None:
    retrieved = retrieve(batch_of("stranger"), KNOWLEDGE).products[0].tolist()
    left = [row for row in range(29, 9, -1) if row not in retrieved][:3]
    allowed = [f"p{row:03}" for row in (*left, 1, 2)]
    only = {"id": "only", "effect": "require", "what": f"product.id in {json.dumps(allowed)}"}
    fallback = [allowed[1], "p001", allowed[2], "gone", "p002"]
    policy = policy_of(only, fallback=fallback)
    assert shown(policy, "stranger") == [allowed[1], allowed[2], allowed[0]]
    assert policy.warnings == ("placement 'home' falls back on the product 'gone', which is not in the bundle",)


def test_a_reach_keeps_what_it_names_from_lower_tiers() -> None:
    reach = {"id": "points", "owner": "tests", "what": "offer.kind == 'points_multiplier'", "from_tier": "gold"}
    wine = {"id": "wine", "owner": "tests", "applies_to": "product", "what": "product.category == 'wine'"}
    policy = compiled(reach=[reach, {**wine, "from_tier": "silver"}])
    batch = batch_of("m000", "m001", "stranger")  # gold, silver, ordinary
    assert ["points" in line.values() for line in offers_removed(policy, batch)] == [False, True, True]
    assert ["wine" in line.values() for line in products_removed(policy, batch)] == [False, False, True]
    assert (policy.section_of("wine"), policy.section_of("out_of_stock")) == ("reach", "native")


@settings(max_examples=20, deadline=None)
@given(st.lists(st.sampled_from(TIERS), min_size=1, max_size=3), st.sampled_from(list(ItemKind)))
def test_a_higher_tier_reaches_all_that_a_lower_one_does(from_tiers: list[str], kind: ItemKind) -> None:
    what = {ItemKind.PRODUCT: "product.price_minor > 900", ItemKind.OFFER: "offer.percent_bp > 0"}[kind]
    reach = [
        {"id": f"reach_{at}", "owner": "tests", "applies_to": kind.value, "what": what, "from_tier": tier}
        for at, tier in enumerate(from_tiers)
    ]
    knowledge = small_knowledge()
    knowledge = with_columns(knowledge, "members", tier=np.array([0, 1, 2, 3, 0, 1, 2], dtype=np.int8))
    policy = compiled(knowledge=knowledge, reach=reach)
    batch = batch_of("m000", "m001", "m002", "m003", knowledge=knowledge)
    removed = products_removed(policy, batch) if kind is ItemKind.PRODUCT else offers_removed(policy, batch)
    by_reach = [{one for one, rule in line.items() if rule.startswith("reach")} for line in removed]
    assert by_reach[0] >= by_reach[1] >= by_reach[2] >= by_reach[3]
