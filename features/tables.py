"""The canonical tables: columns, types, keys and units of every fact that the product keeps."""

import dataframely as dy
import polars as pl

_ID = r"^[^\x00]{1,200}$"


class MembersTable(dy.Schema):
    """One row a member of the programme. No name, address, e-mail or phone column is accepted."""

    member_id = dy.String(primary_key=True, regex=_ID)
    tier = dy.String(nullable=True)  # null: the lowest tier
    joined_at = dy.Datetime(nullable=True, time_unit="us", time_zone="UTC")
    birth_month = dy.Int8(nullable=True, min=1, max=12)
    birth_day = dy.Int8(nullable=True, min=1, max=31)  # of the month; never the year, which makes it a birth date
    consent_personalisation = dy.Bool(nullable=False)
    consent_email = dy.Bool(nullable=False)
    consent_push = dy.Bool(nullable=False)
    consent_sms = dy.Bool(nullable=False)
    points = dy.Int64(nullable=False, min=0)
    segment = dy.String(nullable=True)  # a coarse group such as region or household type; never a protected attribute

    @dy.rule()
    def impossible_birthday(cls) -> pl.Expr:
        """The day is one of its month; 29 February is."""
        told = pl.col("birth_day").is_not_null() & pl.col("birth_month").is_not_null()
        lasts = pl.when(pl.col("birth_month") == 2).then(29).when(pl.col("birth_month").is_in([4, 6, 9, 11])).then(30)
        return ~told | (pl.col("birth_day") <= lasts.otherwise(31))

    @dy.rule()
    def birth_day_without_month(cls) -> pl.Expr:
        """A day alone is no birthday."""
        return pl.col("birth_day").is_null() | pl.col("birth_month").is_not_null()


class ProductsTable(dy.Schema):
    """One row a sellable product."""

    product_id = dy.String(primary_key=True, regex=_ID)
    name = dy.String(nullable=True)
    category = dy.String(nullable=True)
    brand = dy.String(nullable=True)
    price_minor = dy.Int64(nullable=True, min=0)
    cost_minor = dy.Int64(nullable=True, min=0)
    stock = dy.Int32(nullable=True, min=0)  # units; null: not tracked
    sale_from = dy.Datetime(nullable=True, time_unit="us", time_zone="UTC")
    sale_until = dy.Datetime(nullable=True, time_unit="us", time_zone="UTC")


class PurchasesTable(dy.Schema):
    """
    One row an order line as it was bought; what came back of it later is in `ReturnsTable`.

    A line that cost nothing is a purchase: it tells of taste, and is no spend and earns no points.
    """

    purchase_id = dy.String(primary_key=True, regex=_ID)
    order_id = dy.String(nullable=False)
    member_id = dy.String(nullable=False, regex=_ID)
    product_id = dy.String(nullable=False, regex=_ID)
    quantity = dy.Int32(nullable=False, min=1)
    paid_minor = dy.Int64(nullable=False, min=0)  # the whole line, after discounts
    discount_minor = dy.Int64(nullable=False, min=0)  # the whole line
    purchased_at = dy.Datetime(nullable=False, time_unit="us", time_zone="UTC")
    channel = dy.String(nullable=True)
    store_id = dy.String(nullable=True)
    offer_id = dy.String(nullable=True)  # redeemed on this line, where known
    currency = dy.String(nullable=True)  # ISO 4217, the workspace's own; null: not told, and so the workspace's


class EventsTable(dy.Schema):
    """One row something a member did that is not a purchase."""

    event_id = dy.String(primary_key=True, regex=_ID)
    member_id = dy.String(nullable=False, regex=_ID)
    kind = dy.Enum(["view", "cart", "click"], nullable=False)
    product_id = dy.String(nullable=True)
    offer_id = dy.String(nullable=True)
    occurred_at = dy.Datetime(nullable=False, time_unit="us", time_zone="UTC")
    channel = dy.String(nullable=True)
    decision_id = dy.String(nullable=True)


class OffersTable(dy.Schema):
    """One row an offer definition."""

    offer_id = dy.String(primary_key=True, regex=_ID)
    name = dy.String(nullable=True)
    kind = dy.Enum(
        ["amount_off", "percent_off", "free_shipping", "buy_x_get_y", "points_multiplier", "points_redemption", "gift"],
        nullable=False,
    )
    amount_minor = dy.Int64(nullable=False, min=0)  # off, or worth of the gift, the shipping, the points; else 0
    percent_bp = dy.Int32(nullable=False, min=0, max=10_000)  # basis points off; else 0
    multiplier_bp = dy.Int32(nullable=False, min=10_000)  # points multiplier; 10,000 = single
    min_spend_minor = dy.Int64(nullable=False, min=0)
    buy_quantity = dy.Int32(nullable=False, min=0)
    get_quantity = dy.Int32(nullable=False, min=0)
    valid_from = dy.Datetime(nullable=False, time_unit="us", time_zone="UTC")
    valid_until = dy.Datetime(nullable=False, time_unit="us", time_zone="UTC")
    tiers = dy.String(nullable=True)  # names joined by '|'; null: all tiers
    budget_minor = dy.Int64(nullable=True, min=0)  # null: no budget
    per_member_limit = dy.Int32(nullable=False, min=0)  # 0: no limit
    contact_cost_minor = dy.Int64(nullable=False, min=0)

    @dy.rule()
    def valid_until_after_valid_from(cls) -> pl.Expr:
        return pl.col("valid_until") > pl.col("valid_from")


