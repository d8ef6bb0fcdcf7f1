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
    referred = dy.Bool(nullable=True)  # another member brought them; by whom is of no concern; null: not told, so no

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
        [
            "amount_off", "percent_off", "free_shipping", "buy_x_get_y", "points_multiplier", "points_redemption",
            "gift", "nudge",
        ],
        nullable=False,
    )  # fmt: skip
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
    max_discount_minor = dy.Int64(nullable=True, min=1)  # the most that one redemption takes off; null: no bound
    total_limit = dy.Int64(nullable=True, min=0)  # redemptions of all members together; null: no limit
    channels = dy.String(nullable=True)  # web, email, push, sms, joined by '|'; null: all
    stacking = dy.String(nullable=True)  # combinable, one_of_group or exclusive; null: combinable
    stacking_group = dy.String(nullable=True)  # of which one_of_group allows one
    stacking_priority = dy.Int16(nullable=True)  # lower is applied first; null: 0
    base = dy.String(nullable=True)  # remaining or full: what shares and thresholds count on; null: remaining
    points_cost = dy.Int64(nullable=True, min=0)  # that a member pays to use it once; null: 0
    ladder = dy.String(nullable=True)  # the same offer at several depths has one; null: none
    trigger = dy.String(nullable=True)  # what makes sense of it now: `recsys.offers.definitions.Trigger`; null: none
    trigger_days = dy.Int16(nullable=True, min=1, max=3_650)  # of the trigger's window; null: the trigger's own
    currency = dy.String(nullable=True)  # ISO 4217, the workspace's own; null: not told, and so the workspace's

    @dy.rule()
    def valid_until_after_valid_from(cls) -> pl.Expr:
        return pl.col("valid_until") > pl.col("valid_from")

    @dy.rule()
    def gives_nothing(cls) -> pl.Expr:
        """Money off, a share off and more points are more than none; what is bought and got is at least one unit."""
        given = {
            "amount_off": pl.col("amount_minor") > 0,
            "percent_off": pl.col("percent_bp") > 0,
            "buy_x_get_y": (pl.col("buy_quantity") > 0) & (pl.col("get_quantity") > 0),
            "points_multiplier": pl.col("multiplier_bp") > 10_000,
        }
        return pl.all_horizontal((pl.col("kind") != kind) | gives for kind, gives in given.items())

    @dy.rule()
    def nudge_gives_something(cls) -> pl.Expr:
        """A nudge tells of what is the member's already: it takes nothing off and asks for nothing."""
        amounts = ("amount_minor", "percent_bp", "min_spend_minor", "buy_quantity", "get_quantity", "points_cost")
        nothing = pl.all_horizontal(pl.col(name).fill_null(0) == 0 for name in amounts)
        return (pl.col("kind") != "nudge") | (nothing & (pl.col("multiplier_bp") == 10_000))

    @dy.rule()
    def nudge_without_trigger(cls) -> pl.Expr:
        """A nudge has something to tell."""
        return (pl.col("kind") != "nudge") | (pl.col("trigger").is_not_null() & (pl.col("trigger") != "none"))

    @dy.rule()
    def newcomer_pays_points(cls) -> pl.Expr:
        """Who has just come has no points to pay with."""
        for_newcomers = pl.col("trigger").is_in(["welcome", "first_purchase", "referred"])
        pays = (pl.col("kind") == "points_redemption") | (pl.col("points_cost") > 0)
        return ~(for_newcomers & pays).fill_null(False)

    @dy.rule()
    def wrong_stacking_group(cls) -> pl.Expr:
        """An offer has a stacking group where it is one of a group, and nowhere else."""
        of_group = (pl.col("stacking") == "one_of_group").fill_null(False)
        return of_group == pl.col("stacking_group").is_not_null()


class OfferScopeTable(dy.Schema):
    """One row a product that an offer is valid for; an offer without rows is valid for the whole basket."""

    offer_id = dy.String(primary_key=True)
    product_id = dy.String(primary_key=True)


class OfferScopeRulesTable(dy.Schema):
    """
    One row a product, category or brand that an offer is valid for, or not valid for.

    The scope is what `OfferScopeTable` and these rows include together, or everything where they include nothing, less
    what these rows exclude. A value that no product has matches nothing.
    """

    offer_id = dy.String(primary_key=True)
    kind = dy.Enum(["product", "category", "brand"], primary_key=True)
    value = dy.String(primary_key=True)
    exclude = dy.Bool(primary_key=True)


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
    "offer_scope_rules": OfferScopeRulesTable,
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

ADDED = ("offer_scope_rules",)
"""Tables that workspaces of the present format may lack, because they came later: they are empty there."""

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
