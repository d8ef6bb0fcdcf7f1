"""Many ranked lists become one: weighted reciprocal rank fusion, which needs no scores on one scale."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from recsys.errors import InputError
from recsys.types import UNKNOWN_ROW, Rows, Scores

RANK_CONSTANT = 60.0
_SCORE_SHIFT = np.uint64(32)
_SLOT_SHIFT = np.uint64(8)
_SOURCE_MASK = np.uint64(0xFF)
_SLOT_MASK = np.uint64(0xFFFFFF)
_NOTHING = np.uint64(0xFFFFFFFFFFFFFFFF)
_LARGEST_FLOAT = np.uint64(0x7FFFFFFF)
_MAX_SOURCES = 127
_MAX_WIDTH = 1 << 24
_BLOCK_CANDIDATES = 6_000

_Plan = tuple[NDArray[np.float64], NDArray[np.int8], Rows, NDArray[np.uint64]]


def fuse(
    lists: Sequence[Rows], weights: Sequence[float], k: float = RANK_CONSTANT
) -> tuple[Rows, Scores, NDArray[np.int8]]:
    """
    Blend ranked lists of the same members.

    A product's score is the sum over the lists of ``weight / (k + rank)``, rank from 1 (Cormack, Clarke and Buettcher,
    SIGIR 2009, "Reciprocal rank fusion", with weights). A product that one list holds twice counts once, at its better
    rank. Each member's answer depends on that member's lists only, to the last bit.

    Args:
        lists: One array a source, shape (m, k_s), best first; UNKNOWN_ROW anywhere is a hole that holds its rank.
        weights: One a source, finite, at least 0; a source of weight 0 is left out.
        k: Above 0; larger makes ranks count less and agreement between sources more.

    Returns:
        Product rows, shape (m, c), best first, equal scores by product row; c is the longest blended list.
        Scores of the same shape, float32, NaN where padded.
        The position in *lists* of the source that contributed most, int8; -1 where padded; the earlier of equals.

    Raises:
        InputError: The lists differ in members, the weights do not fit, or *k* is not above 0.

    Example:
        >>> rows, scores, source = fuse([np.array([[4, 2]]), np.array([[2, -1]])], [1.0, 1.0])
        >>> rows.tolist(), source.tolist()
        ([[2, 4]], [[1, 0]])
    """
    n_members = _check(lists, weights)
    used = [position for position, weight in enumerate(weights) if weight > 0 and lists[position].shape[1]]
    widths = tuple(lists[position].shape[1] for position in used)
    width = sum(widths)
    if not n_members or not width:
        empty = np.empty((n_members, 0), dtype=np.int32)
        return empty, empty.astype(np.float32), empty.astype(np.int8)
    plan = _plan(widths, tuple(weights[p] for p in used), tuple(used), float(k))
    # Small blocks stay in the cache and below the size from which the allocator asks the system for every array.
    step = max(1, _BLOCK_CANDIDATES // width)
    parts = [_fuse_block([lists[p][start : start + step] for p in used], plan) for start in range(0, n_members, step)]
    return parts[0] if len(parts) == 1 else _joined(parts, n_members)


def _fuse_block(lists: Sequence[Rows], plan: _Plan) -> tuple[Rows, Scores, NDArray[np.int8]]:
    gain, source_of, best_first, source_at_best = plan
    width = len(gain)
    # One key a candidate, product before position: sorting values is several times faster than sorting indices.
    # A hole is negative, so as an unsigned number it comes last.
    bits = width.bit_length()
    keys = np.concatenate(lists, axis=1, dtype=np.int64)
    keys <<= bits
    keys |= np.arange(width)
    keys.view(np.uint64).sort(axis=1)
    position = keys & ((1 << bits) - 1)
    product = keys >> bits

    first = np.empty(keys.shape, dtype=np.bool_)
    first[:, 0] = True
    np.not_equal(product[:, 1:], product[:, :-1], out=first[:, 1:])
    gains = gain.take(position)
    sources = source_of.take(position)
    once = sources[:, 1:] != sources[:, :-1]
    once |= first[:, 1:]
    gains[:, 1:] *= once

    starts = np.flatnonzero(first)
    total = np.add.reduceat(gains.ravel(), starts).astype(np.float32)
    source = source_at_best[np.minimum.reduceat(best_first.take(position).ravel(), starts)]

    # Positive floats order like their bits; inverted, the best score is the smallest key, then the smallest product.
    ranked = _LARGEST_FLOAT - total.view(np.uint32)
    ranked <<= _SCORE_SHIFT
    ranked |= (starts % width).astype(np.uint64) << _SLOT_SHIFT
    ranked |= source
    ranked[product.ravel()[starts] < 0] = _NOTHING
    grid = np.full(keys.shape, _NOTHING)
    grid.ravel()[starts] = ranked
    grid.sort(axis=1)
    longest = int((grid != _NOTHING).sum(axis=1).max())
    return _unpack(grid[:, :longest], product)


def _joined(
    parts: Sequence[tuple[Rows, Scores, NDArray[np.int8]]], n_members: int
) -> tuple[Rows, Scores, NDArray[np.int8]]:
    shape = (n_members, max(part[0].shape[1] for part in parts))
    rows, scores = np.full(shape, UNKNOWN_ROW, dtype=np.int32), np.full(shape, np.nan, dtype=np.float32)
    source = np.full(shape, UNKNOWN_ROW, dtype=np.int8)
    start = 0
    for part in parts:
        block = (slice(start, start + len(part[0])), slice(part[0].shape[1]))
        rows[block], scores[block], source[block] = part
        start += len(part[0])
    return rows, scores, source


def _unpack(grid: NDArray[np.uint64], product: NDArray[np.int64]) -> tuple[Rows, Scores, NDArray[np.int8]]:
    nothing = grid == _NOTHING
    slot = ((grid >> _SLOT_SHIFT) & _SLOT_MASK).astype(np.int64)
    slot[nothing] = 0
    slot += (np.arange(len(grid)) * product.shape[1])[:, None]
    rows = product.ravel()[slot].astype(np.int32)
    scores = (_LARGEST_FLOAT - (grid >> _SCORE_SHIFT)).astype(np.uint32).view(np.float32)
    source = (grid & _SOURCE_MASK).astype(np.int8)
    rows[nothing] = UNKNOWN_ROW
    scores[nothing] = np.nan
    source[nothing] = UNKNOWN_ROW
    return rows, scores, source


@lru_cache(maxsize=256)
def _plan(widths: tuple[int, ...], weights: tuple[float, ...], used: tuple[int, ...], k: float) -> _Plan:
    """Per column of the joined lists: gain, source, place by gain; and the source at each place."""
    if not k > 0:
        raise InputError(f"the rank constant k is {k}; give a number above 0")
    gain = np.concatenate([weight / (k + np.arange(1, n + 1)) for weight, n in zip(weights, widths, strict=True)])
    source = np.repeat(np.array(used, dtype=np.int8), widths)
    order = np.argsort(-gain, kind="stable")
    place = np.empty(len(order), dtype=np.int32)
    place[order] = np.arange(len(order), dtype=np.int32)
    return gain, source, place, source[order].astype(np.uint64)


def _check(lists: Sequence[Rows], weights: Sequence[float]) -> int:
    if len(lists) != len(weights):
        raise InputError(f"{len(lists)} lists but {len(weights)} weights; give one weight a list")
    if not all(0 <= weight < np.inf for weight in weights):
        raise InputError(f"the weights are {list(weights)}; each must be finite and at least 0")
    if len({len(one) for one in lists}) > 1:
        raise InputError(f"the lists have {[len(one) for one in lists]} members; all must have the same")
    if len(lists) > _MAX_SOURCES or sum(one.shape[1] for one in lists) >= _MAX_WIDTH:
        raise InputError(f"{len(lists)} lists are too many or too long; give at most {_MAX_SOURCES} lists")
    return len(lists[0]) if lists else 0
