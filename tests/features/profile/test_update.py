"""A day later: what is brought up to date equals what is built anew, to the byte."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.profile.build import build_profile, fit_norms, summarise
from features.profile.group import NEXT_CHANGE_AT
from features.profile.update import joined, split_at, update_profile
from recsys.errors import InputError
from tests.features.profile.small_facts import DAY, START, Line, rules, small_facts

RULES = rules()
N = 6

LINES = st.builds(
    Line,
    member=st.integers(0, N - 2),
    day=st.floats(0, 99).map(lambda day: round(day * DAY) / DAY),
    product=st.integers(0, 3),
    paid=st.integers(0, 9_000),
    quantity=st.integers(1, 4),
    discount=st.integers(0, 500),
    offer=st.sampled_from([-1, -1, 0]),
    channel=st.integers(-1, 1),
    store=st.integers(-1, 2),
)
SOME_DAYS = st.integers(1, 99)


def equal(one, other):
    return all(
        values.dtype == other[key].dtype and values.tobytes() == other[key].tobytes() for key, values in one.items()
    )


@settings(max_examples=40, deadline=None)
@given(lines=st.lists(LINES, max_size=40), day=SOME_DAYS)
def test_a_profile_brought_up_to_date_equals_one_built_from_all_facts(lines, day):
    facts = small_facts(lines, n_members=N, segment=[0, 1, 0, 1, 0, 1])
    past, news = split_at(facts, START + day * DAY)
    norms = fit_norms(past, RULES)
    updated = update_profile(build_profile(past, norms, RULES), news, past=past, norms=norms, rules=RULES)
    anew = build_profile(facts, norms, RULES)
    assert equal(updated.profile.columns, anew.columns)
    assert updated.profile.as_of == anew.as_of


@settings(max_examples=40, deadline=None)
@given(lines=st.lists(LINES, max_size=40), rows=st.sets(st.integers(0, N - 1)))
def test_a_member_is_summarised_the_same_whoever_else_is_there(lines, rows):
    facts = small_facts(lines, n_members=N)
    chosen = np.array(sorted(rows), dtype=np.int64)
    norms = fit_norms(facts, RULES)
    all_of_them, some = summarise(facts, norms, RULES), summarise(facts.of_members(chosen), norms, RULES)
    for name, summary in some.items():
        assert equal(summary, {key: values[chosen] for key, values in all_of_them[name].items()}), name


@settings(max_examples=40, deadline=None)
@given(lines=st.lists(LINES, max_size=40), day=SOME_DAYS)
def test_facts_split_and_joined_are_the_facts(lines, day):
    facts = small_facts(lines, n_members=N)
    again = joined(*split_at(facts, START + day * DAY))
    for block in ("purchases", "terms", "orders"):
        for name in getattr(facts, block).__slots__:
            assert np.array_equal(getattr(getattr(again, block), name), getattr(getattr(facts, block), name)), name


def test_who_joined_since_is_known_to_have_joined_then():
    facts = small_facts([Line(0, 10, 0, 100)], n_members=2, as_of_day=61, joined_day=[0, 60.5])
    past, news = split_at(facts, START + 60 * DAY)
    norms = fit_norms(past, RULES)
    updated = update_profile(build_profile(past, norms, RULES), news, past=past, norms=norms, rules=RULES)
    assert equal(updated.profile.columns, build_profile(facts, norms, RULES).columns)


def test_only_members_with_news_or_with_a_change_that_comes_by_itself_are_computed_again():
    lines = [Line(0, 10, 0, 100), Line(1, 11, 1, 100), Line(2, 12, 0, 100), Line(1, 60, 0, 100)]
    facts = small_facts(lines, n_members=3, as_of_day=61)
    past, news = split_at(facts, START + 60 * DAY)
    norms = fit_norms(past, RULES)
    earlier = build_profile(past, norms, RULES)
    due = [
        row
        for row in range(3)
        if any(
            NEXT_CHANGE_AT in summary and summary[NEXT_CHANGE_AT][row] <= facts.as_of
            for summary in earlier.summaries.values()
        )
    ]
    updated = update_profile(earlier, news, past=past, norms=norms, rules=RULES)
    assert updated.touched.tolist() == sorted({1, *due})
    assert 0 not in updated.touched


@pytest.mark.parametrize("known_otherwise", ["segment", "birth_month", "products"])
def test_who_is_known_otherwise_than_before_is_computed_again(known_otherwise):
    lines = [Line(0, 10, 0, 900), Line(1, 11, 1, 100), Line(2, 12, 0, 250), Line(1, 60, 3, 100)]
    born = [(1, 5), (4, 10), (7, 1)]
    facts = small_facts(lines, n_members=3, segment=[0, 1, 1], birthdays=born)
    if known_otherwise == "products":
        now = replace(facts, products=replace(facts.products, cost_minor=np.array([10, -1, 150, 9_000])))
    else:
        now = replace(facts, **{known_otherwise: np.array([0, 1, 0], dtype=getattr(facts, known_otherwise).dtype)})
    past, news = split_at(facts, START + 99 * DAY)[0], split_at(now, START + 99 * DAY)[1]
    norms = fit_norms(past, RULES)
    updated = update_profile(build_profile(past, norms, RULES), news, past=past, norms=norms, rules=RULES)
    assert equal(updated.profile.columns, build_profile(now, norms, RULES).columns)
    assert not equal(updated.profile.columns, build_profile(facts, norms, RULES).columns)


def test_news_of_other_segments_or_products_are_refused():
    facts = small_facts([Line(0, 10, 0, 100)], n_members=1)
    past, news = split_at(facts, START + 60 * DAY)
    norms = fit_norms(past, RULES)
    earlier = build_profile(past, norms, RULES)
    fewer = replace(news.products, **{name: getattr(news.products, name)[:3] for name in ("category", "brand")})
    for what, other in (("2 segments", replace(news, n_segments=2)), ("3 products", replace(news, products=fewer))):
        with pytest.raises(InputError, match=f"the news know {what} and the past"):
            update_profile(earlier, other, past=past, norms=norms, rules=RULES)


def test_news_that_do_not_follow_the_past_are_refused():
    facts = small_facts([Line(0, 10, 0, 100)], n_members=1)
    past, news = split_at(facts, START + 60 * DAY)
    norms = fit_norms(past, RULES)
    with pytest.raises(InputError, match="cannot go on with facts"):
        update_profile(build_profile(facts, norms, RULES), news, past=past, norms=norms, rules=RULES)