class OfferScopeTable(dy.Schema):
    """One row a product that an offer is valid for; an offer without rows is valid for the whole basket."""

    offer_id = dy.String(primary_key=True)
    product_id = dy.String(primary_key=True)


class ExposuresTable(dy.Schema):
    """One row an offer shown to a member, or deliberately not shown: the control arm has offer_id ``no_offer``."""

    exposure_id = dy.String(primary_key=True, regex=_ID)
    member_id = dy.String(nullable=False, regex=_ID)
    offer_id = dy.String(nullable=False, regex=_ID)
    campaign_id = dy.String(nullable=True)  # exposures of one randomised draw share it
    exposed_at = dy.Datetime(nullable=False, time_unit="us", time_zone="UTC")
    channel = dy.String(nullable=True)
    logging_propensity = dy.Float64(nullable=True, min_exclusive=0, max=1)  # null: not randomised
    decision_id = dy.String(nullable=True)


class RedemptionsTable(dy.Schema):
    """One row a coupon redeemed."""

    redemption_id = dy.String(primary_key=True, regex=_ID)
    member_id = dy.String(nullable=False, regex=_ID)
    offer_id = dy.String(nullable=False, regex=_ID)
    redeemed_at = dy.Datetime(nullable=False, time_unit="us", time_zone="UTC")
    order_id = dy.String(nullable=True)
    discount_minor = dy.Int64(nullable=True, min=0)


class ReturnsTable(dy.Schema):
    """One row something of an order line that was brought back: all its units or some."""

    return_id = dy.String(primary_key=True, regex=_ID)
    purchase_id = dy.String(nullable=False, regex=_ID)
    member_id = dy.String(nullable=False, regex=_ID)
    quantity = dy.Int32(nullable=False, min=1)
    refund_minor = dy.Int64(nullable=False, min=0)  # paid back for all these units
    returned_at = dy.Datetime(nullable=False, time_unit="us", time_zone="UTC")


class PointsEntriesTable(dy.Schema):
    """One row a change of a member's points: positive adds, negative takes."""

    entry_id = dy.String(primary_key=True, regex=_ID)
    member_id = dy.String(nullable=False, regex=_ID)
    kind = dy.Enum(["earn", "redeem", "adjust", "sign_in", "referral", "review", "birthday"], nullable=False)
    points = dy.Int64(nullable=False)
    order_id = dy.String(nullable=True)
    occurred_at = dy.Datetime(nullable=False, time_unit="us", time_zone="UTC")

    @dy.rule()
    def zero_points(cls) -> pl.Expr:
        """An entry changes something."""
        return pl.col("points") != 0

    @dy.rule()
    def wrong_sign(cls) -> pl.Expr:
        """Redeeming takes, an adjustment may do either, everything else adds."""
        takes, either = pl.col("kind") == "redeem", pl.col("kind") == "adjust"
        return either | (takes == (pl.col("points") < 0))


class TierChangesTable(dy.Schema):
    """One row a tier that the retailer granted by hand, or recorded; of two on one day the later holds."""

    member_id = dy.String(primary_key=True, regex=_ID)
    tier = dy.String(nullable=False)
    changed_at = dy.Datetime(primary_key=True, time_unit="us", time_zone="UTC")


class MergesTable(dy.Schema):
    """One row a member whose card was given up for another: from then on both are one person, the survivor."""

    member_id = dy.String(primary_key=True, regex=_ID)
    into_member_id = dy.String(nullable=False, regex=_ID)
    merged_at = dy.Datetime(nullable=False, time_unit="us", time_zone="UTC")


TABLES: dict[str, type[dy.Schema]] = {
    "members": MembersTable,
    "products": ProductsTable,
    "purchases": PurchasesTable,
    "events": EventsTable,
    "offers": OffersTable,
    "offer_scope": OfferScopeTable,
    "exposures": ExposuresTable,
    "redemptions": RedemptionsTable,
    "merges": MergesTable,
    "returns": ReturnsTable,
    "points_entries": PointsEntriesTable,
    "tier_changes": TierChangesTable,
}
"""Every canonical table by name, in the order in which ingest checks them: referenced tables first."""

REQUIRED = ("members", "products", "purchases")
"""Tables that a workspace cannot do without; the others may be empty."""

DATED = {
    "purchases": "purchased_at",
    "events": "occurred_at",
    "exposures": "exposed_at",
    "redemptions": "redeemed_at",
    "returns": "returned_at",
    "points_entries": "occurred_at",
    "tier_changes": "changed_at",
}
"""Tables of facts: which column says when it happened."""
