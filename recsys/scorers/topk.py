"""The best k of many scores in one exact order, the same for one member as for a thousand."""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recsys.errors import InputError
from recsys.ragged import Ragged
from recsys.types import UNKNOWN_ROW, KeepMask, Rows, Scores

_SIGN = np.uint32(0x80000000)
_ALL = np.uint32(0xFFFFFFFF)
_ROW_BITS = np.uint64(32)
_NEVER = np.uint64(0xFFFFFFFF00000000)
_WIDE, _SAMPLE = 8_192, 1_024
_SORT_BITS = 32
"""What a sort key of 64 bits has for row and column, beside the score."""


def top_k(scores: Scores, k: int) -> tuple[Rows, Scores]:
    """
    The k best columns of each row.

    Args:
        scores: Shape (m, n), float32; NaN means never.
        k: At least 1.

    Returns:
        Columns, shape (m, k), best first, equal scores by column; UNKNOWN_ROW where fewer than k can be ranked.
        Their scores; NaN where padded.

    Raises:
        InputError: *k* is below 1.

    Example:
        >>> rows, scores = top_k(np.array([[0.5, np.nan, 0.9, 0.5]], dtype=np.float32), 4)
        >>> rows.tolist()
        [[2, 0, 3, -1]]
    """
    if k < 1:
        raise InputError(f"k is {k}; give at least 1")
    n_rows, n_columns = scores.shape
    rows = np.full((n_rows, k), UNKNOWN_ROW, dtype=np.int32)
    best = np.full((n_rows, k), np.nan, dtype=np.float32)
    kept = min(k, n_columns)
    if not kept or not n_rows:
        return rows, best
    keys = _promising_keys(scores, k) if n_columns >= _WIDE else _all_keys(scores)
    if kept < keys.shape[1]:
        keys.partition(kept - 1, axis=1)
        keys = keys[:, :kept]
    keys = np.sort(keys, axis=1)
    columns = (keys & np.uint64(_ALL)).astype(np.int32)
    found = np.take_along_axis(scores, columns, axis=1)
    known = ~np.isnan(found) & (keys < _NEVER)
    rows[:, :kept] = np.where(known, columns, UNKNOWN_ROW)
    best[:, :kept] = np.where(known, found, np.nan)
    return rows, best


def top_k_sparse(scores: sparse.csr_array, k: int) -> tuple[Rows, Scores]:
    """
    The k best columns of each row of a sparse matrix, in the order of `top_k`, at the cost of its entries.

    Entries that are absent or NaN cannot be ranked.

    Raises:
        InputError: *k* is below 1.
    """
    rows_at_once = 1 << max(0, _SORT_BITS - _bits(scores.shape[1]))
    parts = []
    for start in range(0, max(scores.shape[0], 1), rows_at_once):
        part = scores[start : start + rows_at_once]
        line = np.repeat(np.arange(part.shape[0]), np.diff(part.indptr))
        parts.append(top_k_entries(line, part.indices, part.data, k, shape=part.shape))
    rows, best = zip(*parts, strict=True)
    return (rows[0], best[0]) if len(parts) == 1 else (np.concatenate(rows), np.concatenate(best))


def top_k_entries(
    line: NDArray[np.integer],
    column: NDArray[np.integer],
    value: NDArray[np.floating],
    k: int,
    *,
    shape: tuple[int, int],
) -> tuple[Rows, Scores]:
    """
    The k best of some scores of each row, in the order of `top_k`.

    Args:
        line, column: Shape (n,): where each score stands, in any order, no place twice.
        value: Shape (n,): the scores; NaN cannot be ranked.
        k: At least 1.
        shape: Of the whole: rows, columns.

    Raises:
        InputError: *k* is below 1.
    """
    if k < 1:
        raise InputError(f"k is {k}; give at least 1")
    rows = np.full((shape[0], k), UNKNOWN_ROW, dtype=np.int32)
    best = np.full((shape[0], k), np.nan, dtype=np.float32)
    known = ~np.isnan(value)
    line, column, value = line[known], column[known], value[known].astype(np.float32, copy=False)
    owner, place, kept = _first_of_rows(np.bincount(line, minlength=shape[0]), k)
    column_bits = _bits(shape[1])
    if _bits(shape[0]) + column_bits <= _SORT_BITS:
        # Row, score and column in one integer: sorting values is many times faster than sorting indices.
        keys = line.astype(np.uint64) << np.uint64(32 + column_bits)
        keys |= _descending(value).astype(np.uint64) << np.uint64(column_bits)
        keys |= column.astype(np.uint64)
        keys.sort()
        keys = keys[kept]
        rows[owner, place] = (keys & np.uint64((1 << column_bits) - 1)).astype(np.int32)
        best[owner, place] = _score_of((keys >> np.uint64(column_bits)).astype(np.uint32))
    else:
        order = np.lexsort((column, _descending(value), line))[kept]
        rows[owner, place], best[owner, place] = column[order], value[order]
    return rows, best


