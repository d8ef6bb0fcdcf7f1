"""How well chances of a redemption rank offers, against three baselines, with members drawn anew for the intervals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.bootstrap import Interval
from training.response.redemption_history import Known, Offered
from training.response.trial import Bools, Floats, Numbers

BASELINES = ("coupon", "member", "product")
"""The coupon's redemption rate so far, the member's, and their product; unseen ones have the rate of all."""


@dataclass(frozen=True, slots=True)
class Smoothing:
    """As how many offers at the rate of all a coupon's and a member's own rate begin."""

    coupon: float
    member: float


GRID = tuple(Smoothing(coupon, member) for coupon in (20.0, 100.0, 300.0) for member in (5.0, 20.0, 50.0))
"""The validation campaigns choose among these, for each baseline its own."""


def baseline_scores(asked: Offered, known: Known, smoothing: Smoothing) -> Mapping[str, Floats]:
    """Shape (n,) by baseline: rates as of the first day of the campaign *asked*."""
    offered, now = known.offered, int(asked.starts[0])
    weight = offered.weights(now)
    redeemed = (offered.redeemed & (offered.redeemed_on < now) & (weight > 0)).astype(np.float64)
    overall = float((redeemed.sum() + 1.0) / (weight.sum() + 100.0))
    same = known.coupons.identity

    def rate(owner: Numbers, of: Numbers, n: int, count: float) -> Floats:
        happened, trials = (np.bincount(owner, value, n)[of] for value in (redeemed, weight))
        return np.asarray((happened + count * overall) / (trials + count))

    coupon = rate(same[offered.coupon], same[asked.coupon], int(same.max()) + 1, smoothing.coupon)
    member = rate(offered.member, asked.member, known.n_members, smoothing.member)
    return {"coupon": coupon, "member": member, "product": coupon * member / overall}


class WeightedArea:
    """
    Area under the ROC curve of one score, for many weights of the same rows; equal scores count half.

    Sorted once, so that a resample costs one pass.
    """

    def __init__(self, score: Floats, happened: Bools) -> None:
        self._order = np.argsort(score, kind="stable")
        ordered = score[self._order]
        self._starts = np.flatnonzero(np.diff(ordered, prepend=np.nan) != 0)
        self._happened = happened[self._order].astype(np.float64)

    def of(self, weight: Floats) -> float:
        """NaN where all weight is on one outcome."""
        ordered = weight[self._order]
        yes = ordered * self._happened
        groups_yes = np.add.reduceat(yes, self._starts)
        groups_no = np.add.reduceat(ordered - yes, self._starts)
        below = np.cumsum(groups_no) - 0.5 * groups_no
        pairs = groups_yes.sum() * groups_no.sum()
        return float(groups_yes @ below / pairs) if pairs else float("nan")


def area(score: Floats, happened: Bools) -> float:
    """Area under the ROC curve over all rows; NaN where all or none happened."""
    return WeightedArea(score, happened).of(np.ones(len(score)))


def area_gains(
    ours: Floats,
    others: Mapping[str, Floats],
    happened: Bools,
    *,
    owner: NDArray[np.integer],
    n_resamples: int,
    seed: int,
) -> Mapping[str, Interval]:
    """
    By other score: how much larger our area is, with the 95 % interval of drawing owners anew.

    All rows of an owner are drawn together (cluster bootstrap, Davison and Hinkley 1997, section 3.8), and one draw
    serves all scores.
    """
    number = np.unique(owner, return_inverse=True)[1]
    n_owners = int(number.max()) + 1
    mine, theirs = WeightedArea(ours, happened), {name: WeightedArea(one, happened) for name, one in others.items()}
    rng = np.random.default_rng(seed)
    gains = np.empty((n_resamples, len(theirs)))
    for at in range(n_resamples):
        drawn = np.bincount(rng.integers(0, n_owners, n_owners), minlength=n_owners).astype(np.float64)[number]
        gains[at] = mine.of(drawn) - np.array([one.of(drawn) for one in theirs.values()])
    low, high = np.nanquantile(gains, [0.025, 0.975], axis=0)
    every = np.ones(len(ours))
    return {
        name: Interval(mine.of(every) - one.of(every), float(low[at]), float(high[at]))
        for at, (name, one) in enumerate(theirs.items())
    }


def mean_area(scores: Sequence[Floats], happened: Sequence[Bools]) -> float:
    """The mean of the campaigns' own areas, those with both outcomes: ranking within a campaign."""
    areas = [area(score, yes) for score, yes in zip(scores, happened, strict=True)]
    return float(np.nanmean(areas)) if np.isfinite(areas).any() else float("nan")


def log_loss(chance: Floats, happened: Bools) -> float:
    """Mean logarithmic loss, nats a row; lower is better, and only true chances have the lowest."""
    return float(-np.where(happened, np.log(chance), np.log1p(-chance)).mean())


def recall_at(score: Floats, happened: Bools, member: Numbers, k: int) -> float:
    """
    Mean over members who redeem of the share of their redemptions that are among their *k* highest scores.

    Equal scores are in the order of the rows; NaN where nobody redeems.
    """
    order = np.lexsort((np.arange(len(score)), -score, member))
    m = member[order]
    first = np.flatnonzero(np.diff(m, prepend=-1))
    rank = np.arange(len(m)) - np.repeat(first, np.diff(np.append(first, len(m))))
    n = int(member.max()) + 1
    found = np.bincount(m, happened[order] & (rank < k), n)
    total = np.bincount(m, happened[order], n)
    return float((found[total > 0] / total[total > 0]).mean()) if total.any() else float("nan")
