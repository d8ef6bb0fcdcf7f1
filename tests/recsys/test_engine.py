"""What the engine answers in the cases that people ask about."""

from dataclasses import replace

import numpy as np
import pytest

from recsys.decision import Context, Decision
from recsys.engine import Engine
from recsys.knowledge import Knowledge
from recsys.members import Contact, LiveFacts, ProductFact, Subject
from recsys.policy.compile import compile_policy
from recsys.policy.reading.load import default_policy_text, parse_policy
from recsys.types import AnswerKind, Channel, Consent, EventKind, ItemKind
from tests.worlds import ALL, DAY, NOW, small_knowledge

KNOWLEDGE = small_knowledge()
TEXT = default_policy_text(KNOWLEDGE.tiers, "GBP")


def engine(knowledge: Knowledge = KNOWLEDGE, **changes: str) -> Engine:
    text = TEXT.replace("epsilon: 0.05", changes.pop("epsilon", "epsilon: 0.0"))
    for before, after in changes.items():
        assert before in text
        text = text.replace(before, after)
    return Engine(knowledge, compile_policy(parse_policy(text), knowledge))


def decide(member: str, placement: str = "home", facts: LiveFacts | None = None, **context: object) -> Decision:
    subject = Subject(member, facts or LiveFacts())
    return engine().decide(subject, Context(placement=placement, now=NOW, **context))  # type: ignore[arg-type]


def ids(decision: Decision, kind: ItemKind = ItemKind.PRODUCT) -> list[str]:
    return [item.id for item in decision.items if item.kind is kind]


def test_a_known_member_gets_a_personalised_slate_with_reasons() -> None:
    decision = decide("m000")
    assert decision.answer is AnswerKind.PERSONALISED
    assert {item.source for item in decision.items if item.kind is ItemKind.PRODUCT} <= {
        "als", "frequency", "popular_in_segment",
    }  # fmt: skip
    assert all(item.reasons[0].text for item in decision.items)


def test_an_unknown_member_gets_what_is_popular() -> None:
    decision = decide("nobody")
    assert decision.answer is AnswerKind.POPULAR
    assert decision.items
    assert {item.source for item in decision.items if item.kind is ItemKind.PRODUCT} == {"popular"}


def test_an_unknown_placement_is_answered_and_said() -> None:
    decision = decide("m000", "no such placement")
    assert decision.placement == "home"
    assert decision.degraded == ("unknown_placement",)


def test_what_the_caller_could_not_give_is_carried_into_the_answer() -> None:
    assert decide("m000", degraded=("store_unavailable",)).degraded == ("store_unavailable",)


def test_a_view_changes_the_next_answer() -> None:
    before = decide("m000")
    after = decide("m000", facts=LiveFacts((ProductFact("p012", EventKind.VIEW, NOW - 5),)))
    near = {f"p{row:03}" for row in KNOWLEDGE.neighbours.products[12].tolist()}
    assert ids(after) != ids(before)
    assert near & {item.id for item in after.items if item.source == "recent_activity"}
    assert after.decision_id != before.decision_id


def test_a_product_bought_just_now_is_not_shown_again_unless_people_repeat_it() -> None:
    bought = tuple(ProductFact(product, EventKind.PURCHASE, NOW - 60) for product in ("p004", "p029"))
    decision = decide("m000", facts=LiveFacts(bought), explain=True)
    rules = {removed.id: removed.rule for removed in decision.why_not}
    assert rules["p004"] == "recently_bought"
    assert rules.get("p029") != "recently_bought"  # its repeat rate is 0.6


def test_every_removed_candidate_has_its_first_rule() -> None:
    decision = decide("m001", explain=True)
    rules = {(removed.kind, removed.id): removed.rule for removed in decision.why_not}
    assert rules[ItemKind.PRODUCT, "p001"] == "out_of_stock"
    assert rules[ItemKind.PRODUCT, "p002"] == "not_on_sale"
    assert rules[ItemKind.OFFER, "o000"] == "tier_not_allowed"
    assert rules[ItemKind.OFFER, "o001"] == "offer_not_valid"
    assert "variety_in_slate" in rules.values()


def test_without_explain_there_is_no_why_not() -> None:
    assert decide("m001").why_not == ()


