"""What if: the same decision twice, one change apart, and what is never tried."""

from dataclasses import replace
from datetime import datetime
from functools import cache
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from recsys.decision import Context
from recsys.engine import Engine
from recsys.errors import InputError
from recsys.knowledge import Knowledge
from recsys.members import LiveFacts, Subject
from recsys.policy.compile import compile_policy
from recsys.policy.reading.load import default_policy_text, parse_policy
from recsys.profile import ColumnSpec, MemberProfile, Unit
from recsys.types import Consent, Stage
from recsys.what_if import NO_CHANGES, Changes, WhatIf, what_if
from tests.recsys.test_trace import with_rules
from tests.worlds import CUT_OFF, DAY, NOW, TIERS, small_knowledge

KNOWLEDGE = small_knowledge()
HOME = Context("home", NOW)
AS_DORMANT = Changes(stage="dormant")
DORMANT_ONLY = """
  - {id: only_dormant, owner: tests, who: 'member.stage == "dormant"', what: 'product.category == "dairy"',
     effect: exclude}
"""


@cache
def engine(
    *,
    rules: str = "",
    epsilon: float = 0.0,
    drawing: str = "thompson",
    days_to_birthday: int | None = None,
    zone: str = "UTC",
) -> Engine:
    text = default_policy_text(TIERS, "GBP").replace("epsilon: 0.05", f"epsilon: {epsilon}")
    text = text.replace("draw: thompson", f"draw: {drawing}")
    text = with_rules(text, rules) if rules else text
    text = text.replace("currency: GBP", f"currency: GBP\ntime_zone: {zone}")
    knowledge = KNOWLEDGE if days_to_birthday is None else with_birthdays(days_to_birthday)
    return Engine(knowledge, compile_policy(parse_policy(text), knowledge))


def with_birthdays(days: int) -> Knowledge:
    spec = ColumnSpec("days_to_birthday", "int32", Unit.DAYS, "Days", 0, 366, unknown=-1, ages=-1)
    column = np.full(len(KNOWLEDGE.members), days, dtype=np.int32)
    profile = MemberProfile((spec,), {"days_to_birthday": column}, {}, CUT_OFF)
    return replace(KNOWLEDGE, members=replace(KNOWLEDGE.members, profile=profile))


def ask(
    changes: Changes,
    member: str = "m001",
    *,
    by: Engine | None = None,
    context: Context = HOME,
    facts: LiveFacts | None = None,
) -> WhatIf:
    return what_if(by or engine(), Subject(member, facts or LiveFacts()), context, changes)


def notes(found: WhatIf) -> list[str]:
    return [note.code for note in found.notes]


def kept_out(found: WhatIf, name: str) -> tuple[str | None, str | None]:
    """What removes it before and after."""
    before, after = (
        {one.id: one.removed_by for one in decision.candidates or ()} for decision in (found.before, found.after)
    )
    return before[name], after[name]


def test_in_a_higher_tier_the_offers_of_that_tier_are_considered() -> None:
    found = ask(Changes(tier="gold"))
    assert kept_out(found, "o000") == ("tier_not_allowed", None)
    assert ("tier_not_allowed", 1) in {(one.before, one.n) for one in found.differences.turned}


def test_without_a_rule_what_it_removed_is_not_removed_by_it() -> None:
    found = ask(Changes(without_rules=("variety_in_slate",)))
    assert "variety_in_slate" in {one.removed_by for one in found.before.candidates or ()}
    assert "variety_in_slate" not in {one.removed_by for one in found.after.candidates or ()}
    assert found.differences.entered
    assert {one.removed_by for one in found.differences.entered} == {"variety_in_slate"}
    assert all(one.reason and one.reason.text for one in (*found.differences.entered, *found.differences.left))
    assert found.before.policy_id != found.after.policy_id


