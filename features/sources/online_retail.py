"""The UCI "Online Retail" receipts of a British gift wholesaler, 1 December 2010 to 9 December 2011."""

from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import polars as pl

from features.convert import minor_units
from features.sources.base import REASON, SOURCE_ROW, Chunk, derived, read_raw, refuse, typed
from recsys.errors import SourceError

_COLUMNS: dict[str, pl.DataType] = {
    "InvoiceNo": pl.String(),
    "StockCode": pl.String(),
    "Description": pl.String(),
    "Quantity": pl.Int32(),
    "InvoiceDate": pl.Datetime("us", "UTC"),
    "UnitPrice": pl.Float64(),
    "CustomerID": pl.Int64(),
    "Country": pl.String(),
}
NOT_GOODS = ("POST", "DOT", "M", "D", "S", "B", "C2", "C3", "BANK CHARGES", "AMAZONFEE", "CRUK", "PADS", "GIFT")
"""Stock codes that are postage, fees, adjustments or samples; every code with the prefix GIFT_ is a voucher."""


class OnlineRetailSource:
    """
    One file, ``transactions.parquet`` (or ``.csv`` with the same columns): one row an invoice line.

    Reasons, the first that applies: ``wrong_type:<column>``, ``cancellation`` (invoice "C..."), ``not_goods``,
    ``negative_quantity``, ``free_line`` (price 0), ``no_member``, ``duplicate`` (all columns equal to an earlier row),
    ``returned`` (cancelled in full later), then the checks of `features.validate`.

    Raises:
        SourceError: The file is absent, empty, lacks a column, or has no sale from which a catalogue could be made.
    """

    name = "online_retail"
    currency = "GBP"
    tiers: tuple[str, ...] = ("member",)
    max_quantity = 10_000
    programme: str | None = None
    assumptions: tuple[str, ...] = (
        "The set is anonymous and says nothing of consent: personalisation is taken as agreed, so that the set can be "
        "evaluated; e-mail, push and text messages as not agreed, so that nobody is ever written to.",
        "It has no tiers, points, costs, categories or offers: one tier, no points, and null for the others.",
        "A product's price is the median unit price of its sales; its name the most frequent description. A member's "
        "segment is the country of the first receipt.",
        "A purchase that was cancelled in full later is no purchase at all, also for models of days before the "
        "cancellation.",
        "Codes that differ only in case (85123a, 85123A) are one product. Times are taken as UTC.",
    )

    def __init__(self, folder: Path) -> None:
        self._raw = read_raw(folder, "transactions", _COLUMNS)

    def chunks(self, table: str) -> Iterator[Chunk]:
        """The rows of members, products and purchases; the other tables have none."""
        if table == "members":
            yield derived(self._members())
        elif table == "products":
            yield derived(self._products())
        elif table == "purchases":
            yield Chunk(_purchases(self._lines), self._raw)

    @cached_property
    def _lines(self) -> pl.DataFrame:
        lines = typed(self._raw, _COLUMNS).with_columns(pl.col("StockCode").str.to_uppercase())
        code = pl.col("StockCode")
        lines = refuse(lines, "cancellation", pl.col("InvoiceNo").str.starts_with("C"))
        lines = refuse(lines, "not_goods", code.is_in(NOT_GOODS) | code.str.starts_with("GIFT_"))
        lines = refuse(lines, "negative_quantity", pl.col("Quantity") < 0)
        return refuse(lines, "free_line", pl.col("UnitPrice") == 0)

    def _members(self) -> pl.DataFrame:
        known = self._lines.filter(pl.col("CustomerID").is_not_null())
        # The first, not the most frequent: what a member's later receipts say must not reach an earlier cut-off.
        country = (
            known.filter(pl.col("Country") != "Unspecified")
            .sort("InvoiceDate", SOURCE_ROW, nulls_last=True)
            .unique("CustomerID", keep="first", maintain_order=True)
            .select("CustomerID", "Country")
        )
        return (
            known.select(pl.col("CustomerID").unique().sort())
            .join(country, on="CustomerID", how="left")
            .sort("CustomerID")
            .select(
                member_id=pl.col("CustomerID").cast(pl.String),
                segment=pl.col("Country"),
                points=pl.lit(0),
                consent_personalisation=pl.lit(True),
                consent_email=pl.lit(False),
                consent_push=pl.lit(False),
                consent_sms=pl.lit(False),
            )
        )

    def _products(self) -> pl.DataFrame:
        sales = self._lines.filter(pl.col(REASON).is_null() & (pl.col("UnitPrice") > 0))
        if not sales.height:
            raise SourceError(
                f"none of the {self._lines.height:,} lines is a sale of goods (positive quantity and price, no "
                "cancellation), so there is no catalogue; check the columns Quantity, UnitPrice and StockCode"
            )
        price = sales.group_by("StockCode").agg(pl.col("UnitPrice").median())
        name = _most_frequent(sales, "StockCode", "Description")
        return (
            price.join(name, on="StockCode", how="left")
            .sort("StockCode")
            .select(
                product_id="StockCode", name="Description", price_minor=minor_units(pl.col("UnitPrice"), decimals=2)
            )
        )


