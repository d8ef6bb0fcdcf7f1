"""The laws of the design, on small worlds with everything in them."""

import copy
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys.decision import Context, Decision
from recsys.engine import Engine
from recsys.members import Contact, LiveFacts, ProductFact, Subject
from recsys.policy.compile import compile_policy
from recsys.policy.reading.load import default_policy_text, parse_policy
from recsys.types import Channel, Consent, EventKind, ItemKind, Relation
from tests.worlds import CUT_OFF, DAY, NOW, small_knowledge

KNOWLEDGE = small_knowledge()
POLICY = parse_policy(default_policy_text(KNOWLEDGE.tiers, "GBP"))
ENGINE = Engine(KNOWLEDGE, compile_policy(POLICY, KNOWLEDGE))
PLACEMENTS = (*POLICY.placements, "no such placement")

products = st.integers(0, 32).map(lambda row: f"p{row:03}")  # some of them unknown
offers = st.integers(0, 6).map(lambda row: f"o{row:03}")
facts = st.builds(
    LiveFacts,
    product_facts=st.lists(
        st.builds(
            ProductFact,
            product_id=products,
            kind=st.sampled_from(EventKind),
            occurred_at=st.integers(CUT_OFF, NOW),
        ),
        max_size=6,
    ).map(tuple),
    held_offers=st.lists(offers, max_size=2, unique=True).map(tuple),
    contacts=st.lists(
        st.builds(Contact, channel=st.sampled_from(Channel), contacted_at=st.integers(NOW - 9 * DAY, NOW)), max_size=3
    ).map(tuple),
    consent=st.none() | st.integers(0, 15).map(Consent),
    tier=st.none() | st.sampled_from(KNOWLEDGE.tiers),
    erased=st.sampled_from([False, False, False, True]),
)
subjects = st.builds(
    Subject,
    member_id=st.integers(0, 8).map(lambda row: f"m{row:03}") | st.just(""),
    facts=st.just(LiveFacts()) | facts,
    basket=st.lists(products, max_size=3).map(tuple),
    exclude_ids=st.frozensets(products | offers, max_size=3),
    about=st.lists(products, max_size=2).map(tuple),
)
contexts = st.builds(
    Context,
    placement=st.sampled_from(PLACEMENTS),
    now=st.integers(NOW, NOW + 3 * DAY),
    seed=st.integers(0, 5),
    n=st.none() | st.integers(0, 20),
    channel=st.none() | st.sampled_from(Channel),
    types=st.sampled_from([frozenset(ItemKind), frozenset({ItemKind.PRODUCT}), frozenset({ItemKind.OFFER})]),
    explain=st.booleans(),
    relation=st.none() | st.sampled_from(Relation),
)


@settings(max_examples=60)
@given(st.lists(subjects, max_size=6), contexts, st.randoms())
def test_many_are_decided_as_each_alone_in_any_order(members: list[Subject], context: Context, random: object) -> None:
    alone = [ENGINE.decide(member, context) for member in members]
    assert ENGINE.decide_many(members, context).records() == alone
    order = list(range(len(members)))
    random.shuffle(order)
    assert ENGINE.decide_many([members[i] for i in order], context).records() == [alone[i] for i in order]


@settings(max_examples=30)
@given(st.lists(subjects, max_size=4), contexts)
def test_inputs_are_not_changed(members: list[Subject], context: Context) -> None:
    before = copy.deepcopy((members, context))
    ENGINE.decide_many(members, context).records()
    assert (members, context) == before


@settings(max_examples=30)
@given(subjects, contexts)
def test_the_same_inputs_give_the_same_decision(member: Subject, context: Context) -> None:
    again = Engine(small_knowledge(), compile_policy(POLICY, small_knowledge()))
    assert again.decide(copy.deepcopy(member), copy.deepcopy(context)) == ENGINE.decide(member, context)


@settings(max_examples=60)
@given(subjects, contexts)
def test_nothing_a_hard_rule_removes_is_shown(member: Subject, context: Context) -> None:
    decision = ENGINE.decide(member, replace(context, explain=True))
    shown = {(item.kind, item.id) for item in decision.items}
    assert not shown & {(removed.kind, removed.id) for removed in decision.why_not}
    ids = [item.id for item in decision.items if item.kind is ItemKind.PRODUCT]
    assert not {"p001", "p002", "p003"} & set(ids)  # out of stock, no longer sold, not yet sold
    assert not set(ids) & (member.exclude_ids | set(member.basket) | set(member.about))
    coupons = {item.id for item in decision.items if item.kind is ItemKind.OFFER}
    assert "o001" not in coupons  # it has ended
    assert not coupons & (member.exclude_ids | set(member.facts.held_offers))


