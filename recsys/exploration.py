"""Which offers are tried beside the best one known, and how often each: the shares that a draw is made from."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.highest import highest_shares
from recsys.policy.file.guardrails import Drawing, Exploration
from recsys.types import KeepMask, Rows

EXPLORE_SD = 2.0
EQUAL_DECIMALS = 6
"""Values that differ by less than a millionth of a minor unit are equal: sums of floats are no more exact."""

_EQUAL_SHARES = 1e-12
_UNBOUNDED_ARMS = 1 << 31
_MOST_FOR_FLOORS = 0.5

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Exploring:
    """
    How much is tried, and how (the policy's ``exploration``).

    Attributes:
        epsilon: Share of decisions that explore, at most 0.5.
        min_propensity: Smallest probability with which anything is drawn; 0 for no bound.
        drawing: Whether better prospects are drawn more often.
    """

    epsilon: float
    min_propensity: float = 0.0
    drawing: Drawing = Drawing.THOMPSON

    @classmethod
    def of(cls, written: Exploration, *, epsilon: float | None = None) -> "Exploring":
        """As a policy file says; *epsilon* in place of its own where it is given."""
        return cls(written.epsilon if epsilon is None else epsilon, written.min_propensity, written.draw)

    @property
    def most_arms(self) -> int:
        """
        The largest number of arms that leaves each at least the smallest propensity; 1 where two are too many.

        Of Thompson's draws at most half goes to floors, or two arms: with more, chances would no longer count.
        """
        if self.min_propensity <= 0:
            return _UNBOUNDED_ARMS
        # Decimals: 0.3 over 0.1 is a little below 3.
        most = min(self.epsilon / self.min_propensity * (1 + _EQUAL_SHARES), _UNBOUNDED_ARMS)
        if self.drawing is Drawing.THOMPSON and most >= 2:
            most = max(2.0, most * _MOST_FOR_FLOORS)
        return max(1, int(most))


def shares(net: Floats, sd: Floats, discount: Floats, keep: KeepMask, *, best: Rows, exploring: Exploring) -> Floats:
    """
    Probability of each arm when the first choice is drawn.

    Arms are no_offer and every kept offer that may still be worth something (net + 2 sd > 0), the greedy choice among
    them. Where a floor leaves no room for all, no_offer and the greedy choice stay, and of the other offers those with
    the highest net + 2 sd, among equals those with the smaller discount, then the first.

    Thompson's share of an arm is the probability that its worth is the highest (`recsys.highest`), no_offer's being 0
    for certain. Every arm gets the floor, ``min_propensity / epsilon``, and the rest is divided by these
    probabilities. Uniform shares are equal.

    Args:
        net: Shape (m, n_offers), minor units: mean of the worth, less what budgets cost.
        sd: Same shape: its standard deviation.
        discount: Same shape: expected discount.
        keep: Same shape: offers that no rule removed.
        best: Shape (m,): the greedy choice; UNKNOWN_ROW for no_offer.
        exploring: With an epsilon above 0.

    Returns:
        Shape (m, 1 + n_offers): no_offer first. Lines add up to 1; 0 for what is not drawn.
    """
    most = exploring.most_arms
    tried = _tried(net + EXPLORE_SD * sd, discount, keep, best=best, most=most)
    n_tried = tried.sum(axis=1)
    drawn = np.zeros((len(keep), keep.shape[1] + 1))
    if most < 2:
        drawn[np.arange(len(best)), best + 1] = 1.0
        return drawn
    if exploring.drawing is Drawing.UNIFORM:
        drawn[:, 0] = 1.0 / (n_tried + 1)
        drawn[:, 1:] = tried * drawn[:, :1]
        return drawn
    floor = exploring.min_propensity / exploring.epsilon
    # As many arms at a time: a member's shares are the same whoever else is asked about.
    for k in set(n_tried.tolist()):
        member = np.flatnonzero(n_tried == k)
        if not k:
            drawn[member, 0] = 1.0
            continue
        column = tried[member].nonzero()[1].reshape(-1, k)
        line = member[:, None]
        place = line * keep.shape[1] + column
        share = highest_shares(net.take(place), sd.take(place), discount.take(place))
        share *= 1.0 - (k + 1) * floor
        share += floor
        drawn[member, 0] = share[:, 0]
        drawn[line, column + 1] = share[:, 1:]
    return drawn


def draw_arms(drawn: Floats, draw: Floats) -> Rows:
    """
    Shape (n,): the arm at which each draw stands when shares are laid side by side; UNKNOWN_ROW for no_offer.

    Args:
        drawn: Shape (n, 1 + n_offers): of `shares`.
        draw: Shape (n,), uniform on [0, 1).
    """
    reached = (drawn.cumsum(axis=1) <= draw[:, None]).sum(axis=1)
    # The sum may end a rounding below 1, and the draw above it.
    last = drawn.shape[1] - 1 - (drawn[:, ::-1] > 0).argmax(axis=1)
    return np.asarray(np.minimum(reached, last) - 1, dtype=np.int32)


def _tried(promise: Floats, discount: Floats, keep: KeepMask, *, best: Rows, most: int) -> KeepMask:
    tried = keep & (promise > 0)
    crowded = np.flatnonzero(tried.sum(axis=1) + 1 > most)
    if len(crowded) and most > 1:
        equal = np.where(tried[crowded], promise[crowded].round(EQUAL_DECIMALS), -np.inf)
        greedy = np.flatnonzero(best[crowded] >= 0)
        equal[greedy, best[crowded][greedy]] = np.inf
        tried[crowded] = _most_promising(equal, discount[crowded], most - 1)
    return tried


def _most_promising(promise: Floats, discount: Floats, n: int) -> KeepMask:
    """Mask of the n highest of each line, among equals those with the smaller discount, then the first."""
    least = np.partition(promise, -n, axis=1)[:, -n, None]
    first: KeepMask = promise >= least
    for member in np.flatnonzero(first.sum(axis=1) > n).tolist():
        order = np.lexsort((discount[member], -promise[member]))
        first[member] = False
        first[member, order[:n]] = True
    return first
