"""What followed each exposure, and what was known of the member at that moment and no later."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from features.dataset import Dataset
from features.profile.config import ProfileConfig
from features.profile.group import Fitted
from features.profile.known import facts_of, rules_of
from features.profile.lifecycle import POTENTIAL, Lifecycle
from features.profile.transitions import stage_transitions
from recsys.types import NO_OFFER, SECONDS_PER_DAY, Instants, Rows

_INSTANT_BITS = 34
_DEFAULT = ProfileConfig()


@dataclass(frozen=True, slots=True)
class Outcomes:
    """
    Exposures whose horizon is over by the cut-off, one entry each.

    Attributes:
        stage: Shape (n,), int8: the member's stage at the exposure, from orders before it only.
        offer: Shape (n,), int32: row of the offer; -1 for ``no_offer``.
        campaign: Shape (n,), int32: number of the campaign; -1 where there is none.
        probability: Shape (n,), float64: with which a random draw chose this arm; NaN where it was not random.
        ordered: Shape (n,), bool: the member ordered within the horizon.
        redeemed: Shape (n,), bool: the member redeemed this offer within the horizon.
    """

    stage: NDArray[np.int8]
    offer: Rows
    campaign: Rows
    probability: NDArray[np.float64]
    ordered: NDArray[np.bool_]
    redeemed: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.offer)


def read_outcomes(dataset: Dataset, horizon_days: float, profile: ProfileConfig = _DEFAULT) -> Outcomes:
    """Join exposures to orders and redemptions in [exposure, exposure + horizon); *profile* says what a stage is."""
    horizon = round(horizon_days * SECONDS_PER_DAY)
    shown = dataset.exposures.filter(
        (pl.col("at") + horizon <= dataset.cut_off) & ((pl.col("offer") >= 0) | (pl.col("offer_id") == NO_OFFER))
    )
    member = shown["member"].to_numpy().astype(np.int64)
    offer = shown["offer"].to_numpy().astype(np.int64)
    at = shown["at"].to_numpy().astype(np.int64)
    campaigns = shown["campaign_id"].drop_nulls().unique().sort()
    campaign = shown["campaign_id"].replace_strict(
        campaigns, np.arange(len(campaigns)), default=-1, return_dtype=pl.Int32
    )
    orders = _order_keys(dataset)
    used = dataset.redemptions.filter(pl.col("offer") >= 0)
    n_offers = max(len(dataset.offer_ids), 1)
    pair = used["member"].to_numpy().astype(np.int64) * n_offers + used["offer"].to_numpy()
    pairs = np.unique(pair)
    place = np.searchsorted(pairs, member * n_offers + offer)
    found = (offer >= 0) & (place < len(pairs))
    found[found] = pairs[place[found]] == (member * n_offers + offer)[found]
    redemptions = np.sort(_keys(np.searchsorted(pairs, pair), used["at"].to_numpy().astype(np.int64)))
    return Outcomes(
        stage=_stages_then(dataset, member, at, profile),
        offer=offer.astype(np.int32),
        campaign=campaign.to_numpy().astype(np.int32),
        probability=shown["logging_propensity"].fill_null(float("nan")).to_numpy().astype(np.float64),
        ordered=_any_within(orders, member, at, horizon),
        redeemed=found & _any_within(redemptions, place.astype(np.int64), at, horizon),
    )


def _keys(owner: NDArray[np.int64], at: Instants) -> NDArray[np.int64]:
    """Owner and instant as one number that sorts like the pair."""
    return (owner << _INSTANT_BITS) + at


def _order_keys(dataset: Dataset) -> NDArray[np.int64]:
    """One key an order, sorted; the instant of its first line."""
    purchases = dataset.purchases
    _, first = np.unique(purchases.order, return_index=True)
    return np.sort(_keys(purchases.member[first].astype(np.int64), purchases.at[first]))


def _any_within(keys: NDArray[np.int64], owner: NDArray[np.int64], at: Instants, horizon: int) -> NDArray[np.bool_]:
    return np.searchsorted(keys, _keys(owner, at)) < np.searchsorted(keys, _keys(owner, at + horizon))


def _stages_then(dataset: Dataset, member: NDArray[np.int64], at: Instants, config: ProfileConfig) -> NDArray[np.int8]:
    """The stage of each member at each instant, from the orders before it; the rhythm of all is that of the cut-off."""
    facts, rules = facts_of(dataset), rules_of(dataset, config)
    changes = stage_transitions(facts, Fitted(Lifecycle().fit(facts, rules), rules), 0, dataset.cut_off)
    if not len(changes):
        return np.full(len(member), POTENTIAL, dtype=np.int8)
    keys = _keys(changes.member.astype(np.int64), changes.at)
    last = np.searchsorted(keys, _keys(member, at), side="right") - 1
    own = (last >= 0) & (changes.member[last] == member)
    return np.where(own, changes.to_stage[last], POTENTIAL).astype(np.int8)
