"""Preferences: favourites as columns, that fade between orders and only then."""

from dataclasses import replace

import numpy as np
import pytest

from features.profile.config import PreferencesConfig, ProfileConfig
from features.profile.group import NEVER, NEXT_CHANGE_AT, Fitted
from features.profile.preferences import Preferences
from tests.features.profile.small_facts import DAY, Line, rules, small_facts

RULES = rules(ProfileConfig(preferences=PreferencesConfig(half_life_days=20.0, prior_weight=1.0, n_price_bands=2)))
LINES = [
    *(Line(0, day, 0, 100, channel=1, store=2) for day in (60, 67, 74, 81)),
    Line(0, 88, 1, 100, channel=0, store=0),
    *(Line(1, day, 2, 400, channel=0, store=1) for day in (65, 75, 85)),
    Line(2, 85, 3, 9_000, channel=-1, store=-1),
    Line(4, 85, 1, 300, channel=1),
]
MANY = [*LINES, *(Line(5, day, 2, 500, channel=0, store=0) for day in range(5, 90, 2))]


def fit(lines=MANY, **more):
    facts = small_facts(lines, n_members=6, **more)
    fitted = Fitted(Preferences().fit(facts, RULES), RULES)
    return facts, fitted, Preferences().summarise(facts, fitted)


def view(lines=MANY, days=0, **more):
    facts, fitted, summary = fit(lines, **more)
    return Preferences().view(summary, fitted, facts.as_of + days * DAY)


def test_favourites_are_what_the_member_buys_most():
    found = view()
    assert found["top_category"].tolist() == [1, 2, 2, 2, 2, 2]
    assert found["second_category"][:2].tolist() == [2, 1]
    assert found["top_brand"][[0, 1, 5]].tolist() == [0, 1, 1]
    assert found["top_channel"].tolist() == [1, 0, 0, 0, 0, 0]
    assert found["top_store"][[0, 1, 5]].tolist() == [2, 1, 0]
    assert found["top_weekday"][0] == 4


def test_who_bought_only_what_has_no_category_is_as_the_segment():
    found = view()
    for name in ("top_category_share", "top_channel_share", "top_store_share"):
        assert found[name][2] == found[name][3], name
    assert found["top_category_lift"][2] == pytest.approx(1.0)
    assert found["top_weekday_share"][2] != found["top_weekday_share"][3]


def test_lift_is_the_share_over_the_segments():
    facts, fitted, _ = fit()
    everybody = fitted.norms["category"]["everybody"]
    found = view()
    of_segment = [
        share + fitted.norms["category"]["rest"][0] * everybody[code]
        for code, share in enumerate(fitted.norms["category"]["kept_share"])
    ]
    assert facts.n_segments == 1
    assert found["top_category_lift"][0] == pytest.approx(found["top_category_share"][0] / of_segment[1])


def test_shares_fade_towards_the_segments_while_the_member_stays_away():
    lifts = [view(days=days)["top_category_lift"][1] for days in (0, 20, 200, 2_000)]
    assert lifts == sorted(lifts, reverse=True)
    assert lifts[-1] == pytest.approx(1.0)


def test_a_summary_changes_with_facts_only():
    _, _, summary = fit()
    assert set(summary[NEXT_CHANGE_AT].tolist()) == {NEVER}
    _, fitted, _ = fit()
    later = small_facts(MANY, n_members=6, as_of_day=170)
    again = Preferences().summarise(later, fitted)
    assert [name for name, values in summary.items() if values.tobytes() != again[name].tobytes()] == []


def test_cheap_and_dear_are_of_the_category():
    lines = [Line(0, 80, 0, 100), Line(1, 80, 0, 400), Line(2, 80, 3, 9_000), Line(4, 80, 2, 700)]
    found = view(lines)["price_band"]
    assert found[1] > found[3] > found[0]
    assert found[2] == found[3]


def test_bands_and_openness_fade_towards_the_segments():
    for name in ("price_band", "new_product_openness"):
        now, later = view()[name], view(days=2_000)[name]
        assert now[5] != pytest.approx(now[3], rel=1e-3), name
        assert later[5] == pytest.approx(later[3]), name


def test_openness_is_above_one_for_who_tries_more_than_usual():
    tries = [Line(0, 10 * n, n % 4, 100) for n in range(4)]
    stays = [Line(1, 10 * n, 0, 100) for n in range(4)]
    once = [Line(2, 40, 0, 100)]
    found = view([*tries, *stays, *once])["new_product_openness"]
    assert found[0] > found[2] > found[1]
    assert found[2:].tolist() == pytest.approx([1.0] * 4)


def test_a_first_order_is_all_new_products():
    assert view()["new_product_share"][3] == 1.0
    assert view()["new_product_share"][5] < 0.5


def test_without_a_name_of_any_store_there_is_no_top_store():
    facts, _, _ = fit([Line(0, 10, 0, 100, store=-1)])
    bare = _without_stores(facts)
    fitted = Fitted(Preferences().fit(bare, RULES), RULES)
    found = Preferences().view(Preferences().summarise(bare, fitted), fitted, bare.as_of)
    assert found["top_store"].tolist() == [-1] * 6
    assert np.isnan([found["top_store_share"], found["top_store_lift"]]).all()


def test_a_store_that_the_norms_do_not_know_has_a_share_and_no_lift():
    _, fitted, _ = fit()
    norms = {**fitted.norms, "store": {**fitted.norms["store"], "names": ["east", "gone", "west"]}}
    facts = small_facts(MANY, n_members=6)
    kept = Fitted(norms, RULES)
    found = Preferences().view(Preferences().summarise(facts, kept), kept, facts.as_of)
    assert found["top_store"][1] == 1
    assert np.isnan(found["top_store_lift"][1])
    assert found["top_store_share"][1] > 0.5


def _without_stores(facts):
    return replace(facts, terms=replace(facts.terms, store_names=()))
