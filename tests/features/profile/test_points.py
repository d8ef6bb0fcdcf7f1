"""Points as features: earned by the rules, spent, about to end, taken back."""

import pytest

from features.profile.config import ProfileConfig
from features.profile.group import NEXT_CHANGE_AT, Fitted, Rules
from features.profile.points import PointsBalance
from recsys.loyalty.programme import parse_programme
from recsys.types import OFFER_KINDS, OfferKind
from tests.features.profile.small_facts import DAY, START, TIERS, Line, rules, small_facts
from tests.features.profile.small_programme import GOLD_OF_SPEND

TEXT = (
    GOLD_OF_SPEND
    + """\
        benefits: {points_multiplier_bp: 20000}
points:
  - from: 2024-01-11
    earning: {per_minor: 10, tiers: {gold: 20000}, categories: {drinks: 30000}}
    redemption: {points: 2, worth_minor: 1}
    expiry: {rolling_months: 3}
"""
)
PROGRAMME = parse_programme(TEXT)
RULES = Rules(PROGRAMME, TIERS, ProfileConfig())
LINES = [
    Line(0, 5, 1, 900),  # before there were points
    Line(0, 20, 1, 1_500),  # makes gold, earns as basic
    Line(0, 30, 1, 100),  # earns twice
    Line(1, 40, 2, 100),  # drinks, three times
]
BURN = OFFER_KINDS.index(OfferKind.POINTS_REDEMPTION)


def columns(as_of_day=60.0, rule_set=RULES, lines=LINES, **given):
    facts = small_facts(lines, n_members=3, as_of_day=as_of_day, **given)
    fitted = Fitted(PointsBalance().fit(facts, rule_set), rule_set)
    summary = PointsBalance().summarise(facts, fitted)
    return summary, PointsBalance().view(summary, fitted, facts.as_of)


def test_orders_earn_by_the_tier_held_before_them_and_by_category():
    assert columns()[1]["points_usable"].tolist() == [150 + 20, 30, 0]


def test_the_balance_is_worth_what_it_redeems_for():
    assert columns()[1]["points_worth_minor"].tolist() == [85, 15, 0]


def test_points_end_and_say_before_when_and_how_many():
    found = columns(as_of_day=85)[1]
    assert found["next_expiry_points"].tolist() == [150, 30, 0]
    assert found["points_expiring"].tolist() == [150, 0, 0]
    after = columns(as_of_day=(int(found["next_expiry_at"][0]) - START) / DAY)[1]
    assert after["points_usable"].tolist()[0] == 20
    assert after["points_ever_expired"].tolist()[0] == 150


def test_a_coupon_paid_with_points_takes_its_worth():
    found = columns(redemptions=[(0, 50, BURN)], amounts=[40])[1]
    assert found["points_usable"].tolist()[0] == 170 - 80
    assert found["points_ever_redeemed"].tolist()[0] == 80


def test_a_return_takes_back_what_its_line_earned():
    assert columns(returns=[(0, 45, 1, 20, 750)])[1]["points_usable"].tolist()[0] == 170 - 75


def test_a_return_after_redemption_is_a_debt():
    found = columns(redemptions=[(1, 50, BURN)], amounts=[15], returns=[(1, 55, 2, 40, 100)])[1]
    assert (found["points_usable"][1], found["points_debt"][1]) == (0, 30)


def test_recorded_entries_move_points_and_recorded_earnings_stand_for_the_rules():
    signed_in = columns(points=[(2, 33, "sign_in", 7), (0, 34, "adjust", -20)])[1]
    assert signed_in["points_usable"].tolist() == [150, 30, 7]
    earned = columns(points=[(1, 33, "earn", 7)])[1]
    assert earned["points_usable"].tolist() == [0, 7, 0]


def test_the_worth_is_by_the_rules_in_force_and_changes_with_them():
    later = """
  - from: 2024-03-06
    earning: {per_minor: 10, tiers: {gold: 20000}}
    redemption: {points: 2, worth_minor: 3}
    expiry: {rolling_months: 3}
"""
    programme = parse_programme(TEXT.rstrip() + later)
    rule_set = Rules(programme, TIERS, ProfileConfig())
    summary, before = columns(as_of_day=64, rule_set=rule_set)
    assert before["points_worth_minor"].tolist() == [85, 15, 0]
    assert summary[NEXT_CHANGE_AT].tolist() == [START + 65 * DAY] * 3
    assert columns(as_of_day=65, rule_set=rule_set)[1]["points_worth_minor"].tolist() == [255, 45, 0]


TWO_ORDERS = [Line(0, 20, 1, 100, order=1), Line(0, 20, 1, 1_000, order=2), Line(1, 20, 1, 5), Line(1, 30, 1, 400)]


def test_a_return_of_one_of_two_orders_of_an_instant_takes_from_the_first_what_that_has():
    found = columns(lines=TWO_ORDERS, returns=[(0, 22, 1, 20, 500)])[1]
    assert found["points_usable"].tolist() == [110 - 50, 40, 0]


def test_all_returns_of_orders_of_one_instant_take_all_that_they_earned_and_no_more():
    found = columns(lines=TWO_ORDERS, returns=[(0, 22, 1, 20, 500), (0, 25, 1, 20, 600)])[1]
    assert (found["points_usable"].tolist(), found["points_debt"].tolist()) == ([0, 40, 0], [0, 0, 0])


def test_a_return_of_an_order_that_earned_nothing_beside_one_that_did_takes_its_share():
    lines = [Line(0, 20, 1, 5, order=1), Line(0, 20, 1, 1_000, order=2)]
    found = columns(lines=lines, returns=[(0, 22, 1, 20, 1_000)])[1]
    assert (found["points_usable"][0], found["points_debt"][0]) == (100 - 99, 0)


def test_what_was_recorded_before_there_were_points_moves_none():
    found = columns(points=[(0, 9.9, "adjust", -20), (1, 9.9, "sign_in", 9), (2, 10, "sign_in", 4)])[1]
    assert (found["points_usable"].tolist(), found["points_debt"].tolist()) == ([170, 30, 4], [0, 0, 0])


@pytest.mark.parametrize("day", [60.0, 90.0])
def test_nothing_changes_until_the_instant_that_is_told(day):
    summary, now = columns(as_of_day=day)
    for row in range(2):
        just_before = columns(as_of_day=(int(summary[NEXT_CHANGE_AT][row]) - 1 - START) / DAY)[1]
        assert [just_before[name][row] for name in now] == [now[name][row] for name in now]
        then = columns(as_of_day=(int(summary[NEXT_CHANGE_AT][row]) - START) / DAY)[1]
        assert [then[name][row] for name in now] != [now[name][row] for name in now]


def test_without_points_in_the_programme_there_is_nothing():
    assert PointsBalance().specs(rules()) == ()
    assert columns(rule_set=rules())[1] == {}
