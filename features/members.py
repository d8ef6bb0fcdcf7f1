"""Members as the engine's columns: tier, stage, rhythm and worth, all as of the dataset's cut-off."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from features.consents import consent_bits
from features.dataset import Dataset
from features.products import text_codes
from features.value import OrderHistory, margin_rates, order_history, order_rates
from recsys.errors import InputError
from recsys.members import Members
from recsys.ragged import Ragged
from recsys.types import SECONDS_PER_DAY, STAGES, EpochSeconds, Instants, Stage

NEW_DAYS = 30
"""A member is new for this long after the first order."""
MIN_GAP_DAYS, MAX_GAP_DAYS = 14.0, 90.0
"""The expected gap between orders is taken as no shorter and no longer than this."""
ACTIVE_GAPS, DORMANT_GAPS = 2.0, 4.0
"""Active until this many expected gaps after the last order, dormant until that many, then churned."""
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


def build_members(dataset: Dataset) -> Members:
    """
    All members of the dataset, in the order of ``dataset.member_ids``.

    Raises:
        InputError: A member has a tier that the workspace does not have, or there are too many segments.
    """
    history = order_history(dataset)
    rates, _ = order_rates(history)
    margins, _ = margin_rates(dataset, history, BASKET_ORDERS)
    segment, names = text_codes(dataset.members["segment"])
    if len(names) > np.iinfo(np.int16).max:
        raise InputError(f"the members table has {len(names)} segments; a segment is a coarse group, use at most 32767")
    purchased, purchased_at = _purchased(dataset)
    return Members(
        members=dataset.member_ids,
        tier=_tier_rows(dataset),
        stage=stages(history, rates, dataset.cut_off),
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


def segment_names(dataset: Dataset) -> tuple[str, ...]:
    """The segments in the order of the rows that `build_members` gives."""
    return text_codes(dataset.members["segment"])[1]


def stages(history: OrderHistory, orders_per_day: NDArray[np.float32], cut_off: EpochSeconds) -> NDArray[np.int8]:
    """
    Shape (n_members,): position in ``types.STAGES``.

    Potential: no order yet. New: first order within NEW_DAYS. Otherwise days since the last order against the member's
    own expected gap (1 / rate, within MIN_GAP_DAYS and MAX_GAP_DAYS): up to ACTIVE_GAPS gaps active, up to
    DORMANT_GAPS dormant, beyond churned.
    """
    gap_days = np.clip(1.0 / np.maximum(orders_per_day, 1e-9), MIN_GAP_DAYS, MAX_GAP_DAYS)
    silent_gaps = (cut_off - history.last_at) / SECONDS_PER_DAY / gap_days
    first_days = (cut_off - history.first_at) / SECONDS_PER_DAY
    chosen = np.select(
        [history.n_orders == 0, first_days <= NEW_DAYS, silent_gaps <= ACTIVE_GAPS, silent_gaps <= DORMANT_GAPS],
        [STAGES.index(stage) for stage in (Stage.POTENTIAL, Stage.NEW, Stage.ACTIVE, Stage.DORMANT)],
        default=STAGES.index(Stage.CHURNED),
    )
    return chosen.astype(np.int8)


def _tier_rows(dataset: Dataset) -> NDArray[np.int8]:
    row_of = {tier: row for row, tier in enumerate(dataset.tiers)}
    names = dataset.members["tier"].to_list()
    unknown = {name for name in names if name is not None and name not in row_of}
    if unknown:
        raise InputError(
            f"the members table has the tier {min(unknown)!r}; the tiers are {', '.join(dataset.tiers)}: "
            "correct the members or the list of tiers and ingest again"
        )
    return np.array([0 if name is None else row_of[name] for name in names], dtype=np.int8)


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
