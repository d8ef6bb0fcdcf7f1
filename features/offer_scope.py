"""What each offer is valid for, as rows of products: what is included, less what is excluded."""

from collections.abc import Mapping

import polars as pl

from features.workspace import Workspace

_COLUMN = {"product": "product_id", "category": "category", "brand": "brand"}


def read_scope(
    workspace: Workspace, rows: Mapping[str, pl.DataFrame], products: pl.DataFrame
) -> tuple[pl.DataFrame, pl.Series]:
    """
    The scopes of all offers, as `scope_of` has them.

    Args:
        workspace: Whose tables tell them.
        rows: offer_id, offer and product_id, product, by noun (`features.purchases.id_rows`).
        products: product_id, category, brand.
    """
    offers, facts = rows["offer"].lazy(), rows["product"].lazy()
    listed = workspace.read_table("offer_scope").join(offers, on="offer_id").join(facts, on="product_id", how="left")
    rules = workspace.read_table("offer_scope_rules").join(offers, on="offer_id")
    return scope_of(
        listed.select("offer", "product").collect(), rules.collect(), products.join(rows["product"], on="product_id")
    )


def scope_of(listed: pl.DataFrame, rules: pl.DataFrame, products: pl.DataFrame) -> tuple[pl.DataFrame, pl.Series]:
    """
    Put lists and rules together.

    An offer that includes nothing by name includes everything. Of a product that is included and excluded, the
    exclusion stands. A value that no product has matches nothing.

    Args:
        listed: offer, product: rows that are included one by one; null of a product that there is not.
        rules: offer, kind, value, exclude.
        products: product, product_id, category, brand.

    Returns:
        offer, product (int32 rows), sorted: none of an offer on the whole basket. And the offers, sorted, whose scope
        is told and matches no product; they too have no rows.
    """
    included, excluded = [listed.drop_nulls()], [listed.clear()]
    for kind, column in _COLUMN.items():
        some = rules.filter(pl.col("kind").cast(pl.String) == kind)
        matched = some.join(products, left_on="value", right_on=column)
        included.append(matched.filter(~pl.col("exclude")).select("offer", "product"))
        excluded.append(matched.filter(pl.col("exclude")).select("offer", "product"))
    without = pl.concat(excluded).unique()
    including = pl.concat([listed["offer"], rules.filter(~pl.col("exclude"))["offer"]]).unique()
    but_for = without.select("offer").unique().filter(~pl.col("offer").is_in(including.implode()))
    everything = but_for.join(products.select("product"), how="cross")
    scope = pl.concat([*included, everything]).unique().join(without, on=["offer", "product"], how="anti")
    told = pl.concat([including, but_for["offer"]])
    empty = told.filter(~told.is_in(scope["offer"].unique().implode()))
    return scope.sort("offer", "product"), empty.sort()
