"""The best products by dot product, tile by tile: a hundred thousand scores a member are never held at once."""

import numpy as np
from numpy.typing import NDArray

from recsys.ragged import Ragged
from recsys.scorers.topk import top_k, top_k_entries
from recsys.types import Rows, Scores

BLOCK_MEMBERS, TILE_PRODUCTS = 512, 512
"""Scores of one tile, 1 MiB: they stay in the processor's cache until they are compared."""
SAMPLE = 1_024

Vectors = NDArray[np.float32]


def best_dot_products(
    members: Vectors, products: Vectors, bias: Vectors, k: int, *, without: Ragged | None
) -> tuple[Rows, Scores]:
    """
    The k best products of each member by dot product plus bias, exactly.

    A sample of the products gives each member a bar that some multiples of k products reach; of all others nothing is
    kept but that they do not. A member for whom fewer than k reach it, by bad luck or because of what is left out, is
    ranked in full. Writing scores to memory and reading them again is what this saves.

    Args:
        members: Shape (m, d); a row of NaN has an empty list.
        products: Shape (n, d), finite; n is at least SAMPLE.
        bias: Shape (n,), finite.
        k: At least 1.
        without: Ragged (m,): rows of products that each member goes without.

    Returns:
        As `recsys.scorers.topk.top_k` over all scores.
    """
    rows = np.empty((len(members), k), dtype=np.int32)
    best = np.empty((len(members), k), dtype=np.float32)
    for start in range(0, len(members), BLOCK_MEMBERS):
        block = slice(start, min(start + BLOCK_MEMBERS, len(members)))
        theirs = None if without is None else without.take(np.arange(block.start, block.stop))
        rows[block], best[block] = _best_of_block(members[block], products, bias, k, theirs)
    return rows, best


def _best_of_block(
    members: Vectors, products: Vectors, bias: Vectors, k: int, without: Ragged | None
) -> tuple[Rows, Scores]:
    line, column, value = _reaching(members, products, bias, _bars(members, products, bias, k))
    shape = (len(members), len(products))
    if without is not None:
        stays = ~np.isin(line * shape[1] + column, without.owners() * shape[1] + without.values)
        line, column, value = line[stays], column[stays], value[stays]
    rows, best = top_k_entries(line, column, value, k, shape=shape)
    short = np.flatnonzero((np.bincount(line, minlength=shape[0]) < k) & np.isfinite(members).all(axis=1))
    if len(short):
        scores = members[short] @ products.T
        scores += bias
        if without is not None:
            theirs = without.take(short)
            scores[theirs.owners(), theirs.values] = np.nan
        rows[short], best[short] = top_k(scores, k)
    return rows, best


def _bars(members: Vectors, products: Vectors, bias: Vectors, k: int) -> Vectors:
    """Shape (m,): a score that about four times k products reach, and some more; NaN for who has no vector."""
    step = len(products) // SAMPLE
    sample = members @ products[::step].T
    sample += bias[::step]
    place = max(sample.shape[1] - 1 - (4 * k // step + 8), 0)
    bars: Vectors = np.partition(sample, place, axis=1)[:, place]
    bars[~np.isfinite(members).all(axis=1)] = np.nan
    return bars


def _reaching(
    members: Vectors, products: Vectors, bias: Vectors, bars: Vectors
) -> tuple[NDArray[np.int64], NDArray[np.int64], Vectors]:
    """The scores that reach their member's bar: row of the member, row of the product, score."""
    lines, columns, values = [], [], []
    for start in range(0, len(products), TILE_PRODUCTS):
        tile = slice(start, min(start + TILE_PRODUCTS, len(products)))
        scores = members @ products[tile].T
        scores += bias[tile]
        places = np.flatnonzero(scores >= bars[:, None])
        line, column = np.divmod(places, scores.shape[1])
        lines.append(line)
        columns.append(column + start)
        values.append(scores.ravel()[places])
    return np.concatenate(lines), np.concatenate(columns), np.concatenate(values)
