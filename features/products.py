"""Products as the engine's columns: codes for names, minus one for the unknown, and how often each is bought again."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from features.dataset import Dataset
from features.purchases import Purchases
from recsys.catalogue import ALWAYS_FROM, ALWAYS_UNTIL, UNKNOWN_MINOR, UNLIMITED_STOCK, Catalogue
from recsys.types import SECONDS_PER_DAY, UNKNOWN_ROW, Rows


def build_catalogue(dataset: Dataset) -> Catalogue:
    """
    All products of the dataset, in the order of ``dataset.product_ids``.

    A product without category or brand gets row -1; without price or cost UNKNOWN_MINOR; without stock it is
    unlimited; without dates of sale it is always on sale.
    """
    products = dataset.products
    category, category_names = text_codes(products["category"])
    brand, brand_names = text_codes(products["brand"])
    return Catalogue(
        products=dataset.product_ids,
        names=encoded_texts(products["name"]),
        category=category,
        brand=brand,
        price_minor=_filled(products["price_minor"], UNKNOWN_MINOR),
        cost_minor=_filled(products["cost_minor"], UNKNOWN_MINOR),
        stock=_filled(products["stock"], UNLIMITED_STOCK).astype(np.int32),
        sale_from=_filled(products["sale_from"].dt.epoch("s"), ALWAYS_FROM),
        sale_until=_filled(products["sale_until"].dt.epoch("s"), ALWAYS_UNTIL),
        repeat_rate=repeat_rates(dataset.purchases, len(dataset.product_ids)),
        category_names=category_names,
        brand_names=brand_names,
    )


def repeat_rates(purchases: Purchases, n_products: int) -> NDArray[np.float32]:
    """Shape (n_products,): share of the product's buyers who bought it on more than one day (UTC); 0 without buyers."""
    day = (pl.col("at") // SECONDS_PER_DAY).alias("day")
    shares = (
        purchases.frame()
        .lazy()
        .select("member", "product", day)
        .group_by("member", "product")
        .agg((pl.col("day").max() > pl.col("day").min()).alias("again"))
        .group_by("product")
        .agg(pl.col("again").sum(), pl.len().alias("buyers"))
        .collect()
    )
    rates = np.zeros(n_products, dtype=np.float32)
    rates[shares["product"].to_numpy()] = (shares["again"] / shares["buyers"]).to_numpy()
    return rates


def text_codes(texts: pl.Series) -> tuple[Rows, tuple[str, ...]]:
    """
    Texts as rows of their sorted distinct values.

    Returns:
        Shape (n,), int32, UNKNOWN_ROW where the text is null; and the distinct texts in the order of those rows.
    """
    names = texts.drop_nulls().unique().sort().to_list()
    code_of = {name: row for row, name in enumerate(names)}
    codes = np.array([code_of.get(text, UNKNOWN_ROW) for text in texts.to_list()], dtype=np.int32)
    return codes, tuple(names)


def encoded_texts(texts: pl.Series) -> NDArray[np.bytes_]:
    """Shape (n,), dtype ``S``: the texts as UTF-8 without NUL characters; empty where null."""
    encoded = [text.replace("\0", " ").encode() for text in texts.fill_null("").to_list()]
    return np.array(encoded, dtype=np.bytes_) if any(encoded) else np.zeros(len(encoded), dtype="S1")


def _filled(column: pl.Series, missing: int) -> NDArray[np.int64]:
    return column.cast(pl.Int64).fill_null(missing).to_numpy().astype(np.int64)
