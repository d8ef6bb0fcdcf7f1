"""How probable each of several uncertain values is to be the highest: Thompson sampling without the sampling."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

Floats = NDArray[np.float64]

SURE_SD = 5e-7
"""A value whose standard deviation is below half a millionth of a minor unit is certain."""

_QUANTILES, _TAIL, _FAR = ndtri((np.arange(6) + 0.5) / 6), 2.2, 8.0
_POINTS = np.array([*_QUANTILES, _TAIL, -_FAR, _FAR])
_HIGHEST_QUANTILES, _HIGHEST_TAILS = 30, 4
_BLOCK = 32_768


def highest_shares(mean: Floats, sd: Floats, discount: Floats) -> Floats:
    """
    Shape (m, 1 + k): probability that nothing (0 for certain; the first column), or each of k values, is the highest.

    Values are independent normals, so it is the integral of ``pdf_j x product of the other cdfs`` (Thompson 1933 for
    two). It is cut into cells at quantiles of the values themselves; in a cell each value gets the rise of its own
    cdf times the mean of the product of the others', which is exact for two values whose cdfs rise together. Only the
    highest quantiles matter, for where ``sum (1 - cdf)`` is 4 something is higher with probability 1 - exp(-4); so the
    work is k x 36 cdfs a line. Shares are within 0.01 of the integral, and add up to 1.

    Certain values stay put: the highest of them and nothing gets what no uncertain value gets; of equal ones that with
    the smaller discount, then the first; nothing where none is above 0.

    Args:
        mean, sd: Shape (m, k), k at least 1: of each value; sd at least 0.
        discount: Shape (m, k): parts equals that are certain.
    """
    shares = np.empty((len(mean), mean.shape[1] + 1))
    step = max(1, _BLOCK // (mean.shape[1] * (_HIGHEST_QUANTILES + _HIGHEST_TAILS + 2)))
    for start in range(0, len(mean), step):
        block = slice(start, start + step)
        shares[block] = _block(mean[block], sd[block], discount[block])
    return shares


def _block(mean: Floats, sd: Floats, discount: Floats) -> Floats:
    certain = sd < SURE_SD
    floor: Floats | float = 0.0
    owner: NDArray[np.intp] | int = 0
    if certain.any():
        floor, owner = _highest_certain(mean, certain, discount)
        # Below everything, for certain: it never is the highest, and changes no product.
        mean, sd = np.where(certain, -np.inf, mean), np.where(certain, 1.0, sd)
    # Values come first, so that what is summed over the cells lies side by side.
    below = _edges(mean, sd, floor) - mean.T[:, :, None]
    below /= sd.T[:, :, None]
    ndtr(below, out=below)
    all_below = np.multiply.reduce(below, axis=0)
    others = all_below / below
    rise = below[:, :, 1:] - below[:, :, :-1]
    rise *= others[:, :, 1:] + others[:, :, :-1]
    share = rise.sum(axis=2)
    total, nothing = share.sum(axis=0), all_below[:, 0]
    uncertain = total > 0
    share *= (1.0 - nothing) / np.where(uncertain, total, 1.0)
    shares = np.zeros((len(mean), mean.shape[1] + 1))
    shares[:, 1:] = share.T
    shares[np.arange(len(shares)), owner] += np.where(uncertain, nothing, 1.0)
    return shares


def _edges(mean: Floats, sd: Floats, floor: Floats | float) -> Floats:
    """Shape (m, n): where the cells begin and end, ascending; the lowest leaves nothing above the floor out."""
    points = sd[:, :, None] * _POINTS
    points += mean[:, :, None]
    low, high = points[:, :, -2:].max(axis=1).T
    low = np.maximum(low, floor)
    quantile = points[:, :, :-3].reshape(len(low), -1)
    tail = points[:, :, -3]
    # All edges are sorted below; here only where some are left out.
    if quantile.shape[1] > _HIGHEST_QUANTILES:
        quantile.sort(axis=1)
    if tail.shape[1] > _HIGHEST_TAILS:
        tail = np.sort(tail, axis=1)
    edges = np.concatenate(
        [low[:, None], quantile[:, -_HIGHEST_QUANTILES:], tail[:, -_HIGHEST_TAILS:], high[:, None]], axis=1
    )
    np.maximum(edges, low[:, None], out=edges)
    edges.sort(axis=1)
    return edges


def _highest_certain(mean: Floats, certain: NDArray[np.bool_], discount: Floats) -> tuple[Floats, NDArray[np.intp]]:
    """Shape (m,) each: the highest certain value, at least 0, and its column; 0 is that of nothing."""
    # Sums of floats are no more exact than a millionth of a minor unit.
    level = np.where(certain, mean.round(6), -np.inf)
    highest = level.max(axis=1)
    first = np.where(level == highest[:, None], discount, np.inf).argmin(axis=1)
    above = highest > 0
    return np.where(above, highest, 0.0), np.where(above, first + 1, 0)
