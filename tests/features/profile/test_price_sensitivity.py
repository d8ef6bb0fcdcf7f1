"""Price sensitivity: a slope that was planted is found, and no prices means no answer."""

from functools import lru_cache

import numpy as np
import pytest

from features.profile.config import DependenceConfig, ProfileConfig
from features.profile.group import NEXT_CHANGE_AT, Fitted
from features.profile.price_sensitivity import PriceSensitivity
from tests.features.profile.small_facts import DAY, START, Line, rules, small_facts

RULES = rules(ProfileConfig(dependence=DependenceConfig(window_days=400, prior_orders=5.0)))
SLOPES = (0.4, 1.6)
N = 120


@lru_cache(maxsize=1)
def planted():
    """Members of two segments with slopes of their own; prices are drawn, so that cause and slope agree."""
    rng = np.random.default_rng(3)
    truth, lines = np.empty(N), []
    for member in range(N):
        truth[member] = SLOPES[member % 2] + rng.normal(0, 0.4)
        for day in rng.choice(365, 25, replace=False).tolist():
            product, cut = int(rng.integers(0, 3)), float(rng.choice([0, 0, 0.2, 0.4]))
            units = max(round(20 * (1 - cut) ** -truth[member] * float(np.exp(rng.normal(0, 0.6)))), 1)
            gross = (400, 900, 2_000)[product] * units
            off = int(gross * cut)
            lines.append(Line(member, day, product, gross - off, quantity=units, discount=off, offer=0 if off else -1))
    facts = small_facts(lines, n_members=N, as_of_day=366, segment=[member % 2 for member in range(N)])
    fitted = Fitted(PriceSensitivity().fit(facts, RULES), RULES)
    return facts, fitted, truth


def view(facts, fitted):
    return PriceSensitivity().view(PriceSensitivity().summarise(facts, fitted), fitted, facts.as_of)


def of_lines(lines, n_members=1):
    return view(small_facts(lines, n_members=n_members, as_of_day=366), planted()[1])


def test_a_planted_slope_is_found_and_shrinkage_brings_members_nearer_to_it():
    facts, fitted, truth = planted()
    found = view(facts, fitted)["price_sensitivity"]
    summary = PriceSensitivity().summarise(facts, fitted)
    assert found[::2].mean() == pytest.approx(truth[::2].mean(), abs=0.1)
    assert found[1::2].mean() == pytest.approx(truth[1::2].mean(), abs=0.1)
    unshrunken = -summary["xy"] / summary["xx"]
    assert np.square(found - truth).mean() < 0.9 * np.square(unshrunken - truth).mean()


def test_without_two_prices_of_one_product_the_slope_is_unknown():
    same_price = [Line(0, day, 0, 400 * units, quantity=units) for day, units in ((1, 1), (2, 3), (3, 2))]
    different_products = [Line(0, 4, 1, 900), Line(0, 5, 2, 2_000, quantity=2)]
    found = of_lines([*same_price, *different_products])
    assert np.isnan(found["price_sensitivity"][0])
    assert found["price_variation"].tolist() == [0.0]


def test_a_rounded_price_is_not_another_price():
    found = of_lines([Line(0, 1, 0, 400), Line(0, 2, 0, 1_199, quantity=3)])
    assert np.isnan(found["price_sensitivity"][0])
    assert found["price_variation"].tolist() == [0.0]


def test_little_evidence_stays_near_the_segment_and_more_leaves_it():
    def slope(n):
        dear = [Line(0, 2 * day, 0, 400) for day in range(n)]
        cheap = [Line(0, 2 * day + 1, 0, 200 * 8, quantity=8) for day in range(n)]
        return of_lines(dear + cheap)["price_sensitivity"][0]

    own, segment = 3.0, -planted()[1].norms["slope"][0]
    assert segment < slope(1) < slope(5) < slope(50) < own
    assert slope(50) == pytest.approx(own, abs=0.2)


def test_lines_of_one_order_and_product_are_one_purchase():
    apart = of_lines([Line(0, 1, 0, 400), Line(0, 1, 0, 300), Line(0, 9, 0, 600, quantity=3)])
    as_one = of_lines([Line(0, 1, 0, 700, quantity=2), Line(0, 9, 0, 600, quantity=3)])
    assert [name for name in apart if apart[name].tolist() != as_one[name].tolist()] == []


def test_a_free_line_has_no_price():
    lines = [Line(0, 1, 0, 400), Line(0, 2, 0, 0, quantity=9, discount=3_600, offer=0)]
    assert np.isnan(of_lines(lines)["price_variation"][0])


def test_what_is_paid_is_compared_with_usual_prices():
    _, fitted, _ = planted()
    assert fitted.norms["usual"] == [400.0, 900.0, 2_000.0, None]
    prior, weight = fitted.norms["index"][0], 5 * fitted.norms["order_value"]
    found = of_lines([Line(0, 1, 0, 300), Line(0, 2, 1, 900 * 2, quantity=2), Line(0, 3, 3, 7_777)])
    assert found["paid_price_index"][0] == pytest.approx((300 + 1_800 + weight * prior) / (400 + 1_800 + weight))


def test_where_prices_never_varied_nobody_has_a_slope():
    facts = small_facts([Line(member, day, 0, 400) for member in range(20) for day in range(5)], n_members=20)
    fitted = Fitted(PriceSensitivity().fit(facts, RULES), RULES)
    assert fitted.norms["slope"] == [None, None]
    assert np.isnan(view(facts, fitted)["price_sensitivity"]).all()


def test_a_handful_of_members_does_not_tell_a_slope():
    def slopes(n):
        lines = [Line(member, day, 0, (400, 300)[day % 2] * 2, quantity=2) for member in range(n) for day in range(4)]
        return PriceSensitivity().fit(small_facts(lines, n_members=n), RULES)["slope"]

    assert slopes(9) == [None, None]
    assert slopes(10) == [0.0, 0.0]


def test_the_summary_says_when_the_oldest_order_falls_out_of_the_window():
    facts = small_facts([Line(0, 3, 0, 400), Line(0, 9, 0, 300)], n_members=2, as_of_day=366)
    changes = PriceSensitivity().summarise(facts, planted()[1])[NEXT_CHANGE_AT]
    assert changes[0] == START + 403 * DAY + 1
    later = small_facts([Line(0, 3, 0, 400), Line(0, 9, 0, 300)], n_members=2, as_of_day=403 + 1 / DAY)
    assert PriceSensitivity().summarise(later, planted()[1])["repeats"].tolist() == [0, 0]
    assert PriceSensitivity().summarise(facts, planted()[1])["repeats"].tolist() == [1, 0]


def test_how_much_slopes_differ_is_the_estimate_of_dersimonian_and_laird():
    facts, fitted, _ = planted()
    few = facts.of_members(np.arange(20))
    summary = PriceSensitivity().summarise(few, fitted)
    xx, xy, yy = summary["xx"], summary["xy"], summary["yy"]
    slope = xy / xx
    variance = (yy - slope * xy).sum() / (summary["repeats"] - 1).sum()
    weight = xx / variance
    spread = (weight * (slope - (weight * slope).sum() / weight.sum()) ** 2).sum() - 19
    between = spread / (weight.sum() - (weight**2).sum() / weight.sum())
    assert between > 0
    assert PriceSensitivity().fit(few, RULES)["slope_weight"] == pytest.approx(variance / between)
