"""Offer definitions as the engine's columns."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from features.dataset import Dataset
from features.products import encoded_texts
from recsys.errors import InputError
from recsys.offers.definitions import UNLIMITED_MINOR, OfferDefinitions, plain_columns
from recsys.ragged import Ragged
from recsys.types import OFFER_KINDS

MAX_TIERS = 16


def build_offers(dataset: Dataset) -> OfferDefinitions:
    """
    All offers of the dataset, in the order of ``dataset.offer_ids``.

    Raises:
        InputError: An offer names a tier that the workspace does not have, or there are more than MAX_TIERS tiers.
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
        budget_minor=offers["budget_minor"].fill_null(UNLIMITED_MINOR).to_numpy().astype(np.int64),
        per_member_limit=_integers(offers, "per_member_limit").astype(np.int32),
        contact_cost_minor=_integers(offers, "contact_cost_minor"),
        scope=_scope(dataset.offer_scope, len(offers)),
        **plain_columns(len(offers)),
    )


def _integers(offers: pl.DataFrame, name: str) -> NDArray[np.int64]:
    return offers[name].to_numpy().astype(np.int64)


def _tier_masks(offers: pl.DataFrame, tiers: tuple[str, ...]) -> NDArray[np.uint16]:
    if len(tiers) > MAX_TIERS:
        raise InputError(f"the workspace has {len(tiers)} tiers; offers can tell {MAX_TIERS} apart at most: merge some")
    bit_of = {tier: 1 << row for row, tier in enumerate(tiers)}
    everyone = sum(bit_of.values())
    masks = np.full(len(offers), everyone, dtype=np.uint16)
    for row, (offer_id, names) in enumerate(offers.select("offer_id", "tiers").iter_rows()):
        if names is None:
            continue
        unknown = [name for name in names.split("|") if name not in bit_of]
        if unknown:
            raise InputError(
                f"offer {offer_id!r} is for the tier {unknown[0]!r}; the tiers are {', '.join(tiers)}: "
                "correct the offers table and ingest again"
            )
        masks[row] = sum({bit_of[name] for name in names.split("|")})
    return masks


def _scope(offer_scope: pl.DataFrame, n_offers: int) -> Ragged:
    owner = offer_scope["offer"].to_numpy()
    indptr = np.zeros(n_offers + 1, dtype=np.int64)
    np.cumsum(np.bincount(owner, minlength=n_offers), out=indptr[1:])
    return Ragged(indptr, offer_scope["product"].to_numpy().astype(np.int32))
