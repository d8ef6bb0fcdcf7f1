"""What each offer changes by stage and tier: measured against a randomised no-offer arm, openly assumed where not."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.dataset import Dataset
from recsys.catalogue import Catalogue
from recsys.offers.definitions import OfferDefinitions
from recsys.offers.prior import OfferPrior, OfferTraits, RedemptionPrior
from recsys.types import STAGES
from training.exposures import Outcomes
from training.response_config import ResponseConfig
from training.timeline import Orders

Floats = NDArray[np.float64]

_LEAST_IN_CELL = 3
_POOLED_ROWS = 10.0
"""The variance of all exposures counts as so many of a stage's own."""


@dataclass(frozen=True, slots=True)
class UpliftCells:
    """
    Added probability of an order by stage, tier and offer.

    Attributes:
        mean, sd: Shape (n_stages, n_tiers, n_offers); one tier where those at the exposures are not known.
        measured: Shape (n_offers,), bool: there was a comparison; else all is from offers like it, or assumed.
    """

    mean: Floats
    sd: Floats
    measured: NDArray[np.bool_]


def offer_traits(dataset: Dataset, offers: OfferDefinitions, catalogue: Catalogue) -> OfferTraits:
    """What the offers have in common; depths and thresholds are measured against the median order."""
    paid = Orders.of(dataset).paid_minor
    paid = paid[paid > 0]
    return OfferTraits.of(
        offers, catalogue, usual_basket_minor=max(round(float(np.median(paid))), 1) if len(paid) else 1
    )


def fit_uplift(
    outcomes: Outcomes, value: Floats, traits: OfferTraits, *, config: ResponseConfig, n_tiers: int
) -> UpliftCells:
    """
    The effect of every offer in every cell, by a hierarchical prior that the comparisons update.

    A comparison is the difference of two means in one campaign, stage and tier: of those shown the offer and of those
    shown ``no_offer``, drawn at random with known probabilities, each exposure weighted by one over its own (Hajek
    1971). Its variance is that of the stage over the effective number of exposures, so that it does not depend on what
    the few of a cell happened to do. Comparisons are joined by precision.

    Args:
        outcomes: Exposures; those that chance did not decide teach nothing here.
        value: Shape (n,): 1 for an order, less anything that was known before the draw.
        traits: Of the offers.
        config: The prior, and how small an arm may be.
        n_tiers: Of the workspace.
    """
    shape = (len(STAGES), _tiers_of(outcomes, n_tiers), len(traits))
    estimate, variance = differences(outcomes, value, shape, rows=outcomes.random, min_arm=config.min_arm)
    prior = OfferPrior.fit(traits, estimate, variance, mean=config.prior_uplift, sd=config.prior_uplift_sd)
    beliefs = prior.predict()
    return UpliftCells(beliefs.mean, beliefs.sd, np.asarray(np.isfinite(estimate).any(axis=(0, 1))))


def fit_redemption(outcomes: Outcomes, traits: OfferTraits, *, config: ResponseConfig, n_tiers: int) -> Floats:
    """Shape (n_stages, n_tiers, n_offers): probability that a shown offer is redeemed, given an order or redemption."""
    shape = (len(STAGES), _tiers_of(outcomes, n_tiers), len(traits))
    shown = (outcomes.offer >= 0) & (outcomes.ordered | outcomes.redeemed)
    cell = np.ravel_multi_index(
        (outcomes.stage[shown], _tier_rows(outcomes, shape)[shown], outcomes.offer[shown]), shape
    )
    size = int(np.prod(shape))
    redeemed = np.bincount(cell, outcomes.redeemed[shown], size).reshape(shape)
    ordered = np.bincount(cell, minlength=size).reshape(shape).astype(np.float64)
    prior = RedemptionPrior.fit(traits, redeemed, ordered, rate=config.prior_redeem, sd=config.prior_redeem_sd)
    return prior.predict().mean


