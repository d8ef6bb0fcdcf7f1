"""Members as the engine's columns: tier, stage, rhythm and worth, all as of the dataset's cut-off."""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from features.consents import consent_bits
from features.dataset import Dataset
from features.products import text_codes
from features.profile.config import ProfileConfig
from features.profile.group import Columns
from features.profile.known import know_groups
from features.profile.lifecycle import Lifecycle
from features.profile.tier import TierStanding
from features.value import OrderHistory, margin_rates, order_history, order_rates
from recsys.errors import InputError
from recsys.members import Members
from recsys.profile import MemberProfile
from recsys.ragged import Ragged
from recsys.types import UNKNOWN_ROW, Instants

_DEFAULT = ProfileConfig()
BASKET_ORDERS = 3.0
"""The population's mean order counts as this many orders of the member's own."""


@dataclass(frozen=True, slots=True)
class Stranger:
    """
    What is assumed of a member nobody knows: the population's means.

    Attributes:
        orders_per_day: Orders a member and day.
        basket_minor: Value of an order.
        margin_rate: Margin over value.
    """

    orders_per_day: float
    basket_minor: int
    margin_rate: float


def build_members(dataset: Dataset, config: ProfileConfig = _DEFAULT, *, known: Columns | None = None) -> Members:
    """
    All members of the dataset, in the order of ``dataset.member_ids``.

    Stages follow each member's own rhythm (`features.profile.lifecycle`). Where the retailer does not say a member's
    tier, as at any cut-off before the ingest, it is that of the programme's rules, and without a programme the lowest.
    Points are those recorded. What else there is to know comes with `with_profile`.

    Args:
        dataset: Whose members.
        config: Settings of what is known of them.
        known: The columns of their profile, where it is there already; else only those needed here are worked out.

    Raises:
        InputError: A member has a tier that the workspace does not have, or there are too many segments.
    """
    history = order_history(dataset)
    rates, _ = order_rates(history)
    if known is None:
        known = know_groups(dataset, config, (Lifecycle(), TierStanding()))
    margins, _ = margin_rates(dataset, history, BASKET_ORDERS)
    segment, names = text_codes(dataset.members["segment"])
    if len(names) > np.iinfo(np.int16).max:
        raise InputError(f"the members table has {len(names)} segments; a segment is a coarse group, use at most 32767")
    purchased, purchased_at = _purchased(dataset)
    return Members(
        members=dataset.member_ids,
        tier=_tier_rows(dataset, known),
        stage=known["stage"],
        consent=consent_bits(dataset.members),
        segment=segment.astype(np.int16),
        birth_month=dataset.members["birth_month"].fill_null(0).to_numpy().astype(np.int8),
        points=dataset.members["points"].to_numpy().astype(np.int64),
        orders_per_day=rates,
        basket_minor=_baskets(history),
        margin_rate=margins,
        purchased=purchased,
        purchased_at=purchased_at,
    )


def build_stranger(dataset: Dataset) -> Stranger:
    """The population's means over the members of the dataset; zeros for rate and basket where nobody ever ordered."""
    history = order_history(dataset)
    _, margin_rate = margin_rates(dataset, history, BASKET_ORDERS)
    return Stranger(order_rates(history)[1], int(history.mean_basket_minor() + 0.5), margin_rate)


def with_profile(members: Members, profile: MemberProfile) -> Members:
    """The members with every feature; where no points are recorded of anybody, they are those of the rules."""
    by_rules = profile.columns.get("points_usable", members.points)
    return replace(members, profile=profile, points=members.points if members.points.any() else by_rules)


def recorded_tiers(dataset: Dataset) -> NDArray[np.int8]:
    """
    Shape (n_members,): position in the workspace's tiers as the retailer recorded them; UNKNOWN_ROW where nothing is.

    Raises:
        InputError: A tier is recorded that the workspace does not have.
    """
    row_of = {tier: row for row, tier in enumerate(dataset.tiers)}
    names = dataset.members["tier"].to_list()
    unknown = {name for name in names if name is not None and name not in row_of}
    if unknown:
        raise InputError(
            f"the members table has the tier {min(unknown)!r}; the tiers are {', '.join(dataset.tiers)}: "
            "correct the members or the list of tiers and ingest again"
        )
    return np.array([UNKNOWN_ROW if name is None else row_of[name] for name in names], dtype=np.int8)


def segment_names(dataset: Dataset) -> tuple[str, ...]:
    """The segments in the order of the rows that `build_members` gives."""
    return text_codes(dataset.members["segment"])[1]


def _tier_rows(dataset: Dataset, known: Columns) -> NDArray[np.int8]:
    recorded = recorded_tiers(dataset)
    by_rules = known.get("tier_by_rules", np.zeros(len(recorded), dtype=np.int8))
    return np.maximum(np.where(recorded == UNKNOWN_ROW, by_rules, recorded), 0).astype(np.int8)


def _baskets(history: OrderHistory) -> NDArray[np.int64]:
    prior = BASKET_ORDERS * history.mean_basket_minor()
    return np.floor((prior + history.paid_minor) / (BASKET_ORDERS + history.n_orders) + 0.5).astype(np.int64)


def _purchased(dataset: Dataset) -> tuple[Ragged, Instants]:
    last = (
        dataset.purchases.frame()
        .lazy()
        .group_by("member", "product")
        .agg(pl.col("at").max())
        .sort(["member", "at", "product"], descending=[False, True, False])
        .collect()
    )
    indptr = np.zeros(len(dataset.member_ids) + 1, dtype=np.int64)
    np.cumsum(np.bincount(last["member"].to_numpy(), minlength=len(dataset.member_ids)), out=indptr[1:])
    return Ragged(indptr, last["product"].to_numpy().astype(np.int32)), last["at"].to_numpy().astype(np.int64)
