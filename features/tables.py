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
    consent_personalisation = dy.Bool(nullable=False)
    consent_email = dy.Bool(nullable=False)
    consent_push = dy.Bool(nullable=False)
    consent_sms = dy.Bool(nullable=False)
    points = dy.Int64(nullable=False, min=0)
    segment = dy.String(nullable=True)  # a coarse group such as region or household type; never a protected attribute


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
    """One row an order line that was paid and not returned."""

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


TABLES: dict[str, type[dy.Schema]] = {
    "members": MembersTable,
    "products": ProductsTable,
    "purchases": PurchasesTable,
    "events": EventsTable,
    "offers": OffersTable,
    "offer_scope": OfferScopeTable,
    "exposures": ExposuresTable,
    "redemptions": RedemptionsTable,
}
"""Every canonical table by name, in the order in which ingest checks them: referenced tables first."""

REQUIRED = ("members", "products", "purchases")
"""Tables that a workspace cannot do without; the others may be empty."""
