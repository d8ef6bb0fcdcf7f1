"""What an answer says of itself: how personal it is, why it is short, and who it is."""

from dataclasses import replace

import numpy as np

from recsys.decision import Context, Decision
from recsys.knowledge import Knowledge
from recsys.members import LiveFacts, ProductFact, Subject
from recsys.types import AnswerKind, EventKind, ItemKind
from tests.recsys.test_engine import KNOWLEDGE, engine, ids
from tests.worlds import NOW

HOME = Context("home", NOW)
PRODUCTS = Context("home", NOW, types=frozenset({ItemKind.PRODUCT}))
OFFERS = Context("offers", NOW)


def decide(
    subject: Subject | str, context: Context = HOME, knowledge: Knowledge = KNOWLEDGE, **changes: str
) -> Decision:
    return engine(knowledge, **changes).decide(Subject(subject) if isinstance(subject, str) else subject, context)


def without_own_lists(knowledge: Knowledge = KNOWLEDGE) -> Knowledge:
    empty = {
        name: replace(one, products=np.full_like(one.products, -1), scores=np.full_like(one.scores, np.nan))
        for name, one in knowledge.sources.items()
    }
    return replace(knowledge, sources=empty)


def test_a_known_member_of_whom_no_model_knows_anything_gets_the_segments_answer() -> None:
    decision = decide("m001", PRODUCTS, without_own_lists())
    assert decision.answer is AnswerKind.SEGMENT
    assert {item.source for item in decision.items} == {"popular_in_segment"}


def test_a_known_member_without_segment_gets_the_popular_answer() -> None:
    nobody = replace(KNOWLEDGE.members, segment=np.full(7, -1, dtype=np.int16))
    decision = decide("m001", PRODUCTS, replace(without_own_lists(), members=nobody))
    assert decision.answer is AnswerKind.POPULAR


def test_a_nightly_list_of_the_segment_is_not_personal() -> None:
    lists = {"popular_segment": KNOWLEDGE.sources["als"]}
    knowledge = replace(KNOWLEDGE, sources=lists, source_weights={"popular_segment": 1.0})
    assert decide("m001", PRODUCTS, knowledge).answer is AnswerKind.SEGMENT


def test_a_list_of_the_segment_for_a_member_without_one_is_everybodys() -> None:
    nobody = replace(KNOWLEDGE.members, segment=np.full(7, -1, dtype=np.int16))
    lists = {"popular_segment": KNOWLEDGE.sources["als"]}
    knowledge = replace(KNOWLEDGE, members=nobody, sources=lists, source_weights={"popular_segment": 1.0})
    assert decide("m001", PRODUCTS, knowledge).answer is AnswerKind.POPULAR


def test_what_a_new_member_just_did_makes_the_answer_personal() -> None:
    viewed = LiveFacts((ProductFact("p012", EventKind.VIEW, NOW - 5),))
    assert decide(Subject("m001", viewed), PRODUCTS, without_own_lists()).answer is AnswerKind.PERSONALISED


def test_an_offer_of_a_known_member_is_personal_and_a_strangers_is_not() -> None:
    known = decide("m000", OFFERS)
    assert known.items
    assert known.answer is AnswerKind.PERSONALISED
    stranger = decide("nobody", OFFERS)
    assert stranger.items
    assert stranger.answer is AnswerKind.POPULAR


def test_where_no_products_were_asked_for_none_are_searched() -> None:
    everything = frozenset(f"p{row:03}" for row in range(30))
    decision = decide(Subject("m000", exclude_ids=everything), OFFERS)
    assert decision.items
    assert decision.answer is AnswerKind.PERSONALISED


def test_a_segment_with_few_products_is_filled_up_with_what_is_popular() -> None:
    popular = KNOWLEDGE.popular.products.copy()
    popular[2, 3:] = -1
    thin = replace(KNOWLEDGE, popular=replace(KNOWLEDGE.popular, products=popular))
    decision = decide("m001", PRODUCTS, without_own_lists(thin), **{"limit: 3": "limit: 100"})
    sources = [item.source for item in decision.items]
    assert len(sources) == 12
    assert sources == sorted(sources, key=["popular_in_segment", "popular"].index)
    assert set(sources) == {"popular_in_segment", "popular"}


def test_the_fallback_still_tells_what_was_removed() -> None:
    everything = frozenset(f"p{row:03}" for row in range(30)) - {"p020"}
    short = replace(KNOWLEDGE.popular, products=KNOWLEDGE.popular.products[:, :1])
    knowledge = replace(KNOWLEDGE, popular=short)
    member = Subject("m000", exclude_ids=everything)
    lists = [set(one.products[0].tolist()) for one in knowledge.sources.values()]
    candidates = {f"p{row:03}" for row in set.union(*lists, {int(short.products[1, 0])})} - {"p020"}
    decision = decide(member, replace(PRODUCTS, explain=True), replace(knowledge, source_weights={"als": 1.0}))
    assert {one.id for one in decision.why_not} <= candidates
    told = {one.rule for one in decision.why_not}
    assert "excluded_by_request" in told
    assert {item.id for item in decision.items} <= {"p020"}


# Shortfalls.


def test_a_placement_full_of_offers_is_not_said_to_lack_good_ones() -> None:
    uplift = np.full_like(KNOWLEDGE.response.uplift, 0.5)
    generous = replace(KNOWLEDGE, response=replace(KNOWLEDGE.response, uplift=uplift))
    decision = decide("m003", replace(OFFERS, n=5), generous)
    assert len(decision.items) == 3
    assert decision.shortfall_reason == "placement_capacity"


