"""Where members stand by the programme's rules, as features."""

from features.profile.config import ProfileConfig
from features.profile.group import NEXT_CHANGE_AT, Fitted, Rules
from features.profile.tier import TierStanding
from recsys.loyalty.programme import parse_programme
from tests.features.profile.small_facts import DAY, START, TIERS, Line, rules, small_facts
from tests.features.profile.small_programme import GOLD_OF, GOLD_OF_SPEND

PROGRAMME = parse_programme(GOLD_OF_SPEND)
RULES = Rules(PROGRAMME, TIERS, ProfileConfig())
LINES = [
    Line(0, 60, 0, 700),
    Line(0, 90, 1, 500),
    Line(1, 10, 1, 5_000),
    Line(2, 95, 0, 400),
    Line(3, 5, 0, 2_000),
    Line(4, 96, 0, 0),
]


def columns(lines=LINES, rule_set=RULES, as_of_day=100.0, **given):
    facts = small_facts(lines, n_members=5, as_of_day=as_of_day, **given)
    fitted = Fitted(TierStanding().fit(facts, rule_set), rule_set)
    summary = TierStanding().summarise(facts, fitted)
    return summary, TierStanding().view(summary, fitted, facts.as_of)


def test_the_tier_is_what_the_window_merits():
    assert columns()[1]["tier_by_rules"].tolist() == [1, 0, 0, 0, 0]


def test_the_distance_to_the_next_tier_is_in_money():
    assert columns()[1]["to_next_minor"].tolist() == [0, 1_000, 600, 1_000, 1_000]
    assert columns()[1]["next_tier"].tolist() == [-1, 1, 1, 1, 1]


def test_a_tier_that_lapses_says_when_and_what_keeps_it():
    found = columns()[1]
    assert found["tier_falls_at"][0] == START + 110 * DAY
    assert found["tier_falls_in_days"].tolist() == [10, -1, -1, -1, -1]
    assert found["to_keep_minor"].tolist()[:2] == [500, -1]
    assert found["tier_falls_to"].tolist()[:2] == [0, -1]


def test_nothing_changes_until_the_instant_that_is_told_and_then_it_does():
    at = int(columns()[0][NEXT_CHANGE_AT][0])
    assert START + 100 * DAY < at <= START + 110 * DAY
    before = columns(as_of_day=(at - 1 - START) / DAY)[1]
    now = columns()[1]
    same = [name for name in now if name != "tier_falls_in_days"]
    assert [before[name][0] for name in same] == [now[name][0] for name in same]


def test_a_return_counts_against_spend_when_it_comes_back():
    found = columns(returns=[(0, 98, 1, 90, 500)])[1]
    assert found["tier_window_minor"][0] == 700
    assert found["tier_by_rules"][0] == 0


def test_a_return_of_what_was_bought_before_joining_takes_nothing():
    found = columns(joined_day=[80, 0, 0, 0, 0], returns=[(0, 98, 0, 60, 700)])[1]
    assert found["tier_window_minor"][0] == 500


POINTS = parse_programme(
    GOLD_OF
    + """\
        entry: {points: 100}
        benefits: {points_multiplier_bp: 30000}
points:
  - from: 2020-01-01
    earning: {per_minor: 10, tiers: {gold: 30000}, categories: {drinks: 50000}, excluded_categories: [bakery]}
"""
)
"""Product 0 is of the category dairy, 1 of bakery, 2 of drinks."""


def tiers_by_points(lines, **given):
    return columns(lines, Rules(POINTS, TIERS, ProfileConfig()), **given)[1]["tier_by_rules"].tolist()[:2]


def test_qualifying_points_have_no_multiplier_and_none_of_excluded_categories():
    assert tiers_by_points([Line(0, 90, 0, 1_000), Line(1, 90, 0, 990), Line(1, 91, 1, 9_000)]) == [1, 0]
    assert tiers_by_points([Line(0, 90, 2, 999), Line(1, 90, 2, 1_000)]) == [0, 1]
    assert tiers_by_points([Line(0, 40, 0, 1_000), Line(0, 90, 0, 500), Line(1, 90, 0, 1_000)]) == [0, 1]


def test_qualifying_points_go_back_with_what_earned_them():
    lines = [Line(0, 90, 0, 1_000), Line(1, 90, 0, 1_000)]
    assert tiers_by_points(lines, returns=[(0, 95, 0, 90, 10)]) == [0, 1]


def test_an_order_that_cost_nothing_is_no_order_of_the_ladder():
    assert columns()[1]["tier_window_orders"].tolist() == [2, 0, 1, 0, 0]


def test_purchases_before_joining_count_for_no_tier():
    assert columns(joined_day=[80, 0, 0, 0, 0])[1]["tier_window_minor"].tolist()[0] == 500


def test_without_a_programme_there_is_nothing():
    assert TierStanding().specs(rules()) == ()
    assert columns(rule_set=rules())[1] == {}