def test_no_email_without_consent_to_email() -> None:
    decision = decide("m000", "email", LiveFacts(consent=Consent.PERSONALISATION))
    assert decision.items == ()
    assert decision.answer is not AnswerKind.FALLBACK
    assert decision.shortfall_reason == "channel_consent_missing"


def test_no_third_email_in_a_week() -> None:
    contacts = tuple(Contact(Channel.EMAIL, NOW - day * DAY) for day in (1, 3))
    decision = decide("m000", "email", LiveFacts(contacts=contacts))
    assert decision.items == ()
    assert decision.shortfall_reason == "email_weekly_cap"
    old = tuple(Contact(Channel.EMAIL, NOW - day * DAY) for day in (1, 8))
    assert decide("m000", "email", LiveFacts(contacts=old)).items


def test_an_offer_in_the_wallet_is_not_proposed_again() -> None:
    held = ids(decide("m000", "offers"), ItemKind.OFFER)
    assert held
    assert not set(held) & set(ids(decide("m000", "offers", LiveFacts(held_offers=tuple(held))), ItemKind.OFFER))


def test_an_offer_that_only_costs_is_not_made_and_the_answer_says_so() -> None:
    uplift = np.zeros_like(KNOWLEDGE.response.uplift)
    useless = replace(KNOWLEDGE, response=replace(KNOWLEDGE.response, uplift=uplift))
    decision = engine(useless).decide(Subject("m000"), Context(placement="offers", now=NOW))
    assert decision.items == ()
    assert decision.offer_choice == "no_offer"
    assert decision.shortfall_reason == "no_offer_is_best"


def test_offers_carry_their_value_in_minor_units() -> None:
    offer = next(item for item in decide("m000", "offers").items)
    assert offer.kind is ItemKind.OFFER
    assert isinstance(offer.value_minor, int)
    assert offer.value_minor > 0
    assert offer.value_sd_minor is not None
    assert 0 < offer.value_sd_minor < offer.value_minor
    assert offer.score == pytest.approx(offer.value_minor - 0.5 * offer.value_sd_minor, abs=0.76)  # both were rounded


def test_a_placement_for_products_has_no_offer_choice() -> None:
    decision = decide("m000", "product_page")
    assert decision.offer_choice is None
    assert decision.logging_propensity == 1.0


def test_only_the_kinds_asked_for_are_given() -> None:
    assert not ids(decide("m000", types=frozenset({ItemKind.PRODUCT})), ItemKind.OFFER)
    assert not ids(decide("m000", types=frozenset({ItemKind.OFFER})))


def test_more_than_the_capacity_is_cut_and_said() -> None:
    decision = decide("m000", "basket", n=50)
    assert len(decision.items) == 6
    assert decision.shortfall_reason == "placement_capacity"


def test_about_one_member_in_twenty_is_in_the_holdout_and_gets_no_offers() -> None:
    strangers = [Subject(f"v{number}") for number in range(4_000)]
    decisions = engine().decide_many(strangers, Context(placement="offers", now=NOW))
    held_out = decisions.arm == decisions.arm_names.index("no_offers")
    assert 0.035 < held_out.mean() < 0.065
    assert (decisions.kind[held_out] == -1).all()
    assert (decisions.kind[~held_out, 0] == 1).any()
    record = decisions.record(int(np.flatnonzero(held_out)[0]))
    assert (record.arm, record.arm_weight, record.shortfall_reason) == ("no_offers", 0.05, "experiment_holdout")


def test_exploration_is_steady_through_a_day_and_new_the_next() -> None:
    exploring = engine(epsilon="epsilon: 0.5")
    many = [Subject(f"v{number}") for number in range(300)]

    def choices(now: int) -> list[int]:
        return exploring.decide_many(many, Context(placement="offers", now=now)).offer_choice.tolist()

    assert choices(NOW) == choices(NOW + 60)
    assert choices(NOW) != choices(NOW + DAY)


def test_the_answer_ends_with_the_first_item_that_ends() -> None:
    knowledge = replace(KNOWLEDGE, catalogue=replace(KNOWLEDGE.catalogue, sale_until=np.full(30, NOW + 100)))
    assert engine(knowledge).decide(Subject("m000"), Context(placement="home", now=NOW)).expires_at == NOW + 100
    assert decide("m000").expires_at == NOW + 900


