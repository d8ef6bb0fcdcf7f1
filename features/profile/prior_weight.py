"""How much a member's own past says about the next order, against what is usual in the segment: learnt, not assumed."""

import numpy as np

from features.profile.evidence import Dimension, Evidence, Faded, coded, names_of, numbered
from features.profile.facts import MemberFacts
from features.profile.segment_norms import segment_rows
from features.profile.segment_shares import SegmentShares, fit_shares

_WEIGHTS = 10.0 ** np.arange(-0.5, 3.01, 0.25)
"""From a third of a purchase to a thousand."""
_LEAST_MEMBERS = 100
"""Fewer members who ordered twice do not tell."""


def fit_prior_weight(facts: MemberFacts, dimension: Dimension, faded: Faded, fallback: float) -> float:
    """
    The weight of the segment's shares under which each member's last order is likeliest given the earlier ones.

    Stores want little: people return to theirs. Hundreds of categories want much: what was bought last is often not
    what is bought next. The segment's shares that are judged are of the earlier orders too, so that nothing is known of
    the orders to be foretold.

    Returns:
        One of a geometric grid; *fallback* where fewer than 100 members tell.
    """
    member, code, weight = coded(facts, dimension, faded)
    earlier = weight < 1.0  # exactly 1 at the last order's instant
    names, row = names_of(facts, dimension), segment_rows(facts.segment, facts.n_segments)
    then = member[earlier], code[earlier], weight[earlier]
    norms = fit_shares(row[then[0]], *then[1:], n_segments=facts.n_segments, names=names)
    shares = SegmentShares.read(norms, names, 0)
    evidence = Evidence.of(*then, n_codes=len(names), n_members=facts.n_members)
    told = np.flatnonzero(~earlier & (evidence.total[member] > 0.0))
    member, code = member[told], code[told]
    if len(numbered(member.astype(np.int64))[0]) < _LEAST_MEMBERS:
        return fallback
    own, total = evidence.weight_of(member, code, len(names)), evidence.total[member]
    usual = shares.of(facts.segment[member], code)
    likelihood = [float(np.log((own + w * usual) / (total + w)).sum()) for w in _WEIGHTS.tolist()]
    return float(_WEIGHTS[int(np.argmax(likelihood))])