@pytest.mark.parametrize(
    "changes", [Changes(without_rules=("variety_in_slate",)), Changes(without_consent=Consent.PERSONALISATION)]
)
def test_entered_left_and_moved_turn_the_first_slate_into_the_second(changes: Changes) -> None:
    found = ask(changes)
    before, after = (
        {(item.kind, item.id): item.position for item in decision.items} for decision in (found.before, found.after)
    )
    changed = found.differences
    for one in (*changed.entered, *changed.left, *changed.moved):
        assert (before.get((one.kind, one.id)), after.get((one.kind, one.id))) == (one.before, one.after)
        assert one.before != one.after
    same = before.items() & after.items()
    assert len(same) + len(changed.left) + len(changed.moved) == len(before)
    assert len(same) + len(changed.entered) + len(changed.moved) == len(after)


def test_in_another_stage_rules_about_it_hold_and_offers_are_worth_something_else() -> None:
    response = KNOWLEDGE.response
    uplift = response.uplift.copy()
    uplift[list(Stage).index(Stage.DORMANT)] *= 3
    knowledge = replace(KNOWLEDGE, response=replace(response, uplift=uplift))
    by = Engine(knowledge, engine(rules=DORMANT_ONLY).policy)
    found = ask(AS_DORMANT, by=by)
    assert "only_dormant" not in {one.removed_by for one in found.before.candidates or ()}
    assert "only_dormant" in {one.removed_by for one in found.after.candidates or ()}
    values = [
        {one.id: one.value_minor for one in decision.candidates or ()}["o003"]
        for decision in (found.before, found.after)
    ]
    assert values[0] != values[1]
    assert found.differences.value_before_minor == sum(item.value_minor or 0 for item in found.before.items)


def test_nothing_that_was_given_is_changed() -> None:
    by = engine(rules=DORMANT_ONLY)
    stages = by.knowledge.members.stage.copy()
    plain = by.decide(Subject("m001"), HOME)
    ask(AS_DORMANT, by=by)
    ask(Changes(without_rules=("only_dormant",), tier="diamond"), by=by)
    assert (by.knowledge.members.stage == stages).all()
    assert by.decide(Subject("m001"), HOME) == plain


def test_the_first_decision_is_the_one_that_is_made_but_for_its_id() -> None:
    made = engine().decide(Subject("m001"), replace(HOME, explain=True))
    before = ask(Changes(tier="gold")).before
    assert before.decision_id != made.decision_id
    assert replace(before, decision_id="") == replace(made, decision_id="")


def test_at_another_instant_the_draw_is_the_same() -> None:
    by = engine(epsilon=0.5, drawing="uniform")
    drawn = set()
    for seed in range(20):
        found = ask(Changes(now=NOW + 5 * DAY), by=by, context=replace(HOME, seed=seed))
        assert found.after.decided_at == NOW + 5 * DAY
        assert found.before.offer_choice == found.after.offer_choice
        drawn.add(found.after.offer_choice)
    assert len(drawn) > 1
    assert "other_instant" in notes(found)


def test_on_the_birthday_it_is_noon_where_the_policy_is() -> None:
    by = engine(days_to_birthday=30, zone="Asia/Shanghai")
    found = ask(Changes(on_birthday=True), by=by)
    at = datetime.fromtimestamp(found.after.decided_at, ZoneInfo("Asia/Shanghai"))
    # The cut-off is 15 November 2023 in Shanghai.
    assert (at.isoformat(), notes(found)[0]) == ("2023-12-15T12:00:00+08:00", "other_instant")


def test_where_only_the_month_is_known_its_first_day_is_taken_and_said() -> None:
    found = ask(Changes(on_birthday=True))  # everybody's month is May, and no column tells the day
    assert datetime.fromtimestamp(found.after.decided_at, ZoneInfo("UTC")).isoformat() == "2024-05-01T12:00:00+00:00"
    assert "birthday_month_only" in notes(found)


def test_in_the_month_of_a_birthday_without_a_day_today_is_taken() -> None:
    may = int(datetime(2024, 5, 17, 9, tzinfo=ZoneInfo("UTC")).timestamp())
    found = ask(Changes(on_birthday=True), context=replace(HOME, now=may))
    assert datetime.fromtimestamp(found.after.decided_at, ZoneInfo("UTC")).isoformat() == "2024-05-17T12:00:00+00:00"


def test_a_birthday_that_nobody_knows_is_refused_with_what_to_do() -> None:
    knowledge = replace(
        KNOWLEDGE, members=replace(KNOWLEDGE.members, birth_month=np.zeros_like(KNOWLEDGE.members.birth_month))
    )
    with pytest.raises(InputError, match="nobody knows the birthday of the member 'm001'; give a birth date"):
        ask(Changes(on_birthday=True), by=Engine(knowledge, engine().policy))