def leave_out(scores: Scores, keep: KeepMask, without: Ragged | None) -> None:
    """Set to NaN, in place, the columns that nobody may have and those that each row goes without."""
    scores[:, ~keep] = np.nan
    if without is not None:
        scores[without.owners(), without.values] = np.nan


def _all_keys(scores: Scores) -> NDArray[np.uint64]:
    """One distinct integer a score, the best smallest, so that partitioning leaves no choice among equals."""
    keys = _descending(scores).astype(np.uint64)
    keys <<= _ROW_BITS
    keys |= np.arange(scores.shape[1], dtype=np.uint64)
    return keys


def _promising_keys(scores: Scores, k: int) -> NDArray[np.uint64]:
    """
    The keys of all scores that can be among the k best of their row, and few others.

    A sample of the columns gives each row a bar that some multiples of k scores reach; selecting by comparison is an
    order of magnitude cheaper than partitioning a hundred thousand scores. Rows where fewer than k reach the bar, by
    bad luck or because the row has no more, are taken whole. So the answer is exact.
    """
    n_columns = scores.shape[1]
    step = n_columns // _SAMPLE
    sample = -scores[:, ::step]
    place = min(4 * k // step + 8, sample.shape[1] - 1)
    bar = -np.partition(sample, place, axis=1)[:, place]
    bar[np.isnan(bar)] = -np.inf
    reaches = scores >= bar[:, None]
    short = (reaches.sum(axis=1) < k) & (bar > -np.inf)
    reaches[short] = True
    row, column = np.nonzero(reaches)
    values = _descending(scores[row, column]).astype(np.uint64)
    n_reaching = np.bincount(row, minlength=len(scores))
    keys = np.full((len(scores), max(int(n_reaching.max()), k)), _NEVER)
    starts = np.cumsum(n_reaching) - n_reaching
    keys[row, np.arange(len(row)) - starts[row]] = (values << _ROW_BITS) | column.astype(np.uint64)
    return keys


def _first_of_rows(
    lengths: NDArray[np.integer], k: int
) -> tuple[NDArray[np.integer], NDArray[np.integer], NDArray[np.integer]]:
    """The first k of rows of some lengths that lie one after the other: their row, place in it, and position."""
    kept = np.minimum(lengths, k)
    line = np.repeat(np.arange(len(lengths)), kept)
    place = np.arange(len(line)) - np.repeat(np.cumsum(kept) - kept, kept)
    return line, place, (np.cumsum(lengths) - lengths)[line] + place


def _bits(n: int) -> int:
    """How many bits hold any position below n."""
    return max(n - 1, 0).bit_length()


def _score_of(descending: NDArray[np.uint32]) -> Scores:
    """What `_descending` was made from."""
    bits = np.where(descending & _SIGN, descending, ~(descending | _SIGN))
    return bits.astype(np.uint32, copy=False).view(np.float32)


def _descending(scores: Scores) -> NDArray[np.uint32]:
    """Integers that sort as the floats do, the best first and NaN last."""
    bits = (scores + np.float32(0)).view(np.uint32)  # adding zero turns -0 into 0, which must be its equal
    descending = np.where(bits & _SIGN, bits, ~(bits | _SIGN))
    descending[np.isnan(scores)] = _ALL
    return descending
