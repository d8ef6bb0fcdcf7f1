"""The "Complete Journey" of a US grocer's loyalty card: receipts, products, campaigns and coupons of 2017."""

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import polars as pl

from features.convert import minor_units
from features.sources.base import REASON, SOURCE_ROW, Chunk, derived, read_raw, refuse, typed

_INT, _FLOAT, _TEXT, _TIME = pl.Int64(), pl.Float64(), pl.String(), pl.Datetime("us", "UTC")
_FILES: dict[str, dict[str, pl.DataType]] = {
    "transactions_sample": {
        "household_id": _INT, "store_id": _INT, "basket_id": _INT, "product_id": _INT, "quantity": _FLOAT,
        "sales_value": _FLOAT, "retail_disc": _FLOAT, "coupon_disc": _FLOAT, "coupon_match_disc": _FLOAT,
        "transaction_timestamp": _TIME,
    },
    "products": {
        "product_id": _INT, "department": _TEXT, "brand": _TEXT, "product_category": _TEXT, "product_type": _TEXT,
        "package_size": _TEXT, "manufacturer_id": _INT,
    },
    "coupons": {"coupon_upc": _INT, "product_id": _INT, "campaign_id": _INT},
    "campaigns": {"campaign_id": _INT, "household_id": _INT},
    "campaign_descriptions": {"campaign_id": _INT, "campaign_type": _TEXT, "start_date": _TIME, "end_date": _TIME},
    "coupon_redemptions": {"household_id": _INT, "coupon_upc": _INT, "campaign_id": _INT, "redemption_date": _TIME},
    "demographics": {"household_id": _INT, "household_comp": _TEXT},
}  # fmt: skip
NOT_GOODS_DEPARTMENTS = ("FUEL", "COUPON", "CHARITABLE CONT", "POSTAL CENTER", "CNTRL/STORE SUP", "PROD-WHS SALES")
NOT_GOODS_CATEGORIES = ("COUPON/MISC ITEMS", "COUPONS/STORE & MFG", "COUPON", "FUEL", "BOTTLE DEPOSITS")
MAX_QUANTITY = 100
"""Larger quantities are nearly always fuel or coupon/misc items, counted in other units."""
DEFAULT_DEPTH_MINOR = 100
"""Depth of a coupon where the receipts say too little: one dollar, the median coupon discount of the set."""
MIN_DEPTH_LINES = 5
"""So many receipt lines with a coupon discount, on products of its scope, tell a coupon's depth."""
PERSONALISED = "Type A"


