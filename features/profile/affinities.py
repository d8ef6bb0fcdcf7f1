"""How much a member likes each code of a dimension: own evidence, shrunken to what is usual in the segment."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.profile.evidence import Dimension, Evidence, Faded, Figures, coded, evidence_of, names_of
from features.profile.facts import MemberFacts
from features.profile.group import Fitted, Rules, Summary
from features.profile.prior_weight import fit_prior_weight
from features.profile.segment_norms import segment_rows
from features.profile.segment_shares import SegmentShares, fit_shares
from recsys.types import Rows

_AT_ONCE = 100_000


@dataclass(frozen=True, slots=True)
class Affinities:
    """
    The share of each code that a member has bought, sorted by member, then code.

    A code without a row has the share ``(1 - own[member]) x`` its share in the member's segment, so that the shares of
    a member over all codes sum to 1.

    Attributes:
        member, code: Shape (n_pairs,).
        share: Shape (n_pairs,), float32: 0 to 1.
        own: Shape (n_members,), float32: how much of the shares is the member's own evidence; 0 without any.
    """

    member: Rows
    code: Rows
    share: NDArray[np.float32]
    own: NDArray[np.float32]


def affinities(facts: MemberFacts, fitted: Fitted, dimension: Dimension) -> Affinities:
    """
    The table of a dimension as of ``facts.as_of``.

    Members are taken a hundred thousand at a time: what is held besides is that of a block.

    Args:
        facts: Of all members, or of some.
        fitted: As `Preferences` fitted.
        dimension: Of what.
    """
    parts = list(_blocks(facts, fitted, dimension))
    return Affinities(
        member=np.concatenate([part.member for part in parts]),
        code=np.concatenate([part.code for part in parts]),
        share=np.concatenate([part.share for part in parts]),
        own=np.concatenate([part.own for part in parts]),
    )


def fit_affinities(facts: MemberFacts, rules: Rules) -> dict[str, object]:
    """Shares of every dimension in every segment as of ``facts.as_of``, and what they weigh; JSON-able."""
    faded = Faded.of(facts, rules.config.preferences.half_life_days)
    now = faded.since(facts.as_of)
    rows = segment_rows(facts.segment, facts.n_segments)
    norms: dict[str, object] = {}
    for dimension in Dimension:
        member, code, weight = coded(facts, dimension, faded)
        names = names_of(facts, dimension)
        shares = fit_shares(rows[member], code, weight * now[member], n_segments=facts.n_segments, names=names)
        prior_weight = fit_prior_weight(facts, dimension, faded, rules.config.preferences.prior_weight)
        norms[dimension] = shares | {"prior_weight": prior_weight}
    return norms


def candidates(facts: MemberFacts, evidence: Evidence, shares: SegmentShares, prior_weight: float, k: int) -> Summary:
    """
    The codes among which a member's favourites are sought at any later instant, with what their shares are made of.

    The *k* codes of the highest share when the member ordered last, and the leaders of the segment, which gain as
    evidence fades.

    Returns:
        ``codes``, ``weights`` and ``priors`` of shape (n_members, k + n_leaders), codes ascending and -1 where there
        are fewer; ``total`` of shape (n_members,): weight of all codes.
    """
    score = evidence.weight + prior_weight * shares.of(facts.segment[evidence.member], evidence.code)
    own = _strongest(evidence, score, facts.n_members, k)
    segment = segment_rows(facts.segment, len(shares.rest) - 1)
    codes = np.sort(np.concatenate([own, shares.leaders[segment]], axis=1), axis=1)
    members = np.arange(facts.n_members, dtype=np.int32)
    codes[:, 1:][codes[:, 1:] == codes[:, :-1]] = -1
    return {
        "codes": codes,
        "weights": evidence.weight_of(members[:, None], codes, max(len(shares.everybody), 1)).astype(np.float32),
        "priors": shares.of(facts.segment[:, None], codes).astype(np.float32),
        "total": evidence.total.astype(np.float32),
    }


def favourites(candidates: Summary, faded: Figures, prior_weight: float, n: int) -> list[tuple[Rows, Figures, Figures]]:
    """
    The *n* codes of the largest shares, best first: (weight x faded + prior_weight x prior) over the same of all codes.

    The mean of a Dirichlet posterior. Among equal shares the lowest code is first.

    Args:
        candidates: As `candidates` gave them.
        faded: Shape (n_members,): what weights have faded by.
        prior_weight: Of the segment's shares.
        n: How many.

    Returns:
        Codes, -1 where there is none; their shares; and their shares over the segment's. NaN where there is none.
    """
    codes, priors = candidates["codes"], candidates["priors"].astype(np.float64)
    whole = candidates["total"] * faded + prior_weight
    shares = (candidates["weights"] * faded[:, None] + prior_weight * priors) / whole[:, None]
    shares = np.where(codes >= 0, np.minimum(shares, 1.0), -1.0)
    everyone, found = np.arange(len(codes)), []
    for _ in range(n):
        best = np.argmax(shares, axis=1)
        code, share, prior = codes[everyone, best], shares[everyone, best], priors[everyone, best]
        none = share < 0.0
        lift = np.where(none | (prior <= 0.0), np.nan, share / np.where(prior > 0.0, prior, 1.0))
        found.append((np.where(none, -1, code).astype(np.int32), np.where(none, np.nan, share), lift))
        shares[everyone, best] = -1.0
    return found


def _strongest(evidence: Evidence, score: Figures, n_members: int, k: int) -> Rows:
    """Shape (n_members, k): the codes of the highest scores, the lowest code among equals; -1 where there are fewer."""
    codes = np.full((n_members, k), -1, dtype=np.int32)
    starts = np.flatnonzero(np.diff(evidence.member, prepend=-1))
    if not len(starts):
        return codes
    members, left = evidence.member[starts], score.copy()
    n_codes = np.diff(np.append(starts, len(score)))
    for column in range(k):
        best = np.maximum.reduceat(left, starts)
        is_best = np.flatnonzero((left == np.repeat(best, n_codes)) & (left > -1.0))[::-1]
        place = np.full(n_members, -1, dtype=np.int64)
        place[evidence.member[is_best]] = is_best  # from behind: the first one stays
        found = place[members]
        codes[members, column] = np.where(found >= 0, evidence.code[found], -1)
        left[found[found >= 0]] = -1.0
    return codes


def _blocks(facts: MemberFacts, fitted: Fitted, dimension: Dimension) -> Iterator[Affinities]:
    half_life, prior_weight = fitted.rules.config.preferences.half_life_days, fitted.norms[dimension]["prior_weight"]
    shares = SegmentShares.read(fitted.norms[dimension], names_of(facts, dimension), 0)
    for start in range(0, max(facts.n_members, 1), _AT_ONCE):
        stop = min(start + _AT_ONCE, facts.n_members)
        some = facts if stop - start == facts.n_members else facts.of_members(np.arange(start, stop))
        faded = Faded.of(some, half_life)
        evidence, now = evidence_of(some, dimension, faded), faded.since(facts.as_of)
        whole = evidence.total * now + prior_weight
        prior = prior_weight * shares.of(some.segment[evidence.member], evidence.code)
        share = (evidence.weight * now[evidence.member] + prior) / whole[evidence.member]
        yield Affinities(
            member=evidence.member + np.int32(start),
            code=evidence.code,
            share=share.astype(np.float32),
            own=(evidence.total * now / whole).astype(np.float32),
        )