def _purchases(lines: pl.DataFrame) -> pl.DataFrame:
    lines = refuse(lines, "no_member", pl.col("CustomerID").is_null())
    lines = refuse(lines, "duplicate", ~pl.struct(list(_COLUMNS)).is_first_distinct())
    lines = refuse(lines, "returned", pl.col(SOURCE_ROW).is_in(_returned_rows(lines)))
    ordinal = pl.int_range(pl.len()).over("InvoiceNo", "StockCode").cast(pl.String)
    return lines.select(
        purchase_id=pl.concat_str("InvoiceNo", "StockCode", ordinal, separator="-"),
        order_id="InvoiceNo",
        member_id=pl.col("CustomerID").cast(pl.String),
        product_id="StockCode",
        quantity="Quantity",
        paid_minor=minor_units(pl.col("UnitPrice") * pl.col("Quantity"), decimals=2),
        discount_minor=pl.lit(0),
        purchased_at="InvoiceDate",
        **{REASON: pl.col(REASON), SOURCE_ROW: pl.col(SOURCE_ROW)},
    )


def _returned_rows(lines: pl.DataFrame) -> list[int]:
    """
    Source rows of purchases that were cancelled in full.

    A cancellation takes back the latest earlier purchase of the same member, product and quantity that no other
    cancellation has taken back.
    """
    takes_back = (
        (pl.col(REASON) == "cancellation") & pl.col("CustomerID").is_not_null() & (pl.col("Quantity") < 0)
    ).fill_null(False)
    events = (
        lines.filter(pl.col(REASON).is_null() | takes_back)
        .with_columns(takes_back.alias("takes_back"), pl.col("Quantity").abs())
        .filter(pl.col("takes_back").any().over("CustomerID", "StockCode", "Quantity"))
        .sort("InvoiceDate", "takes_back", SOURCE_ROW)
        .select("CustomerID", "StockCode", "Quantity", "takes_back", SOURCE_ROW)
    )
    bought: defaultdict[tuple[int, str, int], list[int]] = defaultdict(list)
    returned: list[int] = []
    for member, code, quantity, back, row in events.iter_rows():
        if not back:
            bought[member, code, quantity].append(row)
        elif bought[member, code, quantity]:
            returned.append(bought[member, code, quantity].pop())
    return returned


def _most_frequent(rows: pl.DataFrame, key: str, text: str) -> pl.DataFrame:
    """One row a key: its most frequent text; of equally frequent ones the first in the alphabet."""
    return (
        rows.filter(pl.col(text).is_not_null())
        .group_by(key, text)
        .len()
        .sort([key, "len", text], descending=[False, True, False])
        .unique(key, keep="first", maintain_order=True)
        .drop("len")
    )
