"""With explain, a decision lists all that was considered, and says of each what became of it and why."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import yaml

from recsys.arbitrate import arbitrate
from recsys.arms import arms_of
from recsys.decision import Candidate, Context, Decision
from recsys.engine import Engine
from recsys.exploration import Exploring
from recsys.knowledge import Knowledge
from recsys.members import Contact, LiveFacts, Subject
from recsys.policy.compile import compile_policy
from recsys.policy.file.guardrails import Drawing
from recsys.policy.reading.load import default_policy_text, parse_policy
from recsys.reasons import LANGUAGES
from recsys.types import Channel, Consent, ItemKind
from recsys.why_not import REASON_CODES, WhySection
from tests.recsys.test_why_not import EVERYTHING
from tests.worlds import NOW, bare_values, small_knowledge

KNOWLEDGE = small_knowledge()
TEXT = default_policy_text(KNOWLEDGE.tiers, "GBP")
MEMBERS = [*(Subject(f"m00{number}") for number in range(7)), Subject("nobody"), Subject("")]
LEVERS = """
  - {id: more_dairy, owner: tests, what: 'product.category == "dairy"', effect: boost, factor: 2.0, until: 2030-01-01}
  - {id: cheap_first, owner: tests, what: 'product.price_minor < 3000', effect: boost, factor: 1.5, until: 2030-01-01}
  - {id: points, owner: tests, applies_to: offer, what: 'offer.kind == "points_multiplier"', effect: bury, factor: 0.5,
     until: 2030-01-01}
  - {id: no_p004, owner: legal, what: 'product.id == "p004"', effect: exclude, reason: {en: Recalled, zh: 已召回}}
