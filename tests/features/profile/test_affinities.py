"""Affinities: the Dirichlet posterior mean, and favourites that an old summary still knows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.profile import affinities as module
from features.profile.affinities import affinities, candidates, favourites, fit_affinities
from features.profile.config import PreferencesConfig, ProfileConfig
from features.profile.evidence import Dimension, Faded, evidence_of, names_of
from features.profile.group import Fitted
from features.profile.segment_shares import SegmentShares
from tests.features.profile.drawn_facts import LINES, N, facts_before
from tests.features.profile.small_facts import Line, rules, small_facts

RULES = rules(ProfileConfig(preferences=PreferencesConfig(half_life_days=20.0, prior_weight=3.0)))
DIMENSIONS = st.sampled_from(list(Dimension))
BUYS = [Line(0, 80, 0, 100), Line(0, 100, 1, 100), Line(1, 60, 2, 100), Line(1, 100, 3, 100)]


def whole_table(facts, fitted, dimension):
    """Shape (n_members, n_codes): every share, those of the codes not bought from the segment's."""
    found, shares = (
        affinities(facts, fitted, dimension),
        SegmentShares.read(fitted.norms[dimension], names_of(facts, dimension), 0),
    )
    codes = np.arange(len(names_of(facts, dimension)), dtype=np.int32)
    table = (1.0 - found.own[:, None]) * shares.of(facts.segment[:, None], codes)
    table[found.member, found.code] = found.share
    return table


def test_a_share_is_the_members_faded_evidence_and_the_prior_over_all():
    facts = small_facts(BUYS, n_members=3, as_of_day=120)
    fitted = Fitted(fit_affinities(facts, RULES), RULES)
    found = affinities(facts, fitted, Dimension.CATEGORY)
    prior = SegmentShares.read(fitted.norms["category"], names_of(facts, Dimension.CATEGORY), 0).everybody
    assert found.member.tolist() == [0, 0, 1]
    assert found.code.tolist() == [0, 1, 2]
    bakery, dairy, drinks = (prior * 3).tolist()
    shares = [(0.5 + bakery) / 3.75, (0.25 + dairy) / 3.75, (0.125 + drinks) / 3.125]
    assert found.share == pytest.approx(shares, rel=0.02)
    assert found.own == pytest.approx([0.75 / 3.75, 0.125 / 3.125, 0.0])


@settings(max_examples=25, deadline=None)
@given(lines=LINES, dimension=DIMENSIONS)
def test_shares_sum_to_one_and_without_evidence_are_the_segments(lines, dimension):
    facts = facts_before(lines, 100)
    fitted = Fitted(fit_affinities(facts, RULES), RULES)
    table = whole_table(facts, fitted, dimension)
    shares = SegmentShares.read(fitted.norms[dimension], names_of(facts, dimension), 0)
    assert table.sum(axis=1) == pytest.approx(np.ones(N), abs=1e-6)
    codes = np.arange(table.shape[1], dtype=np.int32)
    assert table[N - 1] == pytest.approx(shares.of(facts.segment[N - 1], codes), abs=1e-7)


@settings(max_examples=25, deadline=None)
@given(lines=LINES, day=st.integers(0, 99), product=st.integers(0, 3), dimension=DIMENSIONS)
def test_more_evidence_for_a_code_never_lowers_its_share(lines, day, product, dimension):
    facts = facts_before(lines, 100)
    more = facts_before([*lines, Line(1, day + 0.5, product, 100, channel=1, store=2)], 100)
    fitted = Fitted(fit_affinities(facts, RULES), RULES)
    one = evidence_of(more, dimension, Faded.of(more, 20.0))
    alone = facts_before([Line(1, day + 0.5, product, 100, channel=1, store=2)], 100)
    code = evidence_of(alone, dimension, Faded.of(alone, 20.0)).code
    before, after = whole_table(facts, fitted, dimension), whole_table(more, fitted, dimension)
    assert set(code.tolist()) <= set(one.code[one.member == 1].tolist())
    assert (after[1, code] >= before[1, code] - 1e-6).all()


@settings(max_examples=15, deadline=None)
@given(lines=LINES, dimension=DIMENSIONS, at_once=st.integers(1, 5))
def test_the_table_does_not_depend_on_how_many_members_are_taken_at_once(lines, dimension, at_once):
    facts = facts_before(lines, 100)
    fitted = Fitted(fit_affinities(facts, RULES), RULES)
    plain = affinities(facts, fitted, dimension)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_AT_ONCE", at_once)
        parts = affinities(facts, fitted, dimension)
    assert all(getattr(plain, name).tobytes() == getattr(parts, name).tobytes() for name in plain.__slots__)


