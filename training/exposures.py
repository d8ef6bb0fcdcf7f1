"""What followed each exposure, and what was known of the member at that moment and no later."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from features.dataset import Dataset
from features.members import stages
from features.value import OrderHistory, order_rates
from recsys.types import NO_OFFER, SECONDS_PER_DAY, Instants, Rows

_INSTANT_BITS = 34


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


def read_outcomes(dataset: Dataset, horizon_days: float) -> Outcomes:
    """Join exposures to orders and redemptions in [exposure, exposure + horizon)."""
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
        stage=_stages_then(dataset, orders, member, at),
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


def _stages_then(
    dataset: Dataset, orders: NDArray[np.int64], member: NDArray[np.int64], at: Instants
) -> NDArray[np.int8]:
    """The stage of each member at each instant: the rule of `features.members.stages` with the exposure as day zero."""
    if not len(member):
        return np.empty(0, dtype=np.int8)
    begin, end = np.searchsorted(orders, _keys(member, np.zeros_like(at))), np.searchsorted(orders, _keys(member, at))
    n_orders = end - begin
    instant = np.append(orders & ((1 << _INSTANT_BITS) - 1), 0)
    first_at = np.where(n_orders > 0, instant[np.minimum(begin, len(orders))], at)
    last_at = np.where(n_orders > 0, instant[end - 1], at)
    joined = dataset.members["joined_at"].dt.epoch("s")
    known = joined.is_not_null().to_numpy()[member]
    joined_at = joined.fill_null(dataset.cut_off).to_numpy()[member]
    began = np.minimum(np.where(known, joined_at, first_at), first_at)
    history = OrderHistory(
        n_orders=n_orders.astype(np.int64),
        n_counted=np.where(known, n_orders, np.maximum(n_orders - 1, 0)).astype(np.int64),
        days=np.maximum(at - began, 0) / SECONDS_PER_DAY,
        first_at=first_at - at,
        last_at=last_at - at,
        paid_minor=np.zeros(len(at), dtype=np.int64),
    )
    return stages(history, order_rates(history)[0], 0)
