"""A case made of a decision is passed by the policy that decided, and fails where the policy decides otherwise."""

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from recsys.decision import Context
from recsys.engine import Engine
from recsys.errors import InputError
from recsys.members import Contact, LiveFacts, OfferResponse, ProductFact, Subject
from recsys.policy.cases.write import case_text
from recsys.types import Channel, Consent, EventKind, Relation
from tests.recsys.policy.cases.cases_world import KNOWLEDGE, POLICY, run, told
from tests.recsys.policy.small import compiled
from tests.worlds import DAY, NOW

ENGINE = Engine(KNOWLEDGE, POLICY)
FACTS = LiveFacts(
    product_facts=(ProductFact("p004", EventKind.PURCHASE, NOW - DAY // 3),),
    held_offers=("o004", "gone"),
    contacts=(Contact(Channel.EMAIL, NOW - 7, "o003", ("o005", "gone")), Contact(Channel.PUSH, NOW - 3 * DAY, "gone")),
    consent=Consent.PERSONALISATION | Consent.EMAIL,
    tier="gold",
    responses=(OfferResponse("o003", EventKind.REDEMPTION, NOW - 2 * DAY - 1),),
)  # fmt: skip


@pytest.mark.parametrize("placement", ["home", "email"])
@pytest.mark.parametrize("member", ["m000", "m001", "m006", "stranger", ""])
@pytest.mark.parametrize("facts", [LiveFacts(), FACTS, LiveFacts(erased=True)], ids=["none", "some", "erased"])
def test_a_case_of_a_decision_is_passed(tmp_path: Path, member: str, facts: LiveFacts, placement: str) -> None:
    subject = Subject(member, facts, basket=("p007",), exclude_ids=frozenset({"p008", "o005"}))
    text = case_text("now", ENGINE, subject, Context(placement, NOW, attributes={"weather": "wet"}))
    assert run(tmp_path, text).problems == ()
    assert run(tmp_path, text).n_passed == 1


def test_a_case_shows_what_the_decision_shows(tmp_path: Path) -> None:
    context = Context("home", NOW)
    (case,) = yaml.safe_load(case_text("now", ENGINE, Subject("m000", FACTS), context))["cases"]
    decision = Engine(KNOWLEDGE, replace(POLICY, epsilon=0.0)).decide(Subject("m000", FACTS), context)
    assert case["expect"]["shows"] == [item.id for item in decision.items]
    assert case["context"]["at"] == "2023-11-17T06:13:20+08:00"
    assert case["member"]["bought"][0] == {"product": "p004", "days_ago": 0.333333}


def test_a_policy_that_decides_otherwise_fails_it(tmp_path: Path) -> None:
    (case,) = yaml.safe_load(case_text("now", ENGINE, Subject("m000"), Context("home", NOW)))["cases"]
    case["expect"] = {"offers_allowed": case["expect"]["offers_allowed"]}
    changed = compiled({"id": "no_o004", "effect": "exclude", "applies_to": "offer", "what": "offer.id == 'o004'"})
    problems = run(tmp_path, yaml.safe_dump({"cases": [case]}), policy=changed).problems
    assert told(problems) == ["case_failed o004"]
    assert "'no_o004' (rules, owner tests" in problems[0].message


def test_another_tier_stage_and_consent_are_pinned(tmp_path: Path) -> None:
    text = case_text(
        "mail", ENGINE, Subject("m001"), Context("email", NOW), tier="gold", stage="new", consent=Consent.PUSH
    )
    (case,) = yaml.safe_load(text)["cases"]
    assert case["member"] == {"id": "m001", "tier": "gold", "stage": "new", "consent": ["push"]}
    assert case["expect"] == {"nothing_because": "channel_consent_missing"}
    assert run(tmp_path, text).n_passed == 1


@pytest.mark.parametrize(
    ("case_id", "context", "tier", "words"),
    [
        ("No Id", Context("home", NOW), None, "id 'No Id' cannot be that of a case"),
        ("fine", Context("home", NOW, relation=Relation.SIMILAR), None, "not about products"),
        ("fine", Context("home", NOW), "tin", "no tier 'tin'; there are ordinary, silver"),
    ],
)
def test_what_a_case_cannot_say_is_refused(case_id: str, context: Context, tier: str | None, words: str) -> None:
    with pytest.raises(InputError, match=words):
        case_text(case_id, ENGINE, Subject("m001"), context, tier=tier)
