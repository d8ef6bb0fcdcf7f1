"""A small workspace with known contents, asymmetric on purpose, for tests that need stored tables."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from features.tables import TABLES
from features.workspace import Workspace

START = datetime(2024, 1, 1, tzinfo=UTC)
DAY = 86_400
START_AT = int(START.timestamp())
NOW = START_AT + 100 * DAY
TIERS = ("basic", "gold")


def day(n: float) -> datetime:
    """The instant n days after the start."""
    return START + timedelta(days=n)


def small_rows() -> dict[str, list[dict[str, Any]]]:
    """
    Members m1 (gold, buys milk weekly), m2 (bought once, long ago), m3 (never), m4 (no consent), m5 (joins on day 80).

    Products bread, milk (cost known), sofa (no category, price or brand), tea (on sale from day 90).
    """
    members = [
        member("m1", tier="gold", segment="north", birth_month=5, points=300),
        member("m2", segment="south"),
        member("m3", joined_at=day(10)),
        member("m4", consent_personalisation=False, segment="north"),
        member("m5", joined_at=day(80), segment="north"),
    ]
    products = [
        product("milk", category="dairy", brand="alpha", price_minor=100, cost_minor=60, stock=0),
        product("bread", category="bakery", brand="beta", price_minor=250),
        product("sofa"),
        product("tea", category="drinks", price_minor=400, sale_from=day(90)),
    ]
    purchases = [
        *(purchase(f"a{n}", "m1", "milk", day(7 * n + 1), order_id=f"o{n}", quantity=2, paid=200) for n in range(14)),
        purchase("b1", "m1", "bread", day(8), order_id="o1", paid=250),
        purchase("c1", "m2", "bread", day(2), order_id="o90", paid=240),
        purchase("c2", "m2", "sofa", day(2), order_id="o90", paid=50_000),
        purchase("d1", "m4", "milk", day(50), order_id="o91", paid=100),
        purchase("e1", "m5", "milk", day(85), order_id="o92", paid=100),
    ]
    offers = [
        offer("spend", kind="amount_off", amount_minor=500, min_spend_minor=3_000, tiers="gold"),
        offer("milk10", kind="percent_off", percent_bp=1_000, budget_minor=9_000),
    ]
    return {
        "members": members,
        "products": products,
        "purchases": purchases,
        "events": [
            event("v1", "m1", "milk", day(60)),
            event("v2", "m4", "milk", day(61)),
            event("v3", "m2", None, day(99)),
        ],
        "offers": offers,
        "offer_scope": [{"offer_id": "milk10", "product_id": "milk"}],
        "offer_scope_rules": [],
        "exposures": [
            exposure("x1", "m1", "spend", day(30)),
            exposure("x2", "m2", "no_offer", day(30)),
            exposure("x3", "m4", "spend", day(30)),
            exposure("x4", "m1", "milk10", day(95)),
        ],
        "redemptions": [
            {"redemption_id": "r1", "member_id": "m1", "offer_id": "spend", "redeemed_at": day(36), "order_id": "o5",
             "discount_minor": 500},
        ],
        "returns": [returned("t1", "a3", "m1", day(25), refund=100), returned("t2", "c2", "m2", day(9), refund=49_000)],
        "points_entries": [
            points_entry("g1", "m1", "earn", 2, day(1)),
            points_entry("g2", "m1", "redeem", -50, day(36)),
            points_entry("g3", "m5", "sign_in", 5, day(81)),
        ],
        "tier_changes": [{"member_id": "m1", "tier": "gold", "changed_at": day(40)}],
        "merges": [],
    }  # fmt: skip


def write_workspace(path: Path, rows: Mapping[str, list[dict[str, Any]]], *, n_parts: int = 1) -> Workspace:
    """Store the rows as canonical tables, dealt out to *n_parts* parts."""
    for name, schema in TABLES.items():
        folder = path / "tables" / name
        folder.mkdir(parents=True)
        types = {column: definition.dtype for column, definition in schema.columns().items()}
        for part in range(n_parts):
            frame = pl.DataFrame(rows.get(name, [])[part::n_parts], schema=types)
            frame.write_parquet(folder / f"part-{part:05}.parquet")
    workspace = Workspace(path, "tables", "GBP", TIERS, ingested_at=NOW, now=NOW)
    workspace.write()
    return workspace


def member(member_id: str, **known: Any) -> dict[str, Any]:
    """A row of the members table."""
    return {
        "member_id": member_id, "tier": None, "joined_at": None, "birth_month": None, "consent_personalisation": True,
        "consent_email": True, "consent_push": False, "consent_sms": False, "points": 0, "segment": None,
    } | known  # fmt: skip


def product(product_id: str, **known: Any) -> dict[str, Any]:
    """A row of the products table."""
    columns = ("name", "category", "brand", "price_minor", "cost_minor", "stock", "sale_from", "sale_until")
    return {"product_id": product_id} | dict.fromkeys(columns) | known


def purchase(
    purchase_id: str, member_id: str, product_id: str, at: datetime, *, order_id: str, paid: int, quantity: int = 1
) -> dict[str, Any]:
    """A row of the purchases table."""
    return {
        "purchase_id": purchase_id, "order_id": order_id, "member_id": member_id, "product_id": product_id,
        "quantity": quantity, "paid_minor": paid, "discount_minor": 0, "purchased_at": at, "channel": None,
        "store_id": None, "offer_id": None,
    }  # fmt: skip


def event(event_id: str, member_id: str, product_id: str | None, at: datetime) -> dict[str, Any]:
    """A row of the events table: a view."""
    return {
        "event_id": event_id, "member_id": member_id, "kind": "view", "product_id": product_id, "offer_id": None,
        "occurred_at": at, "channel": "web", "decision_id": None,
    }  # fmt: skip


def returned(
    return_id: str, purchase_id: str, member_id: str, at: datetime, *, refund: int, quantity: int = 1
) -> dict[str, Any]:
    """A row of the returns table."""
    return {
        "return_id": return_id, "purchase_id": purchase_id, "member_id": member_id, "quantity": quantity,
        "refund_minor": refund, "returned_at": at,
    }  # fmt: skip


def points_entry(entry_id: str, member_id: str, kind: str, points: int, at: datetime) -> dict[str, Any]:
    """A row of the points entries table."""
    return {
        "entry_id": entry_id, "member_id": member_id, "kind": kind, "points": points, "order_id": None,
        "occurred_at": at,
    }  # fmt: skip


def merge(member_id: str, into: str, at: datetime) -> dict[str, Any]:
    """A row of the merges table."""
    return {"member_id": member_id, "into_member_id": into, "merged_at": at}


def offer(offer_id: str, **known: Any) -> dict[str, Any]:
    """A row of the offers table, valid from day 0 to day 120."""
    return {
        "offer_id": offer_id, "name": None, "kind": "gift", "amount_minor": 0, "percent_bp": 0, "multiplier_bp": 10_000,
        "min_spend_minor": 0, "buy_quantity": 0, "get_quantity": 0, "valid_from": day(0), "valid_until": day(120),
        "tiers": None, "budget_minor": None, "per_member_limit": 1, "contact_cost_minor": 2,
    } | known  # fmt: skip


def exposure(exposure_id: str, member_id: str, offer_id: str, at: datetime) -> dict[str, Any]:
    """A row of the exposures table, drawn at even odds in campaign c1."""
    return {
        "exposure_id": exposure_id, "member_id": member_id, "offer_id": offer_id, "campaign_id": "c1", "exposed_at": at,
        "channel": "web", "logging_propensity": 0.5, "decision_id": None,
    }  # fmt: skip
