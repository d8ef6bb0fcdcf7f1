"""The truth of one cohort as frames; README.md explains every column."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from features.simulator.baskets import Shop
from features.simulator.columns import chosen
from features.simulator.facts import exposure_ids, member_ids, offer_names
from features.simulator.history import Stretch
from features.simulator.parameters import RESPONSE_TYPES
from features.simulator.truth import Effects
from features.simulator.world import World


def member_truth_frame(shop: Shop, effects: Effects, number: NDArray[np.int64]) -> pl.DataFrame:
    """One row a member: type, rates and tastes."""
    people, factors = shop.people, shop.tastes.factors
    return pl.DataFrame({
        "member_id": member_ids(number),
        "response_type": chosen(RESPONSE_TYPES, people.response_type),
        "taste_group": pl.Series(people.group, dtype=pl.Int8),
        "orders_per_day_active": people.pace.astype(np.float32),
        "left": people.left <= shop.calendar.days,
        "sensitivity": people.sensitivity.astype(np.float32),
        "p_order_without": effects.p_order_without.astype(np.float32),
        "orders_without": effects.orders_without.astype(np.float32),
        "order_margin_minor": effects.margin_minor.astype(np.float32),
        "order_spend_minor": effects.spend_minor.astype(np.float32),
        "taste": pl.Series(factors, dtype=pl.Array(pl.Float32, factors.shape[1])),
        "category_share": pl.Series(
            shop.tastes.category.astype(np.float32), dtype=pl.Array(pl.Float32, shop.tastes.category.shape[1])
        ),
    })  # fmt: skip


def effect_frame(world: World, ratio: NDArray[np.float32], effects: Effects, number: NDArray[np.int64]) -> pl.DataFrame:
    """One row a member and offer: the counterfactuals."""
    n_members, n_offers = ratio.shape
    member = np.repeat(np.arange(n_members), n_offers)
    offer = np.tile(np.arange(n_offers), n_members)
    columns = {
        "p_order_without": effects.p_order_without[member],
        "p_order_with": effects.p_order_with.reshape(-1),
        "orders_without": effects.orders_without[member],
        "orders_with": effects.orders_with.reshape(-1),
        "p_redeem": effects.p_redeem.reshape(-1),
        "discount_minor": effects.discount_minor.reshape(-1),
        "incremental_margin_minor": effects.incremental_margin_minor.reshape(-1),
    }
    return pl.DataFrame({
        "member_id": member_ids(number)[member],
        "offer_id": chosen(offer_names(world), offer),
        "eligible": effects.eligible.reshape(-1),
        "log_rate_ratio": ratio.reshape(-1),
        **{name: column.astype(np.float32) for name, column in columns.items()},
    })  # fmt: skip


def exposure_truth_frame(stretches: list[Stretch], number: NDArray[np.int64]) -> pl.DataFrame:
    """One row an exposure of the history: probability of an order in its window, without an offer and as drawn."""
    frames = []
    for wave, stretch in enumerate(stretches):
        if stretch.exposures is None:
            continue
        frames.append(pl.DataFrame({
            "exposure_id": exposure_ids(number[stretch.exposures.member], wave),
            "p_order_without": -np.expm1(-stretch.rate_without),
            "p_order_with": -np.expm1(-stretch.rate_with),
        }))  # fmt: skip
    return pl.concat(frames)
