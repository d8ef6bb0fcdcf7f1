"""Shares by segment: what a segment has little of it takes from everybody."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.profile import segment_shares
from features.profile.segment_shares import SegmentShares, fit_shares

NAMES = ("bakery", "dairy", "drinks", "toys")
SEGMENT = np.array([0] * 90 + [2] * 10, dtype=np.int32)
CODE = np.array([0] * 60 + [1] * 30 + [2] * 10, dtype=np.int32)
"""Segment 0 buys bakery and dairy, segment 1 nothing, members without a segment drinks."""


def fitted(names=NAMES, n_leaders=2):
    norms = fit_shares(SEGMENT, CODE, np.ones(100), n_segments=2, names=NAMES)
    return SegmentShares.read(json.loads(json.dumps(norms)), names, n_leaders)


def table(shares):
    n_codes = len(shares.everybody)
    rows, codes = np.meshgrid(np.arange(len(shares.rest), dtype=np.int32), np.arange(n_codes), indexing="ij")
    return shares.of(rows, codes)


def test_a_segment_leans_on_everybody_by_fifty_pieces():
    everybody = (np.array([60, 30, 10, 0]) + 0.25) / 101
    found = table(fitted())
    assert found[2] == pytest.approx(everybody)
    assert found[1] == pytest.approx(everybody)
    assert found[0] == pytest.approx((np.array([60, 30, 0, 0]) + 50 * everybody) / 140)


def test_what_nobody_bought_has_a_share_too():
    assert (table(fitted()) > 0).all()


def test_leaders_are_the_largest_shares_of_the_segment():
    assert fitted().leaders.tolist() == [[0, 1]] * 3
    assert fitted(n_leaders=6).leaders[0].tolist() == [0, 1, 2, 3, -1, -1]


def test_among_equal_shares_the_lowest_code_leads():
    nothing = np.empty(0, dtype=np.int32)
    norms = fit_shares(nothing, nothing, np.empty(0), n_segments=1, names=NAMES)
    norms |= {"kept_segment": [0, 0], "kept_code": [2, 3], "kept_share": [0.0, 0.0]}
    assert SegmentShares.read(norms, NAMES, 3).leaders.tolist() == [[0, 1, 2]] * 2


def test_codes_follow_their_names():
    found = table(fitted(("apparel", "dairy", "drinks", "bakery")))
    plain = table(fitted())
    assert found[:, 1:].tolist() == plain[:, [1, 2, 0]].tolist()
    assert found[:, 0].tolist() == [0.0] * 3
    assert fitted(("apparel", "dairy", "drinks", "bakery")).leaders[0].tolist() == [3, 1]


def test_no_code_has_no_share_and_an_unknown_segment_is_everybody():
    shares = fitted()
    assert shares.of(np.array([0, 9, -1], dtype=np.int32), np.array([-1, 2, 2], dtype=np.int32)).tolist() == [
        0.0,
        shares.everybody[2],
        shares.everybody[2],
    ]


@given(
    facts=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 6), st.floats(0.01, 9)), max_size=60),
    kept=st.integers(1, 4),
)
def test_shares_sum_to_one_however_few_codes_a_segment_keeps(facts, kept):
    segment, code = (np.array([fact[place] for fact in facts], dtype=np.int32) for place in (0, 1))
    weight, names = np.array([fact[2] for fact in facts], dtype=np.float64), tuple("abcdefg")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(segment_shares, "_KEPT", kept)
        norms = fit_shares(segment, code, weight, n_segments=3, names=names)
    shares = SegmentShares.read(norms, names, 3)
    found = table(shares)
    assert found.sum(axis=1) == pytest.approx(np.ones(4))
    assert len(norms["kept_code"]) <= 3 * kept
    best = np.argsort(-found, axis=1, kind="stable")[:, :3]
    assert shares.leaders.tolist() == best.tolist()
