"""Lifetime value as features: what counts as an order and as its value, and what is said where models are refused."""

import json
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.lifetime.model import LifetimeModel
from features.lifetime.silence import OrderDays, SilenceModel
from features.profile.blocks import ReturnFacts
from features.profile.config import ProfileConfig, ValueConfig
from features.profile.daily_orders import daily_orders
from features.profile.group import Fitted
from features.profile.value import Value
from features.profile.value_norms import SHRUNKEN
from tests.features.profile.lived_facts import facts_before, lived_facts, lived_lines
from tests.features.profile.small_facts import DAY, START, Line, rules, small_facts

N = 150
RULES = rules(ProfileConfig(value=ValueConfig(horizon_days=180, churn_days=45)))
GROUP = Value()
FACTS = lived_facts(N)
FITTED = Fitted(GROUP.fit(FACTS, RULES), RULES)
FEW = Fitted(GROUP.fit(lived_facts(20), RULES), RULES)


def view(facts, fitted=FITTED, as_of=None):
    return GROUP.view(GROUP.summarise(facts, fitted), fitted, facts.as_of if as_of is None else as_of)


def returned(facts, *refunds):
    """The facts with refunds of member, day of the return, day of the purchase, amount."""
    member, at, bought, refund = (np.array(column) for column in zip(*refunds, strict=True))
    product = np.zeros(len(member), dtype=np.int32)
    block = ReturnFacts(member.astype(np.int32), START + at * DAY, product, START + bought * DAY, refund)
    return replace(facts, returns=block)


@pytest.mark.parametrize("fitted", [FITTED, FEW], ids=["fitted", "shrunken"])
def test_every_column_is_what_its_declaration_says(fitted):
    columns, specs = view(FACTS, fitted), GROUP.specs(RULES)
    assert [spec.name for spec in specs] == list(columns)
    assert [spec.name for spec in specs if not spec.holds(columns[spec.name])] == []


@pytest.mark.parametrize("fitted", [FITTED, FEW], ids=["fitted", "shrunken"])
def test_norms_can_be_written_as_json_and_read_back(fitted):
    again = Fitted(json.loads(json.dumps(fitted.norms)), RULES)
    for name, column in view(FACTS, again).items():
        assert column.tobytes() == view(FACTS, fitted)[name].tobytes(), name


def test_forecasts_are_those_of_the_models_that_the_norms_name():
    orders = daily_orders(FACTS)
    values = np.maximum(orders.value_minor, 0)
    seen = OrderDays(orders.member, orders.day, values, N).summary(FACTS.as_of_day - 1)
    model = LifetimeModel.from_settings(FITTED.norms["counts"])
    found, bought = view(FACTS), seen.bought()
    assert FITTED.norms["model"] == model.counts.name
    expected = model.expected_purchases(seen, 180)[bought]
    assert found["expected_orders"][bought] == pytest.approx(expected, rel=1e-6)
    silence = SilenceModel.from_settings(FITTED.norms["silence"])
    assert found["p_no_order"][bought] == pytest.approx(silence.silence_probability(seen)[bought], rel=1e-6)
    if FITTED.norms["value_model"] == "Gamma-Gamma":
        assert found["order_value_minor"] == pytest.approx(model.order_value(seen), abs=0.51)


def test_who_never_ordered_has_a_typical_order_and_no_forecast():
    found = view(FACTS)
    stranger = 3
    assert np.isnan(found["expected_orders"][stranger])
    assert np.isnan(found["p_no_order"][stranger])
    assert [int(found[name][stranger]) for name in ("ltv_minor", "ltv_low_minor", "ltv_high_minor")] == [-1, -1, -1]
    assert found["order_value_minor"][stranger] > 0


def test_the_model_that_was_refused_is_said_and_shrunken_rates_stand_in():
    norms = FEW.norms
    assert (norms["model"], norms["silence_model"]) == (SHRUNKEN, SHRUNKEN)
    assert "at least 20" in norms["refused"][0]
    assert view(FACTS, FEW)["expected_orders"][0] > 0
    assert FITTED.norms["model"] != SHRUNKEN


def test_members_who_all_pay_the_same_have_a_spend_model_that_hardly_doubts_it():
    weekly = small_facts([Line(member, day, 0, 500) for member in range(25) for day in range(0, 100, 7)], n_members=25)
    fitted = Fitted(GROUP.fit(weekly, RULES), RULES)
    assert fitted.norms["value_model"] == "Gamma-Gamma"
    assert [reason for reason in fitted.norms["refused"] if "silence" not in reason] == []
    found = view(weekly, fitted)
    assert found["order_value_minor"].tolist() == [500] * 25
    # What an order is worth is certain, so only their number is not.
    assert found["ltv_low_minor"][0] > 0.65 * found["ltv_minor"][0]