class CompleteJourneySource:
    """
    Seven files of the one-year edition; a coupon of a campaign is an offer, ``<coupon_upc>-<campaign_id>``.

    Reasons of receipt lines, the first that applies: ``wrong_type:<column>``, ``unknown_product``,
    ``impossible_quantity``, ``not_goods``, ``zero_quantity``, then the checks of `features.validate`.

    Raises:
        SourceError: A file is absent or empty, or lacks a column.
    """

    name = "complete_journey"
    currency = "USD"
    tiers: tuple[str, ...] = ("member",)
    max_quantity = MAX_QUANTITY
    programme: str | None = None
    assumptions: tuple[str, ...] = (
        "Consent is not recorded: personalisation is taken as agreed, so that the set can be evaluated; e-mail, push "
        "and text messages as not agreed.",
        "paid_minor is sales_value, what the retailer receives; discount_minor is the retailer's own discount "
        "(retail_disc + coupon_match_disc). A manufacturer's coupon is in neither: the manufacturer pays it back.",
        "A coupon's depth is not recorded: it is the median coupon_disc of receipt lines on products of "
        f"its scope, or {DEFAULT_DEPTH_MINOR} minor units where fewer than {MIN_DEPTH_LINES} tell; once a member. Like "
        "a product's regular price, it is of the whole period: earlier cut-offs know no prices, and no model that is "
        "judged reads a depth.",
        "Every household of a Type B or C campaign saw all its coupons on the first day. Which 16 coupons a Type A "
        "household got is not recorded: those mailings are in quarantine as mailing_unknown.",
        "Exposures were not randomised: logging_propensity is null, and no effect may be read from them.",
        "The segment is the household's composition. Receipts are a 6.8 % sample of lines, so baskets are incomplete.",
    )

    def __init__(self, folder: Path) -> None:
        self._raw = {name: read_raw(folder, name, columns) for name, columns in _FILES.items()}

    def chunks(self, table: str) -> Iterator[Chunk]:
        """The rows of every table but events, of which there are none."""
        if table == "members":
            yield derived(self._members())
        elif table == "products":
            yield Chunk(self._products(), self._raw["products"])
        elif table == "purchases":
            yield Chunk(self._purchases(), self._raw["transactions_sample"])
        elif table == "offers":
            yield derived(self._offers())
        elif table == "offer_scope":
            yield Chunk(self._offer_scope(), self._raw["coupons"])
        elif table == "exposures":
            yield self._exposures()
        elif table == "redemptions":
            yield Chunk(self._redemptions(), self._raw["coupon_redemptions"])

    def _typed(self, name: str) -> pl.DataFrame:
        return typed(self._raw[name], _FILES[name])

    @cached_property
    def _goods(self) -> pl.DataFrame:
        """product_id, is_goods: one row a product of the products file."""
        not_goods = pl.col("department").is_in(NOT_GOODS_DEPARTMENTS) | pl.col("product_category").is_in(
            NOT_GOODS_CATEGORIES
        )
        products = self._typed("products").filter(pl.col("product_id").is_not_null())
        return products.unique("product_id", keep="first", maintain_order=True).select(
            "product_id", is_goods=~not_goods.fill_null(False)
        )

    @cached_property
    def _lines(self) -> pl.DataFrame:
        lines = self._typed("transactions_sample").join(self._goods, on="product_id", how="left", maintain_order="left")
        lines = refuse(lines, "unknown_product", pl.col("is_goods").is_null())
        lines = refuse(lines, "impossible_quantity", pl.col("quantity") > MAX_QUANTITY)
        lines = refuse(lines, "not_goods", ~pl.col("is_goods"))
        return refuse(lines, "zero_quantity", pl.col("quantity") == 0)

    @cached_property
    def _coupons(self) -> pl.DataFrame:
        coupons = self._typed("coupons").join(self._goods, on="product_id", how="left", maintain_order="left")
        coupons = refuse(coupons, "unknown_product", pl.col("is_goods").is_null())
        return refuse(coupons, "not_goods", ~pl.col("is_goods")).with_columns(_offer_id())

    def _members(self) -> pl.DataFrame:
        files = ("transactions_sample", "campaigns", "coupon_redemptions", "demographics")
        households = pl.concat([self._typed(name).select("household_id") for name in files]).drop_nulls().unique()
        kind = (
            self._typed("demographics")
            .select("household_id", "household_comp")
            .unique("household_id", keep="first", maintain_order=True)
        )
        return (
            households.join(kind, on="household_id", how="left")
            .sort("household_id")
            .select(
                member_id=pl.col("household_id").cast(pl.String),
                segment="household_comp",
                points=pl.lit(0),
                consent_personalisation=pl.lit(True),
                consent_email=pl.lit(False),
                consent_push=pl.lit(False),
                consent_sms=pl.lit(False),
            )
        )

    def _products(self) -> pl.DataFrame:
        regular = (pl.col("sales_value") + pl.col("retail_disc") + pl.col("coupon_match_disc")) / pl.col("quantity")
        price = (
            self._lines.filter(pl.col(REASON).is_null()).group_by("product_id").agg(regular.median().alias("regular"))
        )
        products = (
            self._typed("products")
            .join(self._goods, on="product_id", how="left", maintain_order="left")
            .join(price, on="product_id", how="left", maintain_order="left")
        )
        return refuse(products, "not_goods", ~pl.col("is_goods")).select(
            pl.col("product_id").cast(pl.String),
            name=pl.concat_str("product_type", "package_size", separator=", ", ignore_nulls=True),
            category="product_category",
            brand=pl.concat_str("brand", pl.col("manufacturer_id").cast(pl.String), separator=" "),
            price_minor=minor_units(pl.col("regular"), decimals=2),
            **{REASON: pl.col(REASON), SOURCE_ROW: pl.col(SOURCE_ROW)},
        )

    def _purchases(self) -> pl.DataFrame:
        ordinal = pl.int_range(pl.len()).over("basket_id", "product_id").cast(pl.String)
        return self._lines.select(
            purchase_id=pl.concat_str("basket_id", "product_id", ordinal, separator="-"),
            order_id=pl.col("basket_id").cast(pl.String),
            member_id=pl.col("household_id").cast(pl.String),
            product_id=pl.col("product_id").cast(pl.String),
            quantity="quantity",
            paid_minor=minor_units(pl.col("sales_value"), decimals=2),
            discount_minor=minor_units(pl.col("retail_disc") + pl.col("coupon_match_disc"), decimals=2),
            purchased_at="transaction_timestamp",
            store_id=pl.col("store_id").cast(pl.String),
            channel=pl.lit("store"),
            **{REASON: pl.col(REASON), SOURCE_ROW: pl.col(SOURCE_ROW)},
        )

    def _offers(self) -> pl.DataFrame:
        told = (
            self._lines.filter(pl.col(REASON).is_null() & (pl.col("coupon_disc") > 0))
            .join(self._coupons.filter(pl.col(REASON).is_null()).unique(["offer_id", "product_id"]), on="product_id")
            .group_by("offer_id")
            .agg(pl.col("coupon_disc").median().alias("depth"), pl.len().alias("n_lines"))
        )
        depth = pl.when(pl.col("n_lines") >= MIN_DEPTH_LINES).then(minor_units(pl.col("depth"), decimals=2))
        return (
            self._coupons.drop_nulls("offer_id").unique("offer_id")
            .join(self._typed("campaign_descriptions").drop(REASON, SOURCE_ROW), on="campaign_id", how="left")
            .join(told, on="offer_id", how="left")
            .sort("offer_id")
            .select(
                "offer_id",
                name=pl.format("Coupon {} of campaign {}", "coupon_upc", "campaign_id"),
                kind=pl.lit("amount_off"),
                amount_minor=depth.fill_null(DEFAULT_DEPTH_MINOR),
                percent_bp=pl.lit(0),
                multiplier_bp=pl.lit(10_000),
                min_spend_minor=pl.lit(0),
                buy_quantity=pl.lit(0),
                get_quantity=pl.lit(0),
                valid_from="start_date",
                valid_until=pl.col("end_date").dt.offset_by("1d"),  # the last day belongs to the campaign
                per_member_limit=pl.lit(1),
                contact_cost_minor=pl.lit(0),
            )
        )  # fmt: skip

    def _offer_scope(self) -> pl.DataFrame:
        return self._coupons.select("offer_id", pl.col("product_id").cast(pl.String), REASON, SOURCE_ROW)

    def _exposures(self) -> Chunk:
        described = self._typed("campaign_descriptions").select("campaign_id", "campaign_type", "start_date")
        mailed = self._typed("campaigns").join(described, on="campaign_id", how="left", maintain_order="left")
        offers = self._coupons.unique(["offer_id", "campaign_id"]).select("campaign_id", "offer_id")
        shown = (
            mailed.filter(pl.col("campaign_type").ne_missing(PERSONALISED))
            .join(offers, on="campaign_id", how="left")
            .sort(SOURCE_ROW, "offer_id")
        )
        personal = mailed.filter(pl.col("campaign_type").eq_missing(PERSONALISED)).with_columns(
            pl.coalesce(REASON, pl.lit("mailing_unknown")).alias(REASON),
            pl.lit(None, dtype=pl.String).alias("offer_id"),
        )
        rows = pl.concat([shown, personal.select(shown.columns)])
        return Chunk(
            rows.select(
                exposure_id=pl.concat_str("household_id", "offer_id", separator="-"),
                member_id=pl.col("household_id").cast(pl.String),
                offer_id="offer_id",
                campaign_id=pl.col("campaign_id").cast(pl.String),
                exposed_at="start_date",
                channel=pl.lit("mail"),
                **{REASON: pl.col(REASON), SOURCE_ROW: pl.col(SOURCE_ROW)},
            ),
            rows.select("campaign_id", "household_id", "campaign_type", "offer_id"),
        )

    def _redemptions(self) -> pl.DataFrame:
        rows = self._typed("coupon_redemptions").with_columns(_offer_id())
        ordinal = pl.int_range(pl.len()).over("household_id", "offer_id", "redemption_date").cast(pl.String)
        day = pl.col("redemption_date").dt.strftime("%Y%m%d")
        return rows.select(
            redemption_id=pl.concat_str("household_id", "offer_id", day, ordinal, separator="-"),
            member_id=pl.col("household_id").cast(pl.String),
            offer_id="offer_id",
            redeemed_at="redemption_date",
            **{REASON: pl.col(REASON), SOURCE_ROW: pl.col(SOURCE_ROW)},
        )


def _offer_id() -> pl.Expr:
    return pl.concat_str("coupon_upc", "campaign_id", separator="-").alias("offer_id")
