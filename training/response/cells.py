"""What each offer changes: measured against a randomised no-offer arm where there is one, openly assumed where not."""

import numpy as np
from numpy.typing import NDArray

from features.dataset import Dataset
from features.profile.config import ProfileConfig
from recsys.knowledge import Response, no_deviations
from recsys.offers.definitions import OfferDefinitions
from recsys.types import OFFER_KINDS, STAGES
from training.affinity import scope_affinity
from training.config import ResponseConfig
from training.exposures import Outcomes, read_outcomes
from training.shrinkage import shrink_means, shrink_rates

Floats = NDArray[np.float64]
_DEFAULT = ProfileConfig()


def fit_response(
    dataset: Dataset, offers: OfferDefinitions, config: ResponseConfig, profile: ProfileConfig = _DEFAULT
) -> Response:
    """
    Uplift, redemption and affinity of every offer.

    Uplift of an offer in a stage is the difference of two shares of members who ordered within the horizon: shown the
    offer, and shown ``no_offer`` in the same campaign. Only campaigns drawn at random with known probabilities count,
    each exposure weighted by one over its probability (Hajek). Campaigns are joined by precision; cells lean on the
    offer's kind and kinds on all offers. An offer without any such comparison has ``measured`` false and the value
    that its kind, or else the configured prior, suggests.
    """
    n_stages, n_offers = len(STAGES), len(offers)
    outcomes = read_outcomes(dataset, config.horizon_days, profile)
    difference, variance = _differences(outcomes, n_stages, n_offers, config.min_arm)
    kind = np.tile(offers.kind.astype(np.int64), n_stages)
    prior = (config.prior_uplift, config.prior_uplift_sd)
    uplift = shrink_means(difference.ravel(), variance.ravel(), kind, len(OFFER_KINDS), prior)
    redeemed, ordered = _redemptions(outcomes, n_stages, n_offers)
    redeem = shrink_rates(redeemed.ravel(), ordered.ravel(), kind, len(OFFER_KINDS), config.prior_redeem)

    def of_cells(of_stages: Floats) -> NDArray[np.float32]:
        """The same in every tier."""
        by_stage = of_stages.reshape(n_stages, 1, n_offers).astype(np.float32)
        return np.repeat(by_stage, len(dataset.tiers), axis=1)

    return Response(
        uplift=of_cells(uplift.mean),
        uplift_sd=of_cells(np.sqrt(uplift.variance)),
        redeem=of_cells(redeem),
        **no_deviations(len(dataset.member_ids), n_offers),
        scope_affinity=scope_affinity(dataset, offers),
        measured=np.asarray(np.isfinite(difference).any(axis=0)),
        horizon_days=config.horizon_days,
    )


def _differences(outcomes: Outcomes, n_stages: int, n_offers: int, min_arm: int) -> tuple[Floats, Floats]:
    """Shape (n_stages, n_offers): difference to ``no_offer`` and its variance; NaN where nothing was compared."""
    random = (outcomes.campaign >= 0) & np.isfinite(outcomes.probability)
    campaigns, number = np.unique(outcomes.campaign[random], return_inverse=True)
    # Arm 0 of every campaign and stage is no_offer.
    cell = (number * n_stages + outcomes.stage[random]) * (n_offers + 1) + outcomes.offer[random] + 1
    shape = (len(campaigns), n_stages, n_offers + 1)
    weight = 1.0 / outcomes.probability[random]
    ordered = outcomes.ordered[random]

    def total(value: Floats | None) -> Floats:
        return np.bincount(cell, value, int(np.prod(shape))).reshape(shape).astype(np.float64)

    n, weights, squares, orders = total(None), total(weight), total(weight**2), total(weight * ordered)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = orders / weights
        n_effective = weights**2 / squares
        # One success and one failure more keep the variance above zero where everybody did the same.
        smooth = (share * n_effective + 1) / (n_effective + 2)
        variance = smooth * (1 - smooth) / n_effective
    usable = (n[:, :, 1:] >= min_arm) & (n[:, :, :1] >= min_arm)
    difference: Floats = np.where(usable, share[:, :, 1:] - share[:, :, :1], 0.0)
    precision: Floats = np.where(usable, 1.0 / (variance[:, :, 1:] + variance[:, :, :1]), 0.0)
    joined: Floats = precision.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean: Floats = (difference * precision).sum(axis=0) / joined
        spread: Floats = np.where(joined > 0, 1.0 / joined, np.nan)
        return mean, spread


def _redemptions(outcomes: Outcomes, n_stages: int, n_offers: int) -> tuple[Floats, Floats]:
    """Shape (n_stages, n_offers): exposures followed by an order with the offer redeemed, and followed by an order."""
    shown = (outcomes.offer >= 0) & (outcomes.ordered | outcomes.redeemed)
    cell = outcomes.stage[shown].astype(np.int64) * n_offers + outcomes.offer[shown]
    size, shape = n_stages * n_offers, (n_stages, n_offers)
    redeemed = np.bincount(cell, outcomes.redeemed[shown].astype(np.float64), size)
    return redeemed.reshape(shape).astype(np.float64), np.bincount(cell, minlength=size).reshape(shape).astype(
        np.float64
    )