def test_reasons_are_told_in_chinese_on_request() -> None:
    texts = {reason.text for item in decide("m000", language="zh").items for reason in item.reasons}
    codes = {reason.code for item in decide("m000", language="zh").items for reason in item.reasons}
    assert codes == {reason.code for item in decide("m000").items for reason in item.reasons}
    assert all(any("一" <= letter <= "鿿" for letter in text) for text in texts)


def test_where_every_candidate_is_removed_the_catalogue_is_searched() -> None:
    everything = frozenset(f"p{row:03}" for row in range(30)) - {"p020", "p021"}
    short = replace(KNOWLEDGE.popular, products=KNOWLEDGE.popular.products[:, :1])
    knowledge = replace(
        KNOWLEDGE,
        popular=replace(short, scores=KNOWLEDGE.popular.scores[:, :1]),
        sources={},
        source_weights={},
    )
    subject = Subject("nobody", exclude_ids=everything)
    only_products = Context(placement="home", now=NOW, types=frozenset({ItemKind.PRODUCT}))
    decision = engine(knowledge).decide(subject, only_products)
    assert decision.answer is AnswerKind.FALLBACK
    assert ids(decision) == ["p020", "p021"]
    assert {item.source for item in decision.items} == {"catalogue"}


def test_the_catalogue_is_searched_from_what_is_popular_on() -> None:
    popular = np.array([[29, 28], [4, 5], [4, 5]], dtype=np.int32)
    scores = np.ones((3, 2), dtype=np.float32)
    knowledge = replace(
        KNOWLEDGE, popular=replace(KNOWLEDGE.popular, products=popular, scores=scores), source_weights={}
    )
    asked = Context(placement="home", now=NOW, types=frozenset({ItemKind.PRODUCT}))
    decision = engine(knowledge).decide(Subject("m001", exclude_ids=frozenset({"p004", "p005"})), asked)
    assert decision.answer is AnswerKind.FALLBACK
    assert ids(decision)[:4] == ["p029", "p028", "p000", "p006"]


def test_in_the_arm_that_is_not_personal_the_fallback_is_not_either() -> None:
    """What m000 bought yesterday would be left out if anybody looked."""
    asked = Context(placement="home", now=NOW, types=frozenset({ItemKind.PRODUCT}))
    member = Subject("m000", exclude_ids=frozenset(f"p{row:03}" for row in range(30) if row != 5))
    short = replace(KNOWLEDGE.popular, products=KNOWLEDGE.popular.products[:, :1])
    assert 5 not in short.products
    knowledge = replace(KNOWLEDGE, popular=short)
    assert ids(engine(knowledge).decide(member, asked)) == []
    popular = engine(knowledge, **{"behaviour: full": "behaviour: popular"}).decide(member, asked)
    assert (popular.arm, popular.answer, ids(popular)) == ("offers", AnswerKind.FALLBACK, ["p005"])


def test_a_boost_moves_a_product_up_and_is_named() -> None:
    rule = "id: push, owner: tests, effect: boost, factor: 10.0, until: 2030-01-01, what: product.id == '{}'"
    asked = Context(placement="home", now=NOW, types=frozenset({ItemKind.PRODUCT}))
    last = engine().decide(Subject("m000"), asked).items[-1]
    pushed = engine(**{"\nlevers:": "\nrules:\n  - {" + rule.format(last.id) + "}\nlevers:"}).decide(
        Subject("m000"), asked
    )
    item = next(item for item in pushed.items if item.id == last.id)
    assert item.position < last.position
    assert "push" in item.rules_applied
    assert item.score == pytest.approx(10 * last.score)
    assert item.reasons[-1].code == "promoted"


@pytest.mark.parametrize("placement", ["home", "offers", "product_page"])
def test_a_call_without_members_is_answered_with_nothing(placement: str) -> None:
    assert engine().decide_many([], Context(placement=placement, now=NOW)).records() == []


def test_the_same_slate_is_the_same_whatever_consent_bits_of_other_channels_say() -> None:
    full = decide("m000", facts=LiveFacts(consent=Consent(ALL)))
    some = decide("m000", facts=LiveFacts(consent=Consent.PERSONALISATION))
    assert ids(full) == ids(some)