def cell_rows(outcomes: Outcomes, n_tiers: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Stage and tier of each exposure as rows of arrays with *n_tiers* tiers; what is not known is the lowest."""
    return outcomes.stage.astype(np.int64), np.clip(outcomes.tier, 0, n_tiers - 1).astype(np.int64)


def differences(
    outcomes: Outcomes, value: Floats, shape: tuple[int, int, int], *, rows: NDArray[np.bool_], min_arm: int
) -> tuple[Floats, Floats]:
    """
    Mean of a value with each offer less that with ``no_offer``, by cell; see `fit_uplift`.

    Args:
        outcomes: Exposures.
        value: Shape (n,).
        shape: (n_stages, n_tiers, n_offers).
        rows: Shape (n,), bool: the exposures that count, all of them drawn at random.
        min_arm: Fewest exposures of an offer, and of ``no_offer``, in a campaign.

    Returns:
        Of *shape* each: the differences and their variances; NaN where nothing was compared.
    """
    drawn = np.flatnonzero(rows)
    n_arms = shape[2] + 1  # arm 0 is no_offer
    arm, campaign = outcomes.offer[drawn].astype(np.int64) + 1, outcomes.campaign[drawn].astype(np.int64)
    stage, tier = outcomes.stage[drawn].astype(np.int64), _tier_rows(outcomes, shape)[drawn]
    weight, value = 1.0 / outcomes.probability[drawn], value[drawn]
    size = int(np.prod(shape))
    joined = np.full(size, np.nan)
    if not len(drawn):
        return joined.reshape(shape), joined.reshape(shape).copy()
    draw = campaign * n_arms + arm
    draws, n_drawn = np.unique(draw, return_counts=True)
    cell = ((campaign * shape[0] + stage) * shape[1] + tier) * n_arms + arm
    cells, of_row = np.unique(cell, return_inverse=True)
    n = np.bincount(of_row, minlength=len(cells))
    weights, squares = np.bincount(of_row, weight), np.bincount(of_row, weight**2)
    mean = np.bincount(of_row, weight * value) / weights
    variance = _stage_variance(stage, value, shape[0])[cells // (n_arms * shape[1]) % shape[0]] * squares / weights**2
    in_draw = (cells // (n_arms * shape[1] * shape[0])) * n_arms
    enough = (n_drawn[np.searchsorted(draws, in_draw + cells % n_arms)] >= min_arm) & (n >= _LEAST_IN_CELL)
    control = np.minimum(np.searchsorted(cells, cells - cells % n_arms), len(cells) - 1)
    compared = np.flatnonzero(
        (cells % n_arms > 0) & (cells[control] == cells - cells % n_arms) & enough & enough[control]
    )
    difference = mean[compared] - mean[control[compared]]
    precision = 1.0 / (variance[compared] + variance[control[compared]])
    place = cells[compared] // n_arms % (shape[0] * shape[1]) * shape[2] + cells[compared] % n_arms - 1
    total = np.bincount(place, precision, size)
    known = total > 0
    joined[known] = np.bincount(place, precision * difference, size)[known] / total[known]
    spread = np.where(known, 1.0 / np.where(known, total, 1.0), np.nan)
    return joined.reshape(shape), spread.reshape(shape)


def _tiers_of(outcomes: Outcomes, n_tiers: int) -> int:
    return n_tiers if np.any(outcomes.tier >= 0) else 1


def _tier_rows(outcomes: Outcomes, shape: tuple[int, int, int]) -> NDArray[np.int64]:
    return cell_rows(outcomes, shape[1])[1]


def _stage_variance(stage: NDArray[np.int64], value: Floats, n_stages: int) -> Floats:
    """Shape (n_stages,): of the value, leaning on all stages together; above 0."""
    n = np.bincount(stage, minlength=n_stages)
    mean = np.bincount(stage, value, n_stages) / np.maximum(n, 1)
    squares = np.bincount(stage, (value - mean[stage]) ** 2, n_stages)
    overall = max(float(squares.sum()), 1.0) / max(len(value), 1)
    return np.asarray((squares + _POOLED_ROWS * overall) / (n + _POOLED_ROWS))