@pytest.mark.parametrize("changes", [Changes(tier="gold"), AS_DORMANT, Changes(on_birthday=True)])
@pytest.mark.parametrize("member", ["m006", "nobody"])
def test_without_consent_to_personalisation_personal_changes_change_nothing_and_it_is_said(
    changes: Changes, member: str
) -> None:
    found = ask(changes, member, by=engine(rules=DORMANT_ONLY))
    assert notes(found) == ["no_consent_to_personalisation", "nothing_changed"]
    assert found.differences.is_empty()
    assert found.before.items == found.after.items
    assert found.after.answer.value != "personalised"


@pytest.mark.parametrize("changes", [Changes(tier="gold"), AS_DORMANT, Changes(on_birthday=True)])
def test_with_consent_taken_away_nothing_personal_is_tried(changes: Changes) -> None:
    found = ask(replace(changes, without_consent=Consent.PERSONALISATION), by=engine(rules=DORMANT_ONLY))
    assert "no_consent_to_personalisation" in notes(found)
    assert found.after.decided_at == found.before.decided_at
    assert found.after.items == ask(Changes(without_consent=Consent.PERSONALISATION)).after.items


def test_nobody_agrees_to_personalisation_for_a_member() -> None:
    with pytest.raises(InputError, match="'m006' did not agree to personalisation, and nobody agrees for them"):
        ask(Changes(with_consent=Consent.PERSONALISATION | Consent.EMAIL), "m006")
    assert ask(Changes(with_consent=Consent.PERSONALISATION | Consent.EMAIL), "m001").differences.is_empty()


def test_without_personalisation_the_answer_is_a_strangers() -> None:
    found = ask(Changes(without_consent=Consent.PERSONALISATION))
    assert (found.before.answer.value, found.after.answer.value) == ("personalised", "popular")


def test_with_consent_to_a_channel_its_slate_is_filled_and_without_it_is_empty() -> None:
    email, nothing = replace(HOME, placement="email"), LiveFacts(consent=Consent.PERSONALISATION)
    found = ask(Changes(with_consent=Consent.EMAIL), context=email, facts=nothing)
    assert (len(found.before.items), len(found.after.items) > 2) == (0, True)
    assert {one.removed_by for one in found.differences.entered} == {"channel_consent_missing"}
    taken = ask(Changes(without_consent=Consent.EMAIL), context=email)
    assert (bool(taken.before.items), taken.after.items) == (True, ())


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (Changes(tier="golden"), "no tier 'golden'; there are ordinary, silver, gold, diamond"),
        (Changes(stage="asleep"), "no stage 'asleep'; there are potential, new, active, dormant, churned"),
        (Changes(without_rules=("variety",)), "did you mean 'variety_in_slate'"),
        (Changes(on_birthday=True, now=NOW), "two different times"),
        (Changes(with_consent=Consent.EMAIL, without_consent=Consent.EMAIL), "email is both agreed to and not"),
        (NO_CHANGES, "nothing is different"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_what_can(changes: Changes, said: str) -> None:
    with pytest.raises(InputError, match=said):
        ask(changes)


def test_of_who_asked_to_be_forgotten_no_consent_is_tried_and_nothing_is_used() -> None:
    gone = LiveFacts(erased=True)
    with pytest.raises(InputError, match="asked to be forgotten"):
        ask(Changes(with_consent=Consent.EMAIL), facts=gone)
    assert notes(ask(Changes(tier="gold"), facts=gone)) == ["no_consent_to_personalisation", "nothing_changed"]


def test_who_is_not_in_the_bundle_has_no_stage() -> None:
    with pytest.raises(InputError, match="does not know the member 'new'"):
        ask(AS_DORMANT, "new", facts=LiveFacts(consent=Consent.PERSONALISATION))


def test_notes_are_told_in_chinese() -> None:
    found = ask(Changes(tier="gold"), "m006", context=replace(HOME, language="zh"))
    assert found.notes[0].text.startswith("会员未同意个性化")
