"""Whole numbers times whole numbers over whole numbers, rounded down, whatever their size."""

import numpy as np
from numpy.typing import NDArray

_SAFE = float(1 << 62)


def times_over(a: NDArray[np.int64], b: NDArray[np.int64], over: NDArray[np.int64]) -> NDArray[np.int64]:
    """
    ``a * b // over`` without overflow.

    Args:
        a, b: Shape (n,), at least 0.
        over: Shape (n,), at least 1; one of the two is not above it, so that the answer has 64 bits.

    Example:
        >>> times_over(np.array([10**12, 7]), np.array([10**11, 5]), np.array([10**12, 3])).tolist()
        [100000000000, 11]
    """
    large = a.astype(np.float64) * b > _SAFE
    result: NDArray[np.int64] = np.where(large, 0, a) * b // over
    rows = np.flatnonzero(large)
    result[rows] = [int(x) * int(y) // int(z) for x, y, z in zip(a[rows], b[rows], over[rows], strict=True)]
    return result


def sums(values: NDArray[np.int64], group: NDArray[np.integer], n_groups: int) -> NDArray[np.int64]:
    """Shape (n_groups,): the sum of each group's values."""
    total = np.zeros(n_groups, dtype=np.int64)
    np.add.at(total, group, values)
    return total


def spread(whole: NDArray[np.int64], weight: NDArray[np.int64], group: NDArray[np.int64]) -> NDArray[np.int64]:
    """
    Part *whole* of each group among its members by weight, exactly: what the first so many get is rounded down.

    Args:
        whole: Shape (n_groups,), at least 0; of a group without weight nobody gets anything.
        weight: Shape (n,), at least 0.
        group: Shape (n,), ascending.

    Example:
        >>> spread(np.array([10, 1]), np.array([1, 1, 1, 5, 5]), np.array([0, 0, 0, 1, 1])).tolist()
        [3, 3, 4, 0, 1]
    """
    if not len(weight) or not whole.any():
        return np.zeros(len(weight), dtype=np.int64)
    rows = np.flatnonzero(whole[group] > 0)
    group, part = group[rows], weight[rows]
    first = np.append(True, group[1:] != group[:-1])
    running = running_sums(part, first)
    last = np.flatnonzero(np.append(first[1:], True))
    total = running[last][np.cumsum(first) - 1]
    upto = times_over(whole[group], running, np.maximum(total, 1))
    before = np.where(first, 0, np.append(0, upto[:-1]))
    shares = np.zeros(len(weight), dtype=np.int64)
    shares[rows] = upto - before
    return shares


def running_sums(values: NDArray[np.int64], first: NDArray[np.bool_]) -> NDArray[np.int64]:
    """
    Shape (n,): sums within groups, each value included; *first* says where a group begins.

    Sums over all groups may pass 64 bits, but wrap round and come back: differences within a group are right.
    """
    total = np.cumsum(values)
    begin = (total - values)[first]
    running: NDArray[np.int64] = total - begin[np.cumsum(first) - 1]
    return running
