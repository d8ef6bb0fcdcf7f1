"""The laws of explaining and of what-ifs, on small worlds with everything in them."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys.decision import Context
from recsys.differences import differences
from recsys.members import Subject
from recsys.types import Consent, Stage
from recsys.what_if import Changes, what_if
from recsys.why_not import REASON_CODES, WhySection
from tests.properties.test_laws import ENGINE, KNOWLEDGE, contexts, subjects

changes = st.builds(
    Changes,
    without_rules=st.sampled_from([(), ("variety_in_slate",), ("max_depth", "recently_bought"), ("push_daily_cap",)]),
    tier=st.none() | st.sampled_from(KNOWLEDGE.tiers),
    stage=st.none() | st.sampled_from(Stage),
    without_consent=st.integers(0, 15).map(Consent),
)


@settings(max_examples=60)
@given(subjects, contexts)
def test_every_candidate_is_shown_or_has_one_reason(member: Subject, context: Context) -> None:
    decision = ENGINE.decide(member, replace(context, explain=True))
    assert decision.candidates is not None
    shown = [(one.kind, one.id, one.position) for one in decision.candidates if one.position is not None]
    assert shown == [(item.kind, item.id, item.position) for item in decision.items]
    for one in decision.candidates:
        assert (one.position is None) == (one.reason is not None) == (one.section is not None)
        if one.reason is not None:
            assert one.section in set(WhySection)
            assert one.reason.code in REASON_CODES
    arms = [one.logging_propensity for one in decision.candidates if one.logging_propensity is not None]
    assert sum(arms) == pytest.approx(1) or sum(arms) < 1
    chosen = {one.id: one.logging_propensity for one in decision.candidates}.get(decision.offer_choice or "")
    assert chosen is None or chosen == pytest.approx(decision.logging_propensity)


@settings(max_examples=40)
@given(subjects, contexts)
def test_explaining_changes_nothing_but_the_list(member: Subject, context: Context) -> None:
    told = ENGINE.decide(member, replace(context, explain=True))
    plain = ENGINE.decide(member, replace(context, explain=False))
    assert replace(told, why_not=(), candidates=None) == plain


@settings(max_examples=40, deadline=None)
@given(subjects, contexts, changes)
def test_a_what_if_compares_the_decision_that_is_made(member: Subject, context: Context, changed: Changes) -> None:
    if changed == Changes() or (changed.stage and KNOWLEDGE.members.members.row(member.member_id) < 0):
        return
    if member.facts.erased and changed.without_consent:
        return
    found = what_if(ENGINE, member, context, changed)
    made = ENGINE.decide(member, replace(context, explain=True))
    assert replace(found.before, decision_id="") == replace(made, decision_id="")
    assert found.before.decision_id != made.decision_id
    backwards = differences(found.after, found.before)
    assert {(one.kind, one.id) for one in backwards.left} == {(one.kind, one.id) for one in found.differences.entered}
    assert {(one.before, one.after) for one in backwards.moved} == {
        (one.after, one.before) for one in found.differences.moved
    }
