"""Whether a member buys the dear or the cheap of each category."""

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from features.profile.evidence import Faded, Figures
from features.profile.facts import MemberFacts
from features.profile.group import Norms, Summary
from features.profile.segment_norms import by_segment, leaning


def regular_unit_prices(facts: MemberFacts) -> Figures:
    """Shape (n_lines,): (paid + discount) / quantity, in minor units; 0 where nothing was paid or taken off."""
    gross = np.maximum(facts.purchases.paid_minor, 0) + np.maximum(facts.terms.discount_minor, 0)
    return np.asarray(gross / np.maximum(facts.purchases.quantity, 1))


def fit_bands(facts: MemberFacts, half_life_days: float, n_bands: int) -> dict[str, Any]:
    """
    Prices that part each category's lines into bands of about as many lines, and each segment's mean band; JSON-able.

    Regular prices are used, so that a coupon makes nobody a buyer of cheap things.
    """
    category, price = facts.products.category[facts.purchases.product], regular_unit_prices(facts)
    shares = np.arange(1, n_bands) / n_bands
    cuts = (
        pl.DataFrame({"category": category, "price": price})
        .filter(pl.col("category") >= 0, pl.col("price") > 0)
        .group_by("category")
        .agg(pl.col("price").quantile(share, "lower").alias(str(row)) for row, share in enumerate(shares.tolist()))
        .sort("category")
    )
    names = facts.products.category_names
    norms: dict[str, Any] = {
        "names": [names[code] for code in cuts["category"].to_list()],
        "cuts": cuts.drop("category").to_numpy().tolist(),
    }
    faded = Faded.of(facts, half_life_days)
    found, now = summarise_bands(facts, norms, faded), faded.since(facts.as_of)
    part, whole = by_segment(facts, found["band"] * now), by_segment(facts, found["total"] * now)
    return norms | {"band": leaning(part, whole)}


def summarise_bands(facts: MemberFacts, norms: Norms, faded: Faded) -> Summary:
    """
    Weights of bands, the lowest 0 and the highest 1; lines without a category or for nothing are left out.

    Returns:
        ``band`` and ``total`` (float32), shape (n_members,).
    """
    purchases = facts.purchases
    cuts = _cuts(facts, norms)
    category, price = facts.products.category[purchases.product], regular_unit_prices(facts)
    band = np.zeros(len(purchases))
    for column in range(cuts.shape[1]):
        band += price > cuts[category, column]
    known = np.flatnonzero((category >= 0) & (price > 0) & ~np.isnan(cuts[category, 0]))
    member, weight = purchases.member[known], faded.weight[purchases.order[known]]
    band = band[known] / cuts.shape[1]
    return {
        "band": np.bincount(member, weight * band, facts.n_members).astype(np.float32),
        "total": np.bincount(member, weight, facts.n_members).astype(np.float32),
    }


def _cuts(facts: MemberFacts, norms: Norms) -> NDArray[np.float64]:
    """Shape (n_categories + 1, n_bands - 1); NaN where the norms do not have the category; the last row is of none."""
    fitted = np.asarray(norms["cuts"], dtype=np.float64)
    names = facts.products.category_names
    cuts = np.full((len(names) + 1, fitted.shape[1] if fitted.size else 1), np.nan)
    row_of = {name: row for row, name in enumerate(names)}
    for name, values in zip(norms["names"], fitted, strict=True):
        if name in row_of:
            cuts[row_of[name]] = values
    return cuts
