"""A workspace with planted tastes, rhythms and offer effects, small enough to train on in seconds."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from features.tables import TABLES
from features.workspace import Workspace

START = datetime(2024, 3, 1, tzinfo=UTC)
DAYS = 150
N_MEMBERS, N_PRODUCTS = 220, 160
TIERS = ("ordinary", "gold")
QUICK = """
n_candidates: 20
popularity: {n_listed: 30}
neighbours: {n_neighbours: 20, shrink_members: 5}
als: {factors: 16, iterations: 6}
lightfm: {factors: 8, epochs: 4}
evaluation: {holdout_days: 14, n_resamples: 200}
response: {min_arm: 10}
gate: {min_gain_low: -1, max_lift_drop: 0.9}
"""
"""A configuration that fits in a second, with a gate that this shop's few members pass."""

_COUPON_EFFECT = 0.45


def write_shop(path: Path, *, seed: int = 5, shuffled: bool = False) -> Workspace:
    """
    Write the canonical tables of the shop.

    Member i likes products whose row is equal to i modulo 4, all of them alike, and orders every three weeks or so:
    what other members with the same taste buy says more than the own short past.
    The last ten members have agreed to nothing. Product p159 is sold from the day before the end and was never bought.
    Offer ``good`` makes 45 % of the members who see it order within a week; ``idle`` changes nothing; ``unseen`` was
    never shown. Both were drawn at random against ``no_offer``.
    """
    rng = np.random.default_rng(seed)
    lines = [line for member in range(N_MEMBERS) for line in _lines_of(member, rng)]
    exposures, caused, redemptions = _campaigns(rng)
    purchases = [
        {
            "purchase_id": f"b{number:06}", "order_id": order, "member_id": f"m{member:03}", "product_id": product,
            "quantity": 1, "paid_minor": 100 + int(product[1:]) * 10, "discount_minor": 0, "purchased_at": at,
            "channel": "store", "store_id": None, "offer_id": None,
        }
        for number, (member, order, product, at) in enumerate(lines + caused)
    ]  # fmt: skip
    rows = {
        "members": [member_row(member) for member in range(N_MEMBERS)],
        "products": [product_row(product) for product in range(N_PRODUCTS)],
        "purchases": purchases,
        "events": [],
        "offers": [_offer("good", "percent_off"), _offer("idle", "amount_off"), _offer("unseen", "gift")],
        "offer_scope": [{"offer_id": "idle", "product_id": f"p{row:03}"} for row in range(0, N_PRODUCTS, 4)],
        "exposures": exposures,
        "redemptions": redemptions,
    }
    return write_rows(path, rows, rng=rng if shuffled else None)


def write_rows(
    path: Path, rows: dict[str, list[dict[str, object]]], *, rng: np.random.Generator | None = None
) -> Workspace:
    """Store rows as canonical tables; with a generator in another order and in two parts."""
    for name, schema in TABLES.items():
        folder = path / "tables" / name
        folder.mkdir(parents=True)
        types = {column: definition.dtype for column, definition in schema.columns().items()}
        listed = rows.get(name, [])
        order = np.arange(len(listed)) if rng is None else rng.permutation(len(listed))
        parts = [order] if rng is None else np.array_split(order, 2)
        for part, chosen in enumerate(parts):
            frame = pl.DataFrame([listed[row] for row in chosen], schema=types)
            frame.write_parquet(folder / f"part-{part:05}.parquet")
    now = int((START + timedelta(days=DAYS)).timestamp())
    workspace = Workspace(path, "tables", "GBP", TIERS, ingested_at=now, now=now)
    workspace.write()
    return workspace


def _lines_of(member: int, rng: np.random.Generator) -> list[tuple[int, str, str, datetime]]:
    liked = np.arange(member % 4, N_PRODUCTS - 1, 4)
    lines, day, number = [], float(rng.uniform(0, 12)), 0
    while day < DAYS - 0.1:
        at = START + timedelta(seconds=int(day * 86_400))
        basket = {int(product) for product in rng.choice(liked, 3)}
        basket |= {int(rng.integers(N_PRODUCTS - 1))} if rng.random() < 0.2 else set()
        lines += [(member, f"o{member:03}-{number:03}", f"p{product:03}", at) for product in sorted(basket)]
        day, number = day + float(rng.gamma(4, 5)), number + 1
    return lines


def _campaigns(rng: np.random.Generator) -> tuple[list[dict[str, object]], list[tuple[int, str, str, datetime]], list]:
    exposures, caused, redemptions = [], [], []
    for wave, day in enumerate((40, 70, 100)):
        at = START + timedelta(days=day, seconds=7)
        for member in range(N_MEMBERS):
            offer = ("good", "idle", "no_offer")[int(rng.integers(3))]
            exposures.append(
                {
                    "exposure_id": f"x{wave}-{member:03}", "member_id": f"m{member:03}", "offer_id": offer,
                    "campaign_id": f"wave{wave}", "exposed_at": at, "channel": "email",
                    "logging_propensity": 1 / 3, "decision_id": None,
                }
            )  # fmt: skip
            if offer == "good" and rng.random() < _COUPON_EFFECT:
                ordered = at + timedelta(days=float(rng.uniform(0.1, 6)))
                order = f"c{wave}-{member:03}"
                caused.append((member, order, f"p{member % 4:03}", ordered))
                redemptions.append(
                    {"redemption_id": order, "member_id": f"m{member:03}", "offer_id": offer, "redeemed_at": ordered,
                     "order_id": order, "discount_minor": 50}
                )  # fmt: skip
    return exposures, caused, redemptions


def member_row(member: int) -> dict[str, object]:
    """A row of the members table."""
    agreed = member < N_MEMBERS - 10
    return {
        "member_id": f"m{member:03}", "tier": TIERS[member % 5 == 0], "joined_at": START,
        "birth_month": 1 + member % 12,
        "consent_personalisation": agreed, "consent_email": agreed, "consent_push": False, "consent_sms": False,
        "points": member, "segment": ("north", "south")[member % 2],
    }  # fmt: skip


def product_row(product: int) -> dict[str, object]:
    """A row of the products table."""
    newest = product == N_PRODUCTS - 1
    return {
        "product_id": f"p{product:03}", "name": f"Product {product}", "category": f"c{product % 4}",
        "brand": f"b{product % 3}", "price_minor": 100 + product * 10, "cost_minor": 60 + product * 5, "stock": None,
        "sale_from": START + timedelta(days=DAYS - 1) if newest else None, "sale_until": None,
    }  # fmt: skip


def _offer(offer_id: str, kind: str) -> dict[str, object]:
    return {
        "offer_id": offer_id, "name": offer_id, "kind": kind, "amount_minor": 200 if kind != "percent_off" else 0,
        "percent_bp": 1_000 if kind == "percent_off" else 0, "multiplier_bp": 10_000, "min_spend_minor": 0,
        "buy_quantity": 0, "get_quantity": 0, "valid_from": START, "valid_until": START + timedelta(days=DAYS + 60),
        "tiers": None, "budget_minor": None, "per_member_limit": 0, "contact_cost_minor": 1,
    }  # fmt: skip