"""


@cache
def engine(*, uplift: float | None = None, epsilon: float = 0.0, drawing: str = "thompson", rules: str = "") -> Engine:
    text = TEXT.replace("epsilon: 0.05", f"epsilon: {epsilon}").replace("draw: thompson", f"draw: {drawing}")
    text = with_rules(text, rules) if rules else text
    knowledge = KNOWLEDGE if uplift is None else with_uplift(uplift)
    return Engine(knowledge, compile_policy(parse_policy(text), knowledge))


def with_rules(text: str, rules: str) -> str:
    """The file with these rules before its own, whether or not it has any."""
    return text.replace("\nrules:\n", f"\nrules:{rules}", 1) if "\nrules:\n" in text else f"{text}\nrules:{rules}"


def with_uplift(uplift: float) -> Knowledge:
    response = KNOWLEDGE.response
    return replace(KNOWLEDGE, response=replace(response, uplift=np.full_like(response.uplift, uplift)))


def decide(member: str = "m001", placement: str = "home", *, by: Engine | None = None, **context: object) -> Decision:
    asked = Context(placement, NOW, explain=True, **context)  # type: ignore[arg-type]
    return (by or engine()).decide(Subject(member), asked)


def listed(decision: Decision) -> tuple[Candidate, ...]:
    assert decision.candidates is not None
    return decision.candidates


def codes(decision: Decision, kind: ItemKind) -> dict[str, str]:
    return {one.id: one.reason.code for one in listed(decision) if one.kind is kind and one.reason is not None}


def test_without_explain_there_is_no_list() -> None:
    assert engine().decide(Subject("m001"), Context("home", NOW)).candidates is None


@pytest.mark.parametrize("placement", ["home", "basket", "offers", "email", "product_page", "nowhere"])
def test_the_list_and_the_slate_say_the_same(placement: str) -> None:
    for decision in engine(rules=LEVERS).decide_many(MEMBERS, Context(placement, NOW, explain=True)).records():
        shown = [one for one in listed(decision) if one.position is not None]
        assert [(one.kind, one.id, one.position, one.score, one.source, one.value_minor) for one in shown] == [
            (item.kind, item.id, item.position, item.score, item.source, item.value_minor) for item in decision.items
        ]
        assert [tuple(lever.rule for lever in one.multipliers) for one in shown] == [
            item.rules_applied for item in decision.items
        ]
        removed = {(one.kind, one.id, one.removed_by) for one in listed(decision) if one.removed_by}
        assert removed == {(one.kind, one.id, one.rule) for one in decision.why_not}
        ids = [(one.kind, one.id) for one in listed(decision)]
        assert len(ids) == len(set(ids))


def test_who_is_not_shown_has_a_reason_and_a_section_of_the_closed_sets() -> None:
    for decision in engine(rules=LEVERS).decide_many(MEMBERS, Context("home", NOW, explain=True)).records():
        for one in listed(decision):
            assert (one.reason is None) == (one.section is None) == (one.position is not None)
            if one.reason is not None:
                assert one.reason.code in REASON_CODES
                assert one.reason.text
                assert one.section in set(WhySection)


def test_levers_are_named_and_multiply() -> None:
    factors = {"more_dairy": 2.0, "cheap_first": 1.5, "points": 0.5, "margin_for_top_tiers": 1.1}
    seen: set[str] = set()
    for decision in engine(rules=LEVERS).decide_many(MEMBERS, Context("home", NOW, explain=True)).records():
        for one in listed(decision):
            assert {lever.rule: lever.factor for lever in one.multipliers}.items() <= factors.items()
            product = np.prod([lever.factor for lever in one.multipliers])
            assert one.score == pytest.approx(one.score_before * product, rel=1e-5)
            seen |= {lever.rule for lever in one.multipliers}
    assert {"more_dairy", "cheap_first", "points"} <= seen


def test_a_lever_does_not_touch_an_offer_that_gains_nothing() -> None:
    by = engine(uplift=0.0, rules=LEVERS)
    offers = [one for one in listed(decide(by=by)) if one.kind is ItemKind.OFFER and one.removed_by is None]
    assert offers
    assert all(one.score < 0 and one.score == one.score_before and not one.multipliers for one in offers)


def test_the_first_rule_that_removes_is_told_with_its_own_words_in_both_languages() -> None:
    by = engine(rules=LEVERS)
    for language, text in (("en", "Recalled"), ("zh", "已召回")):
        found = {one.id: one for one in listed(decide("m002", by=by, language=language))}
        removed = (
            found.get("p004") or {one.id: one for one in listed(decide("nobody", by=by, language=language))}["p004"]
        )
        assert (removed.removed_by, removed.section) == ("no_p004", "rules")
        assert removed.reason is not None
        assert (removed.reason.code, removed.reason.text) == ("file_rule", text)


def test_products_that_no_rule_removed_are_outranked() -> None:
    found = codes(decide(n=2), ItemKind.PRODUCT)
    assert list(found.values()).count("outranked") > 3
    assert found["p001"] == "out_of_stock"


def test_with_no_places_asked_for_nothing_is_outranked() -> None:
    decision = decide(n=0)
    assert "no_places" in codes(decision, ItemKind.PRODUCT).values()
    assert "outranked" not in codes(decision, ItemKind.PRODUCT).values()


def test_an_offer_that_is_worth_no_more_than_none_gains_nothing() -> None:
    found = codes(decide(placement="offers", by=engine(uplift=0.0)), ItemKind.OFFER)
    assert found["o003"] == "no_gain"
    assert found["o001"] == "offer_not_valid"


def test_better_offers_fill_the_places_of_offers() -> None:
    decision = decide("m000", by=engine(uplift=0.08))
    assert sum(item.kind is ItemKind.OFFER for item in decision.items) == 1
    assert "offer_places_full" in codes(decision, ItemKind.OFFER).values()


def test_what_a_draw_replaced_was_not_drawn() -> None:
    best = engine(uplift=0.08).decide(Subject("m000"), Context("home", NOW)).offer_choice
    by = engine(uplift=0.08, epsilon=0.5, drawing="uniform")
    drawn = [decide("m000", by=by, seed=seed) for seed in range(30)]
    others = [decision for decision in drawn if decision.offer_choice != best]
    assert {"no_offer"} < {decision.offer_choice for decision in others}
    for decision in others:
        found = codes(decision, ItemKind.OFFER)
        not_drawn = [offer for offer, code in found.items() if code == "not_drawn"]
        assert best in not_drawn
        # Where no offer was drawn, no better one took the places of the others.
        assert (len(not_drawn) == 1) == (decision.offer_choice != "no_offer")
        assert ("offer_places_full" in found.values()) == (decision.offer_choice != "no_offer")


@pytest.mark.parametrize("placement", ["home", "offers"])
def test_propensities_of_the_arms_are_those_of_the_choice(placement: str) -> None:
    for epsilon, drawing in ((0.0, "thompson"), (0.3, "thompson"), (0.3, "uniform")):
        by = engine(uplift=0.05, epsilon=epsilon, drawing=drawing)
        for seed in range(8):
            context = Context(placement, NOW, seed=seed, explain=True)
            for decision in by.decide_many(MEMBERS, context).records():
                arms = {
                    one.id: one.logging_propensity for one in listed(decision) if one.logging_propensity is not None
                }
                arms["no_offer"] = 1 - sum(arms.values())
                assert decision.offer_choice is not None
                assert arms[decision.offer_choice] == pytest.approx(decision.logging_propensity)
                assert all(propensity + 1e-12 >= 0 for propensity in arms.values())


@pytest.mark.parametrize("drawing", list(Drawing))
@pytest.mark.parametrize("floor", [0.0, 0.12, 0.2])
@pytest.mark.parametrize("equal", [False, True], ids=["apart", "equal and none worth more than no offer"])
def test_with_a_floor_under_propensities_the_arms_are_those_that_are_drawn(
    floor: float, equal: bool, drawing: Drawing
) -> None:
    exploring = Exploring(0.4, floor, drawing)
    rng = np.random.default_rng(5)
    mean, sd, discount = (rng.uniform(low, high, (3, 6)) for low, high in ((-2, 9), (1, 4), (0, 5)))
    if equal:
        mean, sd = np.full_like(mean, 1.0), np.full_like(sd, 4.0)
    values = bare_values(mean, sd, discount, discount, revenue=mean, redemption=discount.astype(np.int64))
    keep = rng.random((3, 6)) < 0.8
    drawn: dict[tuple[int, int], set[float]] = {}
    told: dict[tuple[int, int], set[float]] = {}
    for draw in np.linspace(0, 1, 200, endpoint=False):
        choice = arbitrate(
            values, keep, boost=np.ones((3, 6), np.float32), shadow_price=np.zeros(6), risk_aversion=0.5,
            exploring=exploring, draw=np.full(3, draw), max_offers=1,
        )  # fmt: skip
        for member, (row, propensity) in enumerate(zip(choice.rows[:, 0], choice.propensity, strict=True)):
            drawn.setdefault((member, int(row)), set()).add(float(propensity))
        arms = arms_of(values, keep, choice, exploring=exploring).propensity
        for member, row in np.argwhere(~np.isnan(arms)).tolist():
            told.setdefault((member, row), set()).add(float(arms[member, row]))
    if drawing is Drawing.THOMPSON and not floor:
        # What is next to never drawn is told all the same.
        rare = {key for key, found in told.items() if max(found) < 0.005}
        told, drawn = ({key: found for key, found in both.items() if key not in rare} for both in (told, drawn))
    assert {key: list(found) for key, found in told.items()} == {
        key: [pytest.approx(max(found))] for key, found in drawn.items() if key[1] >= 0
    }
    assert all(len(found) == 1 for found in drawn.values())
    assert min(min(found) for found in told.values()) >= floor


def test_the_list_begins_with_the_slate_and_ends_with_what_rules_removed_in_their_order() -> None:
    by = engine(rules=LEVERS)
    decision = decide("m003", by=by, n=4)
    order = [
        0 if one.position else 2 + by.policy.rule_ids.index(one.removed_by) if one.removed_by else 1
        for one in listed(decision)
    ]
    assert order == sorted(order)
    assert {0, 1} < set(order)
    left = [one.score for one in listed(decision) if one.position is None and one.removed_by is None]
    assert left == sorted(left, reverse=True)


def test_many_are_explained_as_each_alone() -> None:
    by = engine(rules=LEVERS, epsilon=0.3)
    for placement in ("home", "offers", "email"):
        context = Context(placement, NOW, explain=True, language="zh")
        together = by.decide_many(MEMBERS, context).records()
        assert [one.candidates for one in together] == [by.decide(member, context).candidates for member in MEMBERS]


def test_who_cannot_be_written_to_is_told_so_of_every_candidate() -> None:
    subject = Subject("m000", LiveFacts(consent=Consent.PERSONALISATION))
    decision = engine().decide(subject, Context("email", NOW, explain=True, language="zh"))
    assert listed(decision)
    removed = [one for one in listed(decision) if one.removed_by == "channel_consent_missing"]
    assert removed
    assert {one.section for one in removed} == {"contact"}
    assert all(one.removed_by for one in listed(decision))


def test_a_policy_with_everything_in_it_tells_each_reason_in_both_languages() -> None:
    by = Engine(KNOWLEDGE, compile_policy(parse_policy(yaml.safe_dump(EVERYTHING)), KNOWLEDGE))
    contacts = (Contact(Channel.EMAIL, NOW - 60, "o002"), Contact(Channel.EMAIL, NOW - 90, "o004"))
    asking = [*MEMBERS, Subject("m001", LiveFacts(contacts=contacts))]
    texts: dict[tuple[str | None, str], set[str]] = {}
    for language in LANGUAGES:
        for channel in Channel:
            context = Context("home", NOW, channel=channel, explain=True, language=language)
            for decision in by.decide_many(asking, context).records():
                for one in listed(decision):
                    if one.reason is not None:
                        texts.setdefault((one.removed_by, one.reason.code), set()).add(one.reason.text)
    assert all(len(found) == 2 for found in texts.values())
    assert {code for _, code in texts} >= {
        "eligibility_rule", "period_offer", "quiet_hours", "contact_cap", "cooldown_contacted", "slate_cap",
        "channel_consent_missing", "out_of_stock", "outranked", "budget", "depth_band",
    }  # fmt: skip


def test_a_drawn_offer_that_gains_nothing_is_not_said_to_be_promoted() -> None:
    lever = "{id: all, owner: tests, applies_to: offer, effect: boost, factor: 2.0, until: 2030-01-01}"
    by = engine(uplift=0.0, epsilon=0.5, rules=f"\n  - {lever}\n")
    shown = 0
    for seed in range(40):
        decision = decide("m000", "offers", by=by, seed=seed)
        levers = {one.id: tuple(lever.rule for lever in one.multipliers) for one in listed(decision)}
        for item in decision.items:
            assert item.rules_applied == levers[item.id]
            assert ("promoted" in {reason.code for reason in item.reasons}) == bool(levers[item.id])
            shown += item.score < 0
    assert shown
