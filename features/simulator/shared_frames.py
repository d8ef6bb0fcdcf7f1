"""The tables that all members share, and the truth of products, as frames."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from features.simulator.assortment import ALWAYS
from features.simulator.categories import BRANDS, CATEGORIES
from features.simulator.columns import chosen, instants
from features.simulator.facts import offer_names, product_ids
from features.simulator.offers import NUDGES
from features.simulator.parameters import TIERS
from features.simulator.world import World
from recsys.types import SECONDS_PER_DAY


def products_frame(world: World) -> pl.DataFrame:
    """The products table."""
    assortment = world.assortment
    return pl.DataFrame({
        "product_id": product_ids(assortment.number),
        "name": assortment.names,
        "category": chosen([category.name for category in CATEGORIES], assortment.category),
        "brand": chosen(BRANDS, assortment.brand),
        "price_minor": assortment.price_minor,
        "cost_minor": assortment.cost_minor,
        "stock": assortment.stock,
        "sale_from": _day_instants(world, assortment.sale_from),
        "sale_until": _day_instants(world, assortment.sale_until),
    }).sort("product_id")  # fmt: skip


def offers_frame(world: World) -> pl.DataFrame:
    """The offers table: those of the history, and the nudges that nobody was shown yet."""
    templates = [*world.offers.templates, *NUDGES]
    days = world.calendar.days
    valid_from = np.append(world.offers.valid_from, [round(t.from_share * days) for t in NUDGES])
    valid_until = np.append(world.offers.valid_until, [days + t.until_days for t in NUDGES])
    tiers = [None if t.first_tier == 0 else "|".join(TIERS[t.first_tier :]) for t in templates]
    budgets = [
        None if t.budget_per_member_minor is None else t.budget_per_member_minor * world.n_members for t in templates
    ]
    amounts = {
        "amount_minor": pl.Int64, "percent_bp": pl.Int32, "multiplier_bp": pl.Int32, "min_spend_minor": pl.Int64,
    }  # fmt: skip
    return pl.DataFrame({
        "offer_id": [*offer_names(world), *(t.offer_id for t in NUDGES)],
        "name": [t.name for t in templates],
        "kind": [t.kind.value for t in templates],
        **{name: pl.Series([getattr(t, name) for t in templates], dtype=dtype) for name, dtype in amounts.items()},
        "buy_quantity": pl.Series([t.buy for t in templates], dtype=pl.Int32),
        "get_quantity": pl.Series([t.get for t in templates], dtype=pl.Int32),
        "valid_from": instants(world.calendar.start + valid_from * SECONDS_PER_DAY),
        "valid_until": instants(world.calendar.start + valid_until * SECONDS_PER_DAY),
        "tiers": pl.Series(tiers, dtype=pl.String),
        "budget_minor": pl.Series(budgets, dtype=pl.Int64),
        "per_member_limit": pl.Series([t.limit for t in templates], dtype=pl.Int32),
        "contact_cost_minor": pl.Series([t.contact_cost_minor for t in templates], dtype=pl.Int64),
        "points_cost": pl.Series([t.points_cost for t in templates], dtype=pl.Int64),
        "ladder": pl.Series([t.ladder for t in templates], dtype=pl.String),
        "trigger": pl.Series([t.trigger.value for t in templates], dtype=pl.String),
    }).sort("offer_id")  # fmt: skip


def offer_scope_frame(world: World) -> pl.DataFrame:
    """The offer scope table: products of the offers that are not valid for the whole basket."""
    narrow = np.flatnonzero(~np.all(world.offers.in_scope, axis=1))
    place, product = np.nonzero(world.offers.in_scope[narrow][:, world.assortment.category])
    offer = narrow[place]
    ids = product_ids(world.assortment.number)
    return pl.DataFrame({"offer_id": chosen(offer_names(world), offer), "product_id": ids[product]}).sort(
        "offer_id", "product_id"
    )


def product_truth_frame(world: World) -> pl.DataFrame:
    """The truth of products: log popularity within the category, and the taste vector."""
    assortment = world.assortment
    return pl.DataFrame({
        "product_id": product_ids(assortment.number),
        "log_popularity": assortment.popularity,
        "taste": pl.Series(assortment.taste, dtype=pl.Array(pl.Float32, assortment.taste.shape[1])),
    }).sort("product_id")  # fmt: skip


def _day_instants(world: World, day: NDArray[np.int64]) -> pl.Series:
    open_ended = pl.Series(np.abs(day) == ALWAYS)
    seconds = instants(world.calendar.start + np.where(np.abs(day) == ALWAYS, 0, day) * SECONDS_PER_DAY)
    return seconds.to_frame("at").select(pl.when(open_ended).then(None).otherwise(pl.col("at")).alias("at")).to_series()
