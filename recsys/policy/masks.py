"""How removals and boosts are written onto arrays of members by candidates, in place."""

import numpy as np
from numpy.typing import NDArray

from recsys.policy.native import Code, Codes
from recsys.policy.standing import Boost, Layer
from recsys.ragged import Ragged
from recsys.types import KeepMask, Rows

_COMPARISONS_AT_ONCE = 1 << 22
_LONG_LIST = 32
_ROW_BITS = 31


def remove_listed(codes: Codes, candidates: Rows, owners: NDArray[np.int64], rows: Rows, code: Code) -> None:
    """
    Note the candidates that a member has on a list.

    Comparing each entry of a short list with its member's candidates beats any sorting.

    Args:
        codes: Shape (m, c).
        candidates: Shape (m, c).
        owners: Shape (e,): position of the member whose entry it is.
        rows: Shape (e,): the product.
        code: Of the rule.
    """
    if len(rows) > _LONG_LIST * len(candidates):
        line = np.arange(len(candidates), dtype=np.int64)[:, None]
        listed = np.isin(line << _ROW_BITS | candidates, owners << _ROW_BITS | rows)
        codes[listed] = np.minimum(codes[listed], np.uint16(code))
        return
    step = max(1, _COMPARISONS_AT_ONCE // max(1, candidates.shape[1]))
    for start in range(0, len(rows), step):
        some = owners[start : start + step]
        entry, column = np.nonzero(candidates[some] == rows[start : start + step, None])
        member = some[entry]
        codes[member, column] = np.minimum(codes[member, column], np.uint16(code))


def remove_owned(codes: Codes, lists: Ragged, code: Code) -> None:
    """Note in codes of shape (m, n_offers) the offers that a member has on a list."""
    if len(lists.values):
        owners = lists.owners()
        codes[owners, lists.values] = np.minimum(codes[owners, lists.values], np.uint16(code))


def remove_rows(codes: Codes, removing: Codes, rows: Rows, holds: KeepMask) -> None:
    """Note in codes of shape (m, c) what a rule, shape (n + 1,), removes for the members for whom it holds."""
    if holds.all():
        np.minimum(codes, removing[rows], out=codes)
    elif holds.any():
        codes[holds] = np.minimum(codes[holds], removing[rows[holds]])


def standing_boost(layer: Layer, rows: Rows) -> tuple[NDArray[np.float32], NDArray[np.uint32]]:
    """Factors and bits, the shape of *rows*, of the boosts that everybody gets; new arrays."""
    if layer.factors is None or layer.bits is None:
        return np.ones(rows.shape, dtype=np.float32), np.zeros(rows.shape, dtype=np.uint32)
    return layer.factors[rows], layer.bits[rows]


def multiply(factors: NDArray[np.float32], bits: NDArray[np.uint32], boost: Boost, rows: Rows, holds: KeepMask) -> None:
    """Apply a boost to the members for whom it holds."""
    if holds.all():
        factors *= boost.factors[rows]
        bits |= boost.bits[rows]
    elif holds.any():
        some = rows[holds]
        factors[holds] *= boost.factors[some]
        bits[holds] |= boost.bits[some]
