"""Tiers and points a day later, and of some members only: every kind of fact, and rules that changed meanwhile."""

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from features.profile.blocks import POINTS_KINDS, GrantFacts
from features.profile.build import build_profile, fit_norms, summarise
from features.profile.config import ProfileConfig
from features.profile.facts import MemberFacts
from features.profile.group import Rules
from features.profile.update import split_at, update_profile
from recsys.loyalty.programme import parse_programme
from recsys.types import OFFER_KINDS, OfferKind
from tests.features.profile.drawn_facts import LINE, N
from tests.features.profile.small_facts import DAY, START, TIERS, small_facts

PROGRAMME = parse_programme(
    """
name: test
currency: GBP
timezone: UTC
ladders:
  - from: 2024-01-04
    window: {rolling_days: 20}
    downgrade: {review: continuous}
    match: any
    tiers:
      - name: basic
      - name: gold
        entry: {spend_minor: 6000, orders: 3}
        keep: {spend_minor: 6000, orders: 3}
        benefits: {points_multiplier_bp: 20000}
  - from: 2024-02-10
    window: {rolling_months: 1}
    downgrade: {review: period_end, period_months: 1, grace_days: 5, soft_landing: true}
    match: any
    tiers:
      - name: basic
      - name: gold
        entry: {points: 900, activity: 2}
        keep: {points: 500, activity: 1}
        benefits: {points_multiplier_bp: 20000}
points:
  - from: 2024-01-08
    earning: {per_minor: 10, pending_days: 3, tiers: {gold: 20000}, categories: {drinks: 30000}}
    redemption: {points: 2, worth_minor: 1}
    expiry: {rolling_months: 1}
  - from: 2024-02-20
    earning: {per_minor: 7, rounding: per_line, combine: product, tiers: {gold: 20000}, excluded_categories: [dairy]}
    redemption: {points: 3, worth_minor: 2}
    expiry: {year_end: {years: 0, first_month: 3}}
    returns: {below_zero: write_off}
"""
)
RULES = Rules(PROGRAMME, TIERS, ProfileConfig())
BURN = OFFER_KINDS.index(OfferKind.POINTS_REDEMPTION)
MEMBER, SOME_DAYS = st.integers(0, N - 1), st.one_of(st.integers(1, 99), st.integers(85, 99))
WHEN = st.integers(0, 99 * 24).map(lambda hours: hours / 24)
ENTRIES = {"earn": 40, "redeem": -30, "adjust": -9, "sign_in": 5, "referral": 500, "review": 6, "birthday": 70}


@st.composite
def lived(draw: st.DrawFn) -> MemberFacts:
    """Lines, returns of parts of some, and every other kind of fact, on whole hours so that instants coincide."""
    lines = [replace(line, day=round(line.day * 24) / 24) for line in draw(st.lists(LINE, max_size=30))]
    lines = list({(line.member, line.day, line.product): line for line in lines if line.day < 99}.values())
    back = draw(st.lists(st.sampled_from(lines), max_size=6, unique_by=id)) if lines else []
    kinds = draw(st.lists(st.sampled_from(POINTS_KINDS), max_size=3, unique=True))
    entries = draw(st.lists(st.tuples(MEMBER, WHEN, st.sampled_from(kinds)), max_size=8)) if kinds else []
    spent = draw(st.lists(st.tuples(MEMBER, WHEN), max_size=5, unique=True))
    seen = draw(st.lists(st.tuples(MEMBER, st.integers(0, 99)), min_size=10, max_size=25, unique=True))
    grants = sorted(
        draw(st.lists(st.tuples(MEMBER, WHEN, st.integers(0, 1)), max_size=4, unique_by=lambda one: one[:2]))
    )
    facts = small_facts(
        lines,
        n_members=N,
        joined_day=draw(st.lists(st.sampled_from([-50, 0, 12.5, 70]), min_size=N, max_size=N)),
        redemptions=[(member, at, BURN) for member, at in spent],
        amounts=[17 * number + 3 for number in range(len(spent))],
        visits=[(member, float(at)) for member, at in seen],
        returns=[
            (line.member, min(line.day + number, 99.9), line.product, line.day, line.paid - line.paid // (number + 2))
            for number, line in enumerate(back)
        ],
        points=[(member, at, kind, ENTRIES[kind]) for member, at, kind in entries],
    )
    given = GrantFacts(
        np.array([member for member, *_ in grants], dtype=np.int32),
        np.array([int(START + at * DAY) for _, at, _ in grants], dtype=np.int64),
        np.array([tier for *_, tier in grants], dtype=np.int8),
    )
    return replace(facts, grants=given)


def assert_equal(one, other):
    for name, values in one.items():
        assert values.dtype == other[name].dtype, name
        assert values.tobytes() == other[name].tobytes(), name


@settings(max_examples=50, deadline=None)
@given(facts=lived(), day=SOME_DAYS)
def test_tiers_and_points_brought_up_to_date_equal_those_built_from_all_facts(facts, day):
    past, news = split_at(facts, START + day * DAY)
    norms = fit_norms(facts, RULES)
    updated = update_profile(build_profile(past, norms, RULES), news, past=past, norms=norms, rules=RULES)
    assert_equal(updated.profile.columns, build_profile(facts, norms, RULES).columns)


@settings(max_examples=25, deadline=None)
@given(facts=lived(), rows=st.sets(MEMBER))
def test_tiers_and_points_of_a_member_are_the_same_whoever_else_is_there(facts, rows):
    chosen = np.array(sorted(rows), dtype=np.int64)
    norms = fit_norms(facts, RULES)
    all_of_them, some = summarise(facts, norms, RULES), summarise(facts.of_members(chosen), norms, RULES)
    for name, summary in some.items():
        assert_equal(summary, {key: values[chosen] for key, values in all_of_them[name].items()})