@settings(max_examples=25, deadline=None)
@given(lines=LINES, dimension=DIMENSIONS)
def test_favourites_are_the_largest_shares_of_the_table(lines, dimension):
    facts = facts_before(lines, 100)
    fitted = Fitted(fit_affinities(facts, RULES), RULES)
    faded = Faded.of(facts, 20.0)
    shares = SegmentShares.read(fitted.norms[dimension], names_of(facts, dimension), 2)
    kept = candidates(facts, evidence_of(facts, dimension, faded), shares, 3.0, 3)
    found = favourites(kept, faded.since(facts.as_of), 3.0, 2)
    table = -np.sort(-whole_table(facts, fitted, dimension), axis=1)
    assert found[0][1] == pytest.approx(table[:, 0], abs=1e-5)
    assert found[1][1] == pytest.approx(table[:, 1], abs=1e-5)
    assert (found[0][0] != found[1][0]).all()


def test_among_codes_of_equal_evidence_those_of_the_segment_are_kept():
    lines = [*(Line(1, day, 2, 100) for day in range(60)), *(Line(0, 90, product, 100) for product in (0, 1, 2))]
    facts = small_facts(lines, n_members=2)
    fitted = Fitted(fit_affinities(facts, RULES), RULES)
    shares = SegmentShares.read(fitted.norms["category"], names_of(facts, Dimension.CATEGORY), 0)
    kept = candidates(facts, evidence_of(facts, Dimension.CATEGORY, Faded.of(facts, 20.0)), shares, 3.0, 1)
    assert kept["codes"].tolist() == [[2], [2]]


def test_among_equal_shares_the_lowest_code_is_kept():
    facts = small_facts([Line(0, 90, product, 100) for product in (2, 0, 1)], n_members=1)
    fitted = Fitted(fit_affinities(facts, RULES), RULES)
    shares = SegmentShares.read(fitted.norms["category"], names_of(facts, Dimension.CATEGORY), 0)
    kept = candidates(facts, evidence_of(facts, Dimension.CATEGORY, Faded.of(facts, 20.0)), shares, 3.0, 2)
    assert kept["codes"].tolist() == [[0, 1]]


def test_who_stays_away_drifts_back_to_the_favourite_of_the_segment():
    lines = [*(Line(1, day, 0, 100) for day in range(60)), Line(0, 90, 2, 100)]
    facts = small_facts(lines, n_members=2)
    fitted = Fitted(fit_affinities(facts, RULES), RULES)
    shares = SegmentShares.read(fitted.norms["category"], names_of(facts, Dimension.CATEGORY), 1)
    faded = Faded.of(facts, 20.0)
    kept = candidates(facts, evidence_of(facts, Dimension.CATEGORY, faded), shares, 0.5, 2)

    def favourite(days):
        return favourites(kept, faded.since(facts.as_of + days * 86_400), 0.5, 1)[0][0][0]

    assert [favourite(0), favourite(400)] == [2, 1]


def test_who_stayed_away_says_less_of_the_segment():
    facts = small_facts([Line(0, 10, 1, 100), Line(1, 90, 2, 100)], n_members=2, as_of_day=110)
    everybody = fit_affinities(facts, RULES)["category"]["everybody"]
    assert everybody == pytest.approx([(2**-5 + 1 / 3) / 1.53125, 1 / 3 / 1.53125, (1 / 2 + 1 / 3) / 1.53125])


def test_without_any_name_there_is_no_favourite():
    facts = facts_before([], 100)
    shares = SegmentShares.read({**_no_names()}, (), 2)
    found = favourites(candidates(facts, _nothing(facts), shares, 3.0, 3), np.zeros(N), 3.0, 2)
    assert [codes.tolist() for codes, _, _ in found] == [[-1] * N, [-1] * N]
    assert np.isnan([found[0][1], found[0][2]]).all()


def _no_names():
    return {"names": [], "everybody": [], "rest": [1.0, 1.0], "kept_segment": [], "kept_code": [], "kept_share": []}


def _nothing(facts):
    return evidence_of(facts, Dimension.CATEGORY, Faded.of(facts, 20.0))
