"""What the lists show, apart from whether it was bought: how much of the catalogue, how well known, at what price."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from features.dataset import Dataset
from recsys import metrics
from recsys.catalogue import UNKNOWN_MINOR
from recsys.members import Members
from recsys.types import KeepMask, MoneyMinor, Rows

SHOWN = ("coverage_at_10", "novelty_at_10", "gini_at_10", "price_minor_at_10", "margin_minor_at_10")
"""The figures of `shown_figures`, in the order of tables."""

_TOP = 10


@dataclass(frozen=True, slots=True)
class ProductFacts:
    """
    What the figures need to know of each product.

    Attributes:
        keep: Shape (n_products,): on sale at the cut-off.
        bits: Shape (n_products,): self-information, see `recsys.metrics.self_information`.
        price_minor: Shape (n_products,): what a unit was paid before the cut-off; UNKNOWN_MINOR where never sold.
        margin_minor: Shape (n_products,): that price less the cost of a unit.
        has_margin: Shape (n_products,): price and cost are both known.
    """

    keep: KeepMask
    bits: NDArray[np.float64]
    price_minor: MoneyMinor
    margin_minor: MoneyMinor
    has_margin: KeepMask


def product_facts(dataset: Dataset, members: Members, keep: KeepMask, cost_minor: MoneyMinor) -> ProductFacts:
    """
    Self-information and prices from the purchases that the models learnt from, and from nothing later.

    List prices are not known as of an earlier day. So the price of a product is the median of what a unit was paid in
    its order lines before the cut-off, discounts taken off and lines of nothing left out, rounded half up.

    Args:
        dataset: What the models learnt from.
        members: Of that dataset.
        keep: Shape (n_products,): on sale at the cut-off.
        cost_minor: Shape (n_products,): cost of a unit as of the ingest; UNKNOWN_MINOR where unknown.
    """
    purchased = members.purchased
    n_buyers = np.bincount(purchased.values, minlength=len(keep))
    price = _prices(dataset, len(keep))
    has_margin = (price != UNKNOWN_MINOR) & (cost_minor != UNKNOWN_MINOR)
    return ProductFacts(
        keep=keep,
        bits=metrics.self_information(n_buyers, int((purchased.lengths() > 0).sum())),
        price_minor=price,
        margin_minor=np.where(has_margin, price - cost_minor, 0).astype(np.int64),
        has_margin=has_margin,
    )


def shown_figures(lists: Rows, facts: ProductFacts) -> Mapping[str, float | None]:
    """
    Coverage, novelty and Gini of the first ten, and the mean price and margin of a place of them, by name in SHOWN.

    Args:
        lists: Shape (m, at least 10 where there is so much to show); UNKNOWN_ROW pads.
        facts: Of the products.

    Returns:
        Novelty is the mean over members who are shown anything; price and margin the mean over all places whose
        product has one. None where there is nothing to take a mean of.
    """
    cut = lists[:, :_TOP]
    places = cut[cut >= 0]
    bits = metrics.novelty(cut, _TOP, facts.bits)
    return {
        "coverage_at_10": metrics.coverage(cut, _TOP, int(facts.keep.sum())),
        "novelty_at_10": _mean(bits[~np.isnan(bits)]),
        "gini_at_10": metrics.gini(cut, _TOP, facts.keep) if len(places) else None,
        "price_minor_at_10": _mean(facts.price_minor[places[facts.price_minor[places] != UNKNOWN_MINOR]]),
        "margin_minor_at_10": _mean(facts.margin_minor[places[facts.has_margin[places]]]),
    }


def _prices(dataset: Dataset, n_products: int) -> MoneyMinor:
    paid = (
        dataset.purchases.frame()
        .lazy()
        .filter(pl.col("paid_minor") > 0)
        .group_by("product")
        .agg((pl.col("paid_minor") / pl.col("quantity")).median().alias("unit_minor"))
        .collect()
    )
    price = np.full(n_products, UNKNOWN_MINOR, dtype=np.int64)
    price[paid["product"].to_numpy()] = np.floor(paid["unit_minor"].to_numpy() + 0.5).astype(np.int64)
    return price


def _mean(figures: NDArray[np.floating] | NDArray[np.integer]) -> float | None:
    return float(figures.mean()) if len(figures) else None
