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
from features.profile.tier import tier_codes, tier_facts
from features.profile.transitions import stage_transitions
from features.value import DEFAULT_MARGIN_RATE
from recsys.loyalty.tiers import tier_history
from recsys.types import NO_OFFER, SECONDS_PER_DAY, UNKNOWN_ROW, Instants, MoneyMinor, Rows
from training.timeline import Orders, Timeline, key_of

_DEFAULT = ProfileConfig()


@dataclass(frozen=True, slots=True)
class Outcomes:
    """
    Exposures whose horizon is over by the cut-off, one entry each.

    Attributes:
        member: Shape (n,), int64: row.
        at: Shape (n,), int64: epoch seconds of the exposure.
        stage: Shape (n,), int8: the member's stage at the exposure, from orders before it only.
        tier: Shape (n,), int8: row of the tier at the exposure, by the rules of the programme; -1 where it has none.
        offer: Shape (n,), int32: row of the offer; -1 for ``no_offer``.
        campaign: Shape (n,), int32: number of the campaign; -1 where there is none.
        probability: Shape (n,), float64: with which a random draw chose this arm; NaN where it was not random.
        ordered: Shape (n,), bool: the member ordered within the horizon.
        redeemed: Shape (n,), bool: the member redeemed this offer within the horizon.
        spend_minor: Shape (n,), int64: paid within the horizon.
        margin_minor: Shape (n,), int64: the same less the products' cost, so net of discounts on them; where a cost is
            not known the margin is taken to be DEFAULT_MARGIN_RATE.
        followed: Shape (n,), bool: as long again has gone by.
        ordered_after: Shape (n,), bool: the member ordered in the horizon after the horizon.
        campaigns: Names of the campaigns by number.
    """

    member: NDArray[np.int64]
    at: Instants
    stage: NDArray[np.int8]
    tier: NDArray[np.int8]
    offer: Rows
    campaign: Rows
    probability: NDArray[np.float64]
    ordered: NDArray[np.bool_]
    redeemed: NDArray[np.bool_]
    spend_minor: MoneyMinor
    margin_minor: MoneyMinor
    followed: NDArray[np.bool_]
    ordered_after: NDArray[np.bool_]
    campaigns: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.offer)

    @property
    def random(self) -> NDArray[np.bool_]:
        """Shape (n,): chance decided in a campaign; where it was certain what would be shown, it did not."""
        return (self.campaign >= 0) & (self.probability > 0) & (self.probability < 1)


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
    orders = _order_line(dataset)
    start, stop, end = (orders.place(member, at + wait) for wait in (0, horizon, 2 * horizon))
    return Outcomes(
        member=member,
        at=at,
        stage=_stages_then(dataset, member, at, profile),
        tier=_tiers_then(dataset, member, at),
        offer=offer.astype(np.int32),
        campaign=campaign.to_numpy().astype(np.int32),
        probability=shown["logging_propensity"].fill_null(float("nan")).to_numpy().astype(np.float64),
        ordered=stop > start,
        redeemed=_redeemed(dataset, member, offer, at=at, horizon=horizon),
        spend_minor=np.rint(orders.between("paid", start, stop)).astype(np.int64),
        margin_minor=np.rint(orders.between("margin", start, stop)).astype(np.int64),
        followed=at + 2 * horizon <= dataset.cut_off,
        ordered_after=end > stop,
        campaigns=tuple(campaigns.to_list()),
    )


def _order_line(dataset: Dataset) -> Timeline:
    """The orders by the instant of their first line, with what was paid and earned."""
    orders, lines = Orders.of(dataset), dataset.purchases
    cost = dataset.products["cost_minor"].cast(pl.Int64).fill_null(-1).to_numpy()[lines.product]
    margin = np.where(cost >= 0, lines.paid_minor - cost * lines.quantity, DEFAULT_MARGIN_RATE * lines.paid_minor)
    return Timeline.of(
        orders.member,
        orders.first_at,
        n_members=len(dataset.member_ids),
        columns={"paid": orders.paid_minor, "margin": np.bincount(lines.order, margin, lines.n_orders)},
    )


def _redeemed(
    dataset: Dataset, member: NDArray[np.int64], offer: NDArray[np.int64], *, at: Instants, horizon: int
) -> NDArray[np.bool_]:
    used = dataset.redemptions.filter(pl.col("offer") >= 0)
    n_offers = max(len(dataset.offer_ids), 1)
    pair = used["member"].to_numpy().astype(np.int64) * n_offers + used["offer"].to_numpy()
    pairs = np.unique(pair)
    place = np.searchsorted(pairs, member * n_offers + offer)
    found = (offer >= 0) & (place < len(pairs))
    found[found] = pairs[place[found]] == (member * n_offers + offer)[found]
    keys = np.sort(key_of(np.searchsorted(pairs, pair), used["at"].to_numpy().astype(np.int64)))
    within = np.searchsorted(keys, key_of(place, at)) < np.searchsorted(keys, key_of(place, at + horizon))
    return np.asarray(found & within)


def _stages_then(dataset: Dataset, member: NDArray[np.int64], at: Instants, config: ProfileConfig) -> NDArray[np.int8]:
    """The stage of each member at each instant, from the orders before it; the rhythm of all is that of the cut-off."""
    facts, rules = facts_of(dataset), rules_of(dataset, config)
    changes = stage_transitions(facts, Fitted(Lifecycle().fit(facts, rules), rules), 0, dataset.cut_off)
    return _held(changes.member.astype(np.int64), changes.at, changes.to_stage, member=member, at=at, before=POTENTIAL)


def _tiers_then(dataset: Dataset, member: NDArray[np.int64], at: Instants) -> NDArray[np.int8]:
    programme = dataset.programme
    if programme is None:
        return np.full(len(member), UNKNOWN_ROW, dtype=np.int8)
    facts = tier_facts(facts_of(dataset), programme, dataset.tiers)
    changes = tier_history(facts, programme, as_of=dataset.cut_off - 1)
    tiers = tier_codes(programme, dataset.tiers)[changes.to_tier]
    return _held(changes.owners(), changes.at, tiers, member=member, at=at, before=UNKNOWN_ROW)


def _held(
    owner: NDArray[np.int64],
    since: Instants,
    value: NDArray[np.int8],
    *,
    member: NDArray[np.int64],
    at: Instants,
    before: int,
) -> NDArray[np.int8]:
    """Shape (n,): what each member held at each instant, of changes sorted by owner and instant."""
    if not len(owner):
        return np.full(len(member), before, dtype=np.int8)
    last = np.searchsorted(key_of(owner, since), key_of(member, at), side="right") - 1
    own = (last >= 0) & (owner[last] == member)
    return np.where(own, value[last], before).astype(np.int8)
