"""Laws of cases: no file, however broken, is more than a list of problems; what a case pins, it passes."""

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from recsys.decision import Context
from recsys.engine import Engine
from recsys.members import Contact, LiveFacts, OfferResponse, ProductFact, Subject
from recsys.policy.cases.write import case_text
from recsys.types import Channel, Consent, EventKind
from tests.recsys.policy.cases.cases_world import KNOWLEDGE, POLICY, run
from tests.worlds import CUT_OFF, DAY, NOW

ENGINE = Engine(KNOWLEDGE, POLICY)
TEXT = """cases:
  - id: one
    about: why
    member: {id: m001, tier: gold, stage: active, points: 300, birthday: 05-17, consent: [personalisation, email],
             profile: {silent_days: 4, main_channel: web}, bought: [{product: p003, days_ago: 3}], held_offers: [o004],
             contacts: [{channel: email, days_ago: 2, offer: o003}],
             responses: [{offer: o002, kind: click, days_ago: 1.5}]}
    context: {placement: email, channel: push, at: 2026-12-01T10:00:00, basket: [p001], attributes: {weather: wet}}
    expect: {offers_removed: {o003: any, o001: offer_not_valid}, levers: {p004: [summer]}, never_shows: [p006, o000],
             products_allowed: [p004], nothing_because: weekly, offer_choice: no_offer}
"""
WORDS = [
    "", "null", "[]", "{}", "-1", "1e999", "true", "'", "m999", "o001", "p001", "any", "no_wine", "9999-12-31",
    "0001-01-01", "02-30", "- ", ": ", "expect:", "id: one", "9" * 30, "email", "会员",
]  # fmt: skip
EDITS = st.lists(
    st.tuples(st.integers(0, len(TEXT)), st.integers(0, 30), st.sampled_from(WORDS)), min_size=1, max_size=4
)
AGO = st.integers(0, 90 * DAY)
OFFERS = st.sampled_from(["o000", "o003", "o004", "o005", "gone"])
CONTACTS = st.builds(
    lambda channel, ago, offer, more: Contact(channel, NOW - ago, offer, tuple(more)),
    st.sampled_from(Channel), AGO, st.none() | OFFERS, st.lists(OFFERS, max_size=2),
)  # fmt: skip
FACTS = st.builds(
    LiveFacts,
    product_facts=st.lists(
        st.builds(
            lambda product, ago: ProductFact(f"p{product:03}", EventKind.PURCHASE, NOW - ago),
            st.integers(0, 29), st.integers(0, NOW - CUT_OFF - 1),
        ), max_size=4, unique_by=lambda fact: fact.occurred_at,
    ).map(tuple),
    held_offers=st.lists(OFFERS, max_size=2).map(tuple),
    contacts=st.lists(CONTACTS, max_size=3).map(tuple),
    consent=st.none() | st.integers(0, 15).map(Consent),
    tier=st.sampled_from([None, "silver", "diamond"]),
    erased=st.booleans(),
    responses=st.lists(
        st.builds(lambda offer, kind, ago: OfferResponse(offer, kind, NOW - ago), OFFERS,
                  st.sampled_from([EventKind.CLICK, EventKind.REDEMPTION]), AGO), max_size=2,
    ).map(tuple),
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(EDITS)
def test_a_broken_file_is_a_list_of_problems(edits: list[tuple[int, int, str]]) -> None:
    text = TEXT
    for at, length, word in edits:
        text = text[:at] + word + text[at + length :]
    with tempfile.TemporaryDirectory() as folder:
        found = run(Path(folder), text)
    assert found.problems or found.n_passed == found.n_cases
    assert all(problem.place is not None and problem.message for problem in found.problems)


@settings(max_examples=60, deadline=None)
@given(FACTS, st.sampled_from(["m000", "m001", "m003", "m006", "stranger"]), st.sampled_from(["home", "email"]))
def test_what_a_case_pins_it_passes(facts: LiveFacts, member: str, placement: str) -> None:
    text = case_text("now", ENGINE, Subject(member, facts), Context(placement, NOW))
    with tempfile.TemporaryDirectory() as folder:
        found = run(Path(folder), text)
    assert (found.n_passed, found.problems) == (1, ())


@settings(max_examples=60, deadline=None)
@given(FACTS, st.sampled_from(["m000", "m001", "m003", "m006"]), st.sampled_from(["home", "email"]))
def test_a_pinned_case_removes_the_offers_that_the_decision_removes(
    facts: LiveFacts, member: str, placement: str
) -> None:
    """The traits and facts of the case stand for all that the store knew."""
    subject, context = Subject(member, facts), Context(placement, NOW, explain=True)
    decision = ENGINE.decide(subject, context)
    text = case_text("now", ENGINE, subject, context)
    for candidate in decision.candidates or ():
        if candidate.kind == "offer" and candidate.removed_by and decision.items:
            assert f"{candidate.id}: {candidate.removed_by}" in " ".join(text.split())