def test_a_shrunken_rate_by_hand():
    norms = {**FEW.norms, "rates": {"rate": 0.02, "prior_days": 50.0}}
    facts = small_facts([Line(0, day, 0, 100) for day in (10, 20, 40)], n_members=1, as_of_day=61)
    found = view(facts, Fitted(norms, RULES))
    # 0.02 x 50 + 2 repeats in 50 + 50 days.
    assert found["expected_orders"][0] == pytest.approx(3 / 100 * 180)
    assert found["p_no_order"][0] == pytest.approx((100 / 145) ** 3)


def test_an_order_value_shrunken_as_if_three_typical_orders_had_been_made_by_hand():
    norms = {**FEW.norms, "worth": {"p": 1.0, "q": 4.0, "v_minor": 3 * 500.0}}
    facts = small_facts([Line(0, 1, 0, 900), Line(0, 5, 1, 700), Line(0, 9, 1, 0)], n_members=1)
    assert view(facts, Fitted(norms, RULES))["order_value_minor"].tolist() == [(3 * 500 + 900 + 700) // 5]


def test_a_free_day_is_an_order_without_value():
    lines = [Line(0, day, 0, 1_000) for day in (1, 8, 15)]
    without = small_facts(lines, n_members=1)
    free = small_facts([*lines, Line(0, 22, 0, 0)], n_members=1)
    assert GROUP.summarise(free, FITTED)["repeats"].tolist() == [3]
    assert view(free)["order_value_minor"].tolist() == view(without)["order_value_minor"].tolist()
    assert GROUP.summarise(free, FITTED)["paid_share"][0] < GROUP.summarise(without, FITTED)["paid_share"][0]


def test_orders_of_one_day_are_one_of_their_sum():
    one = small_facts([Line(0, 1, 1, 900), Line(0, 4, 1, 500)], n_members=1)
    two = small_facts([Line(0, 1, 1, 300), Line(0, 1.5, 1, 600), Line(0, 4, 1, 500)], n_members=1)
    for name in ("expected_orders", "p_no_order", "order_value_minor", "ltv_minor"):
        assert view(one)[name].tolist() == view(two)[name].tolist(), name


def test_a_refund_counts_on_the_day_of_the_purchase_it_is_of():
    lines = [Line(0, 1, 0, 900), Line(0, 4, 0, 500), Line(1, 4, 0, 70)]
    facts = returned(small_facts(lines, n_members=2), (0, 30, 1, 400))
    assert daily_orders(facts).value_minor.tolist() == [500, 500, 70]


def test_a_refund_of_a_day_without_an_order_counts_on_the_day_before_it_with_one_or_on_the_first():
    lines = [Line(1, 1, 0, 900), Line(1, 4, 0, 500), Line(1, 9, 0, 70)]
    facts = returned(small_facts(lines, n_members=3), (0, 20, 2, 9), (1, 20, 0, 1), (1, 21, 6, 20), (2, 22, 4, 9))
    assert daily_orders(facts).value_minor.tolist() == [899, 480, 70]


def test_a_day_whose_goods_all_came_back_says_nothing_of_the_value_of_an_order():
    lines = [Line(0, 1, 0, 900), Line(0, 4, 0, 500)]
    kept = small_facts(lines, n_members=1)
    gone = returned(kept, (0, 30, 4, 800))
    assert daily_orders(gone).value_minor.tolist() == [900, -300]
    summary = GROUP.summarise(gone, FITTED)
    assert (summary["repeats"][0], summary["n_valued"][0], summary["mean_value_minor"][0]) == (1, 1, 900)


def test_margin_is_that_of_what_the_member_buys_where_costs_are_known():
    # Tea costs 150, milk 60.
    lines = [Line(0, day, 2, 160) for day in range(30)] + [Line(1, day, 0, 600) for day in range(30)]
    facts = small_facts(lines, n_members=2)
    found = view(facts)
    shares = found["margin_per_order_minor"] / found["order_value_minor"]
    assert shares[0] < 0.2 < 0.6 < shares[1]
    assert found["margin_known"].all()


def test_where_costs_are_withheld_the_margin_is_assumed_and_says_so():
    facts = replace(FACTS, products=replace(FACTS.products, cost_minor=np.full(4, -1)))
    fitted = Fitted(GROUP.fit(facts, RULES), RULES)
    found = view(facts, fitted)
    assert fitted.norms["margin"] == "assumed"
    assert not found["margin_known"].any()
    assert found["margin_per_order_minor"] == pytest.approx(0.3 * found["order_value_minor"], abs=1)


def test_the_interval_holds_the_value_and_is_wider_with_more_coverage():
    wide = rules(ProfileConfig(value=ValueConfig(horizon_days=180, churn_days=45, coverage=0.98)))
    found, wider = view(FACTS), view(FACTS, Fitted(FITTED.norms, wide))
    known = found["ltv_minor"] >= 0
    assert (found["ltv_low_minor"] <= found["ltv_high_minor"]).all()
    assert (wider["ltv_low_minor"] <= found["ltv_low_minor"]).all()
    assert (wider["ltv_high_minor"] > found["ltv_high_minor"])[known].any()
    assert (found["ltv_minor"] <= wider["ltv_high_minor"]).all()


def test_money_of_later_counts_less_the_higher_the_discount():
    values = []
    for rate in (0.0, 0.1, 1.0):
        some = rules(ProfileConfig(value=ValueConfig(horizon_days=180, churn_days=45, yearly_discount_rate=rate)))
        values.append(int(view(FACTS, Fitted(FITTED.norms, some))["ltv_minor"][0]))
    assert values == sorted(values, reverse=True)
    assert 0.6 < values[2] / values[0] < 0.9


def test_the_value_to_come_is_of_orders_that_are_paid_for_and_so_are_the_ends_of_its_interval():
    summary = GROUP.summarise(FACTS, FITTED)
    found = GROUP.view(summary, FITTED, FACTS.as_of)
    half = GROUP.view({**summary, "paid_share": summary["paid_share"] / 2}, FITTED, FACTS.as_of)
    worth = found["ltv_minor"] > 0
    assert half["ltv_minor"][worth] == pytest.approx(found["ltv_minor"][worth] / 2, abs=1)
    assert half["ltv_high_minor"][0] < 0.7 * found["ltv_high_minor"][0]


def test_both_ends_of_the_interval_are_discounted_as_the_value_is():
    ends = ("ltv_minor", "ltv_low_minor", "ltv_high_minor")
    plain, late = (
        view(FACTS, Fitted(FITTED.norms, rules(ProfileConfig(value=ValueConfig(yearly_discount_rate=rate)))))
        for rate in (0.0, 1.0)
    )
    worth = np.flatnonzero(plain["ltv_low_minor"] > 1_000)
    assert len(worth) > 5
    ratios = [late[name][worth] / plain[name][worth] for name in ends]
    assert ratios[1] == pytest.approx(ratios[0], rel=0.01)
    assert ratios[2] == pytest.approx(ratios[0], rel=0.01)


@given(st.integers(0, 2**16), st.lists(st.integers(0, 29), min_size=1, unique=True))
@settings(max_examples=20, deadline=None)
def test_a_member_has_the_same_value_whoever_else_is_in_the_facts(seed, rows):
    facts, rows = lived_facts(30, seed=seed), np.array(sorted(rows))
    facts = returned(facts, (0, 190, 60, 500), (4, 190, 199, 10_000), (8, 191, 20, 77))
    together, alone = GROUP.summarise(facts, FITTED), GROUP.summarise(facts.of_members(rows), FITTED)
    for name, column in together.items():
        assert column[rows].tobytes() == alone[name].tobytes(), name


@pytest.mark.parametrize("fitted", [FITTED, FEW], ids=["fitted", "shrunken"])
def test_an_interval_does_not_depend_on_the_row_of_a_member_or_on_the_others(fitted):
    rows = np.arange(1, N, 3)
    together, alone = view(FACTS, fitted), view(FACTS.of_members(rows), fitted)
    assert together["ltv_high_minor"].max() > together["ltv_low_minor"].max() > 0
    for name in ("order_value_minor", "ltv_minor", "ltv_low_minor", "ltv_high_minor"):
        assert together[name][rows].tolist() == alone[name].tolist(), name


def test_the_longer_the_silence_the_likelier_there_is_no_order():
    summary = GROUP.summarise(FACTS, FITTED)
    later = [GROUP.view(summary, FITTED, FACTS.as_of + day * DAY)["p_no_order"] for day in range(0, 200, 20)]
    for before, after in pairwise(later):
        known = ~np.isnan(before)
        assert (before[known] <= after[known]).all()


def test_facts_after_the_as_of_instant_change_nothing():
    lines, at = lived_lines(60), START + 120 * DAY
    before = facts_before(lines, at, n_members=60)
    fitted = GROUP.fit(before, RULES)
    assert fitted == GROUP.fit(facts_before([one for one in lines if one.day < 120], at, n_members=60), RULES)
    assert fitted != GROUP.fit(facts_before(lines, at + 70 * DAY, n_members=60), RULES)


def test_a_sample_of_members_is_drawn_from_the_seed():
    few = rules(ProfileConfig(value=ValueConfig(sample_members=100)))
    assert GROUP.fit(FACTS, few) == GROUP.fit(FACTS, few)
    other = rules(ProfileConfig(value=ValueConfig(sample_members=100), seed=2))
    assert GROUP.fit(FACTS, few) != GROUP.fit(FACTS, other)


def test_with_no_orders_at_all_nothing_is_forecast():
    facts = small_facts([], n_members=3)
    fitted = Fitted(GROUP.fit(facts, RULES), RULES)
    assert fitted.norms["model"] == SHRUNKEN
    assert view(facts, fitted)["ltv_minor"].tolist() == [-1, -1, -1]
    assert view(facts, fitted)["order_value_minor"].tolist() == [0, 0, 0]
