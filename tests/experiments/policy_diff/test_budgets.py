"""What is expected to be spent of each budget, and what is said where it is too much."""

import numpy as np
import pytest

from recsys.batch import build_batch
from recsys.members import Subject
from recsys.offers.economics import OfferTerms, offer_values
from tests.experiments.policy_diff.worlds import NO_OFFERS, diff_of, ids, one_by_one, policy, world

ONLY_003 = 'rules: [{id: only_o003, owner: crm, applies_to: offer, what: offer.id == "o003", effect: require}]\n'


def test_spend_of_an_offer_is_the_expected_discount_of_all_who_are_shown_it():
    knowledge = world()
    found = diff_of(policy(NO_OFFERS), policy(), knowledge, placements=["home"])
    names = [one.decode() for one in ids(knowledge).tolist()]
    values = offer_values(build_batch([Subject(one) for one in names], knowledge), knowledge, OfferTerms.of(knowledge))
    spend = dict.fromkeys(knowledge.offers.offers.ids(np.arange(6)), 0.0)
    for at, one in enumerate(one_by_one(policy(), knowledge, "home")):
        for item in one.items:
            if item.id in spend:
                spend[item.id] += values.discount[at, knowledge.offers.offers.row(item.id)]
    shown = {offer: amount for offer, amount in spend.items() if amount}
    assert {one.budget_id: one.spend.b for one in found.budgets} == pytest.approx(shown)
    assert len(shown) > 1
    assert {one.spend.a for one in found.budgets} == {0}
    discount = found.placements[0].everybody.totals["discount_minor"]
    assert sum(one.spend.difference for one in found.budgets) == pytest.approx(discount.difference)


def test_a_budget_that_b_exceeds_is_warned_of_and_one_that_only_a_does_is_not():
    knowledge = world(budget_minor=150)
    found = diff_of(policy(), policy(ONLY_003), knowledge, placements=["home"])
    (mine,) = [one for one in found.budgets if one.budget_id == "o003"]
    assert mine.exceeded_b
    assert any("'o003'" in warning and "above the GBP 1.50 there are" in warning for warning in found.warnings)
    back = diff_of(policy(ONLY_003), policy(NO_OFFERS), knowledge, placements=["home"])
    (mine,) = [one for one in back.budgets if one.budget_id == "o003"]
    assert (mine.exceeded_a, mine.exceeded_b) == (True, False)
    assert back.warnings == ()


def test_a_sample_is_scaled_to_all_members():
    knowledge = world()
    half, every = (
        diff_of(policy(NO_OFFERS), policy(), knowledge, placements=["home"], drawn=drawn) for drawn in (30, None)
    )
    spent, all_spent = (sum(one.spend.b for one in found.budgets) for found in (half, every))
    assert spent == pytest.approx(half.placements[0].everybody.means["discount_minor"].b * 61)
    assert 0.5 * all_spent < spent < 2 * all_spent
    assert all(one.spend.low is not None for one in half.budgets)
    assert all(one.spend.low is None for one in every.budgets)


def test_spend_of_several_placements_is_added_and_said_for_each():
    found = diff_of(policy(), policy(NO_OFFERS), world(), placements=["home", "offers"], drawn=40)
    for one in found.budgets:
        assert set(one.by_placement) == {"home", "offers"}
        assert one.spend.a == pytest.approx(sum(part.a for part in one.by_placement.values()))
        assert one.spend.difference == pytest.approx(sum(part.difference for part in one.by_placement.values()))


def test_budgets_of_the_policies_are_compared_by_id_each_over_its_own_offers():
    flat = "guardrails: {budgets: [{id: money, what: 'offer.kind == \"amount_off\"', amount_minor: 900000}]}\n"
    less = "guardrails: {budgets: [{id: money, what: 'offer.kind != \"amount_off\"', amount_minor: 1000}]}\n"
    found = diff_of(policy(flat), policy(less), world(), placements=["offers"])
    own = {one.budget_id: one.spend for one in found.budgets if one.kind == "offer"}
    (money,) = [one for one in found.budgets if one.kind == "policy"]
    assert (money.amount_a, money.amount_b) == (900_000, 1_000)
    assert money.spend.a == pytest.approx(own["o000"].a + own["o004"].a)
    assert money.spend.b == pytest.approx(sum(one.b for name, one in own.items() if name not in ("o000", "o004")))
    assert money.exceeded_b
    alone = diff_of(policy(), policy(less), world(), placements=["offers"])
    (money,) = [one for one in alone.budgets if one.kind == "policy"]
    assert (money.amount_a, money.spend.difference) == (None, pytest.approx(0))
    later = less.replace("amount_minor", 'from: "2030-01-01", amount_minor')
    assert not [one for one in diff_of(policy(), policy(later), world()).budgets if one.kind == "policy"]
