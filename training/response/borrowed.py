"""How much of what an offer adds is missing afterwards, because orders were only moved."""

import numpy as np
from numpy.typing import NDArray

from recsys.types import OFFER_KINDS
from training.exposures import Outcomes
from training.response.cells import UpliftCells, cell_rows, differences
from training.response.trial import Floats
from training.response_config import ResponseConfig


def fit_borrowed(
    outcomes: Outcomes, cells: UpliftCells, kind: NDArray[np.integer], config: ResponseConfig
) -> NDArray[np.float32]:
    """
    The share of the added orders that is missing in the window after the horizon.

    Of each offer: what it took from the later window over what it added in the first, a noisy ratio. Offers are joined
    by precision, a kind at a time; kinds lean on all kinds, and these on the configured prior (normal at every level,
    kinds differing by half of the prior's standard deviation). An offer that is not believed to add anything says
    nothing. Without any outcome it is the prior.

    Args:
        outcomes: Exposures; those of which as long again has gone by count.
        cells: What the offers add.
        kind: Shape (n_offers,): position in ``OFFER_KINDS``.
        config: The prior, and how small an arm may be.

    Returns:
        Shape (n_offers,), float32, 0 to 1.
    """
    ratio, precision = _ratios(outcomes, cells, config.min_arm)
    kinds = kind.astype(np.int64)
    of_kind = np.bincount(kinds, precision, len(OFFER_KINDS))
    mean = np.bincount(kinds, precision * ratio, len(OFFER_KINDS)) / np.where(of_kind > 0, of_kind, 1.0)
    between, prior = (config.prior_borrowed_sd / 2) ** 2, config.prior_borrowed_sd**2
    seen = np.where(of_kind > 0, 1.0 / (1.0 / np.where(of_kind > 0, of_kind, 1.0) + between), 0.0)
    level = (float(seen @ mean) + config.prior_borrowed / prior) / (float(seen.sum()) + 1.0 / prior)
    own = (of_kind * mean + level / between) / (of_kind + 1.0 / between)
    return np.clip(own[kinds], 0.0, 1.0).astype(np.float32)


def _ratios(outcomes: Outcomes, cells: UpliftCells, min_arm: int) -> tuple[Floats, Floats]:
    """By offer: what is missing over what was added, and one over its variance; 0 where nothing can be said."""
    shape: tuple[int, int, int] = cells.mean.shape
    later = outcomes.ordered_after.astype(np.float64)
    by_cell, variance = differences(outcomes, later, shape, rows=outcomes.random & outcomes.followed, min_arm=min_arm)
    known = np.where(np.isfinite(by_cell), 1.0 / variance, 0.0)
    total = known.sum(axis=(0, 1))
    missing = -np.where(known > 0, by_cell * known, 0.0).sum(axis=(0, 1)) / np.where(total > 0, total, 1.0)
    added, sd = _added(outcomes, cells)
    usable = (total > 0) & (added > sd)
    gain = np.where(usable, added, 1.0)
    ratio = np.where(usable, missing / gain, 0.0)
    # The denominator is uncertain too.
    spread = (1.0 / np.where(usable, total, 1.0) + np.clip(ratio, -1, 1) ** 2 * sd**2) / gain**2
    return ratio, np.where(usable, 1.0 / spread, 0.0)


def _added(outcomes: Outcomes, cells: UpliftCells) -> tuple[Floats, Floats]:
    """By offer: uplift and its standard deviation, the mean over exposures to it."""
    n_offers = cells.mean.shape[2]
    shown = outcomes.offer >= 0
    stage, tier = cell_rows(outcomes, cells.mean.shape[1])
    offer = outcomes.offer[shown].astype(np.int64)
    at = stage[shown], tier[shown], offer
    n = np.maximum(np.bincount(offer, minlength=n_offers), 1)
    return np.bincount(offer, cells.mean[at], n_offers) / n, np.bincount(offer, cells.sd[at], n_offers) / n