@settings(max_examples=60)
@given(subjects, contexts)
def test_a_slate_has_no_gaps_nothing_twice_and_says_why_it_is_short(member: Subject, context: Context) -> None:
    decision = ENGINE.decide(member, context)
    shown = [(item.kind, item.id) for item in decision.items]
    assert len(shown) == len(set(shown))
    assert [item.position for item in decision.items] == list(range(1, len(shown) + 1))
    placement = POLICY.placements.get(context.placement, POLICY.placements[POLICY.default_placement])
    wanted = placement.capacity if context.n is None else context.n
    assert len(shown) <= min(wanted, placement.capacity)
    assert bool(decision.shortfall_reason) == (len(shown) < wanted)
    assert sum(item.kind is ItemKind.OFFER for item in decision.items) <= placement.max_offers
    assert all(item.kind in context.types for item in decision.items)
    assert all(item.reasons for item in decision.items)
    assert 0 < decision.logging_propensity <= 1


@settings(max_examples=60)
@given(subjects, contexts, st.sampled_from([Consent.NONE, Consent.EMAIL | Consent.PUSH | Consent.SMS]))
def test_without_consent_the_answer_is_a_strangers(member: Subject, context: Context, consent: Consent) -> None:
    """Contacts and held offers remain: they only ever remove, and protect the member."""
    guarded = replace(member, facts=replace(member.facts, consent=consent, erased=False))
    stranger = replace(
        guarded,
        facts=LiveFacts(consent=consent, contacts=guarded.facts.contacts, held_offers=guarded.facts.held_offers),
    )
    asked = replace(context, seed=0)
    told = _without_id(ENGINE.decide(guarded, asked))
    plain = Engine(_forget(guarded.member_id), compile_policy(POLICY, KNOWLEDGE))
    assert told == _without_id(plain.decide(stranger, asked))


def _forget(member_id: str):  # type: ignore[no-untyped-def]
    """The world in which this member never was: every column of theirs is somebody else's."""
    knowledge = small_knowledge(seed=3)
    row = knowledge.members.members.row(member_id)
    if row < 0:
        return knowledge
    for column in fields(knowledge.members):
        values = getattr(knowledge.members, column.name)
        if isinstance(values, np.ndarray) and values.shape == (len(knowledge.members),):
            values[row] = 0
    return knowledge


def _without_id(decision: Decision) -> Decision:
    return replace(decision, decision_id="")


@settings(max_examples=40)
@given(st.lists(subjects, max_size=4), contexts, products)
def test_adding_a_rule_never_enlarges_what_is_eligible(members: list[Subject], context: Context, product: str) -> None:
    text = default_policy_text(KNOWLEDGE.tiers, "GBP")
    stricter = parse_policy(
        text.replace(
            "\nlevers:",
            f"\nrules:\n  - {{id: extra, owner: tests, applies_to: product, what: 'product.id == \"{product}\"', "
            "effect: exclude}\nlevers:",
        )
    )
    assert len(stricter.rules) == len(POLICY.rules) + 1
    strict = Engine(KNOWLEDGE, compile_policy(stricter, KNOWLEDGE))
    asked = replace(context, explain=True)
    for decision, before in zip(
        strict.decide_many(members, asked).records(), ENGINE.decide_many(members, asked).records(), strict=True
    ):
        assert product not in {item.id for item in decision.items}
        removed = {(one.kind, one.id) for one in before.why_not if one.rule not in _CAPS}
        assert not removed & {(item.kind, item.id) for item in decision.items}


_CAPS = {placed.rule.id for placed in POLICY.placed_rules() if str(placed.rule.effect) == "cap"}


@pytest.mark.parametrize("relation", [None, *Relation])
@pytest.mark.parametrize("placement", POLICY.placements)
def test_with_every_candidate_excluded_the_fallback_passes_the_same_rules(
    placement: str, relation: Relation | None
) -> None:
    lists = [*KNOWLEDGE.sources.values(), KNOWLEDGE.popular]
    everything = {f"p{row:03}" for one in lists for row in one.products.ravel().tolist() if row >= 0}
    left = {f"p{row:03}" for row in range(30)} - everything
    excluded = frozenset(everything - {"p020"})
    context = Context(placement=placement, now=NOW, types=frozenset({ItemKind.PRODUCT}), relation=relation)
    asking = Subject("m000", exclude_ids=excluded | left, about=("p010",), basket=("p011",))
    decision = ENGINE.decide(asking, context)
    shown = {item.id for item in decision.items}
    assert shown <= {"p020"}
    assert shown or decision.shortfall_reason
