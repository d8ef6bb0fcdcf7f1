"""From nearly allowed choices to allowed ones, and from allowed ones to better ones."""

import numpy as np

from recsys.offers.allocation.moves import Change, Standing
from recsys.offers.allocation.problem import Values
from recsys.types import UNKNOWN_ROW, KeepMask

_MOST_PASSES = 25
_NOTHING = 1e-12
_EQUAL = 1e-6
"""Values this near are equal: a millionth of a minor unit."""


def settle(standing: Standing) -> None:
    """
    Change choices until every limit holds, and every demand as far as the limits allow.

    The row that is broken most comes down first, by the changes that lose least for what they bring, at the prices of
    all rows; no change breaks another row. Where that does not suffice, demands yield to limits; where not even that,
    everything is taken back and given again in order of worth. Giving nothing satisfies every limit.

    Args:
        standing: Changed in place.
    """
    demands = standing.limits.demands
    _bring_down(standing, np.ones(len(demands), dtype=np.bool_), guarded=np.ones(len(demands), dtype=np.bool_))
    if _broken(standing, demands).any():
        _push_demands(standing)
    _bring_down(standing, ~demands, guarded=~demands)
    if _broken(standing, ~demands).any():
        standing.choice[:] = UNKNOWN_ROW
        standing.activity = np.zeros(len(demands))
        _bring_down(standing, demands, guarded=~demands)


def fill(standing: Standing) -> None:
    """
    Spend what is left: any change that is worth more and breaks nothing, the least costly at the rows' prices first.

    Then, where a smaller discount of equal worth breaks nothing either, it takes the place of a larger one (law 11).

    Args:
        standing: Changed in place.
    """
    everything = np.ones(len(standing.limits), dtype=np.bool_)
    for wish in (worth_more, _same_for_less):
        for _ in range(_MOST_PASSES):
            if not standing.improve(wish, guarded=everything):
                break


def _broken(standing: Standing, among: KeepMask) -> KeepMask:
    broken: KeepMask = (standing.slack < 0) & among
    return broken


def _bring_down(standing: Standing, rows: KeepMask, *, guarded: KeepMask) -> None:
    given_up = np.zeros(len(rows), dtype=np.bool_)
    for _ in range(_MOST_PASSES * max(len(rows), 1)):
        broken = _broken(standing, rows) & ~given_up
        if not broken.any():
            break
        row = int(np.argmin(np.where(broken, standing.slack, np.inf)))
        others = guarded.copy()
        others[row] = False
        if not standing.improve(cheap_relief, guarded=others, row=row):
            given_up[row] = True
        else:
            given_up[:] = False


def _push_demands(standing: Standing) -> None:
    """Meet demands first, then take back from others; undone where a limit stays broken or demands are worse off."""
    demands = standing.limits.demands
    before, activity = standing.choice.copy(), standing.activity.copy()
    missing = float(np.minimum(standing.slack[demands], 0.0).sum())
    _bring_down(standing, demands, guarded=demands)
    _bring_down(standing, ~demands, guarded=np.ones(len(demands), dtype=np.bool_))
    broken = _broken(standing, ~demands).any()
    if broken or float(np.minimum(standing.slack[demands], 0.0).sum()) < missing:
        standing.choice[:] = before
        standing.activity = activity


def cheap_relief(change: Change) -> Values:
    """What lowers a row most for what it loses."""
    relief = change.use < -_NOTHING
    score: Values = np.where(relief, change.reduced / np.where(relief, -change.use, 1.0), -np.inf)
    return score


def worth_more(change: Change) -> Values:
    """What gains, the least costly at the prices first."""
    score: Values = np.where(change.value > _EQUAL, change.reduced, -np.inf)
    return score


def _same_for_less(change: Change) -> Values:
    same = (np.abs(change.value) <= _EQUAL) & (change.discount < 0)
    score: Values = np.where(same, -change.discount, -np.inf)
    return score