def test_offers_asked_for_where_none_can_stand_are_a_matter_of_capacity() -> None:
    decision = decide("m000", Context("product_page", NOW, types=frozenset({ItemKind.OFFER})))
    assert (decision.items, decision.shortfall_reason, decision.offer_choice) == ((), "placement_capacity", None)


def test_no_offer_that_was_drawn_is_not_said_to_be_best() -> None:
    exploring = engine(epsilon="epsilon: 0.5", thompson="uniform")
    decisions = exploring.decide_many([Subject(f"v{number}") for number in range(200)], OFFERS).records()
    tried = [one for one in decisions if one.shortfall_reason == "no_offer_is_tried"]
    assert tried
    assert {(one.offer_choice, one.items) for one in tried} == {("no_offer", ())}
    assert all(one.logging_propensity < 0.5 for one in tried)
    assert "no_offer_is_best" not in {one.shortfall_reason for one in decisions if not one.items}


def test_a_slate_that_is_full_lacks_nothing() -> None:
    assert [decide("m000", replace(HOME, n=n)).shortfall_reason for n in (1, 2)] == ["", ""]


def test_where_no_position_is_wanted_no_offer_is_chosen() -> None:
    assert decide("m000", replace(OFFERS, n=1)).offer_choice == decide("m000", OFFERS).items[0].id
    assert decide("m000", replace(OFFERS, n=0)).offer_choice is None


def test_a_lever_on_offers_is_named_and_in_the_score_and_not_in_the_value() -> None:
    lever = "id: lift, owner: tests, effect: boost, factor: 2.0, until: 2030-01-01, applies_to: offer"
    plain = decide("m000", OFFERS).items[0]
    lifted = decide("m000", OFFERS, **{"\nlevers:": f"\nrules:\n  - {{{lever}}}\nlevers:"}).items[0]
    assert (lifted.id, lifted.value_minor, lifted.rules_applied) == (plain.id, plain.value_minor, ("lift",))
    assert lifted.score == 2 * plain.score


def test_the_channels_contact_cost_of_the_policy_is_what_an_offer_costs() -> None:
    plain = decide("m000", OFFERS).items[0]
    dear = decide("m000", OFFERS, **{"  risk_aversion": "  contact_cost_minor: {web: 12}\n  risk_aversion"}).items[0]
    assert plain.value_minor is not None
    assert (dear.id, dear.value_minor) == (plain.id, plain.value_minor - 10)


def test_of_several_offers_only_the_one_drawn_is_called_a_trial() -> None:
    uplift = np.full_like(KNOWLEDGE.response.uplift, 0.5)
    generous = replace(KNOWLEDGE, response=replace(KNOWLEDGE.response, uplift=uplift))
    exploring = engine(generous, epsilon="epsilon: 0.5", thompson="uniform")
    decisions = exploring.decide_many([Subject(f"v{number}") for number in range(100)], OFFERS).records()
    codes = [[item.reasons[0].code for item in one.items] for one in decisions]
    assert ["offer_trial", "popular_now", "popular_now"] in codes
    assert ["popular_now", "popular_now", "popular_now"] in codes
    assert not any("offer_trial" in one[1:] for one in codes)


# Identity.


def test_an_answer_to_an_unknown_placement_is_not_the_default_placements_decision() -> None:
    assert decide("m000").decision_id != decide("m000", Context("nowhere", NOW)).decision_id


def test_no_member_id_can_be_written_so_as_to_have_the_decision_of_another() -> None:
    basket = ("p001",)
    facts = LiveFacts()
    forged = "m000" + repr((basket, [], facts))
    assert decide(Subject("m000", facts, basket)).decision_id != decide(forged).decision_id


def test_facts_that_say_nothing_are_no_facts() -> None:
    assert decide(Subject("m000", LiveFacts())).decision_id == decide("m000").decision_id


# Pins.

UNLISTED = min(set(range(10, 30)) - set(KNOWLEDGE.popular.products[:, :2].ravel().tolist()))
STAR = f"id: star, owner: tests, effect: pin, pin: {{id: p{UNLISTED:03}, position: 1}}, who: member.tier == 'gold'"
PIN = {"\nlevers:": f"\nrules:\n  - {{{STAR}}}\nlevers:", "limit: 3": "limit: 100"}


def test_a_pinned_item_names_its_rule_and_is_featured_once() -> None:
    item = decide("m000", **PIN).items[0]
    assert (item.id, item.rules_applied[-1:]) == (f"p{UNLISTED:03}", ("star",))
    assert [reason.code for reason in item.reasons].count("featured") == 1


def test_a_pin_proposes_nothing_to_those_it_is_not_about() -> None:
    few = replace(without_own_lists(), popular=replace(KNOWLEDGE.popular, products=KNOWLEDGE.popular.products[:, :2]))
    gold, silver = decide("m000", PRODUCTS, few, **PIN), decide("m001", PRODUCTS, few, **PIN)
    assert ids(gold)[0] == f"p{UNLISTED:03}"
    assert [reason.code for reason in gold.items[0].reasons].count("featured") == 1
    assert f"p{UNLISTED:03}" not in ids(silver)


def test_a_product_that_others_have_pinned_is_not_featured() -> None:
    product = decide("m001", PRODUCTS).items[0].id
    pins = {**PIN, "\nlevers:": PIN["\nlevers:"].replace(f"p{UNLISTED:03}", product)}
    item = next(one for one in decide("m001", PRODUCTS, **pins).items if one.id == product)
    assert "featured" not in {reason.code for reason in item.reasons}
    assert item.rules_applied == ()
