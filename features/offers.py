"""Offer definitions as the engine's columns."""

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from features.dataset import Dataset
from features.offer_words import BETWEEN
from features.products import encoded_texts, text_codes
from recsys.errors import InputError
from recsys.offers.definitions import (
    ALL_CHANNELS,
    BASES,
    CHANNELS,
    NO_GROUP,
    STACKINGS,
    TRIGGERS,
    UNLIMITED,
    UNLIMITED_MINOR,
    Base,
    OfferDefinitions,
    Stacking,
    Trigger,
)
from recsys.ragged import Ragged
from recsys.types import OFFER_KINDS

MAX_TIERS = 16


def build_offers(dataset: Dataset) -> OfferDefinitions:
    """
    All offers of the dataset, in the order of ``dataset.offer_ids``.

    Raises:
        InputError: An offer names a tier that the workspace does not have, or there are more than MAX_TIERS tiers, or
            more groups or ladders than can be told apart.
    """
    offers = dataset.offers
    code_of = {kind.value: code for code, kind in enumerate(OFFER_KINDS)}
    kinds = [code_of[kind] for kind in offers["kind"].cast(pl.String).to_list()]
    return OfferDefinitions(
        offers=dataset.offer_ids,
        names=encoded_texts(offers["name"]),
        kind=np.array(kinds, dtype=np.int8),
        amount_minor=_integers(offers, "amount_minor"),
        percent_bp=_integers(offers, "percent_bp").astype(np.int32),
        multiplier_bp=_integers(offers, "multiplier_bp").astype(np.int32),
        min_spend_minor=_integers(offers, "min_spend_minor"),
        buy_quantity=_integers(offers, "buy_quantity").astype(np.int32),
        get_quantity=_integers(offers, "get_quantity").astype(np.int32),
        valid_from=offers["valid_from"].dt.epoch("s").to_numpy().astype(np.int64),
        valid_until=offers["valid_until"].dt.epoch("s").to_numpy().astype(np.int64),
        tier_mask=_tier_masks(offers, dataset.tiers),
        budget_minor=_integers(offers, "budget_minor", UNLIMITED_MINOR),
        per_member_limit=_integers(offers, "per_member_limit").astype(np.int32),
        contact_cost_minor=_integers(offers, "contact_cost_minor"),
        scope=_scope(dataset.offer_scope, len(offers)),
        scope_empty=offers["scope_empty"].to_numpy(),
        max_discount_minor=_integers(offers, "max_discount_minor", UNLIMITED_MINOR),
        total_limit=_integers(offers, "total_limit", UNLIMITED),
        channel_mask=_channel_masks(offers["channels"]),
        stacking=_positions(offers["stacking"], STACKINGS, Stacking.COMBINABLE),
        stacking_group=_numbers(offers["stacking_group"]),
        stacking_priority=_integers(offers, "stacking_priority").astype(np.int16),
        base=_positions(offers["base"], BASES, Base.REMAINING),
        points_cost=_integers(offers, "points_cost"),
        ladder=_numbers(offers["ladder"]),
        trigger=_positions(offers["trigger"], TRIGGERS, Trigger.NONE),
        trigger_days=_integers(offers, "trigger_days").astype(np.int16),
    )


def _integers(offers: pl.DataFrame, name: str, untold: int = 0) -> NDArray[np.int64]:
    return offers[name].fill_null(untold).to_numpy().astype(np.int64)


def _positions(column: pl.Series, words: Sequence[str], untold: str) -> NDArray[np.int8]:
    """Position of each word among all; ingest has refused every other."""
    return np.array([words.index(word) for word in column.fill_null(untold).to_list()], dtype=np.int8)


def _numbers(column: pl.Series) -> NDArray[np.int16]:
    """A number a name, in the order of the names; NO_GROUP where there is none."""
    codes, names = text_codes(column)
    if len(names) > np.iinfo(np.int16).max:
        raise InputError(
            f"the offers table has {len(names)} different {column.name}s; {np.iinfo(np.int16).max} can be told apart: "
            "leave those of offers out that ended long ago"
        )
    return np.where(codes < 0, NO_GROUP, codes).astype(np.int16)


def _channel_masks(column: pl.Series) -> NDArray[np.uint8]:
    bit_of = {channel.value: 1 << bit for bit, channel in enumerate(CHANNELS)}
    masks = [
        ALL_CHANNELS if names is None else sum({bit_of[name] for name in names.split(BETWEEN)})
        for names in column.to_list()
    ]
    return np.array(masks, dtype=np.uint8)


def _tier_masks(offers: pl.DataFrame, tiers: tuple[str, ...]) -> NDArray[np.uint16]:
    if len(tiers) > MAX_TIERS:
        raise InputError(f"the workspace has {len(tiers)} tiers; offers can tell {MAX_TIERS} apart at most: merge some")
    bit_of = {tier: 1 << row for row, tier in enumerate(tiers)}
    everyone = sum(bit_of.values())
    masks = np.full(len(offers), everyone, dtype=np.uint16)
    for row, (offer_id, names) in enumerate(offers.select("offer_id", "tiers").iter_rows()):
        if names is None:
            continue
        unknown = [name for name in names.split(BETWEEN) if name not in bit_of]
        if unknown:
            raise InputError(
                f"offer {offer_id!r} is for the tier {unknown[0]!r}; the tiers are {', '.join(tiers)}: "
                "correct the offers table and ingest again"
            )
        masks[row] = sum({bit_of[name] for name in names.split(BETWEEN)})
    return masks


def _scope(offer_scope: pl.DataFrame, n_offers: int) -> Ragged:
    owner = offer_scope["offer"].to_numpy()
    indptr = np.zeros(n_offers + 1, dtype=np.int64)
    np.cumsum(np.bincount(owner, minlength=n_offers), out=indptr[1:])
    return Ragged(indptr, offer_scope["product"].to_numpy().astype(np.int32))
