"""What random policies have besides rules: money, campaigns, rests, quiet hours, fallbacks; and parts that are hard."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from recsys.knowledge import Knowledge
from recsys.offers.definitions import TRIGGERS, Trigger
from recsys.policy.file.contact import After, Of
from recsys.profile import ColumnSpec, Unit
from recsys.ragged import Ragged
from recsys.types import OFFER_KINDS, SECONDS_PER_DAY, Channel, ItemKind, OfferKind

_CAMPAIGNS = ("spring", "autumn", "gone")
_UNKNOWN_OFFER, _UNKNOWN_PRODUCT = "an offer of another bundle", "a product of another bundle"
_CARRIED = (15, 15, 6, 15, 15, 9, 15)
"""Channels of offers, in turn."""
_WAITS = (
    *[Trigger.NONE] * 3, Trigger.BIRTHDAY, Trigger.NONE, Trigger.SEASON, Trigger.WIN_BACK, Trigger.NONE,
    Trigger.FIRST_PURCHASE, Trigger.TIER_NEAR,
)  # fmt: skip
"""What offers wait for, in turn."""
_GIFT, _BUNDLE = OFFER_KINDS.index(OfferKind.GIFT), OFFER_KINDS.index(OfferKind.BUY_X_GET_Y)


def whole_policy(content: Mapping[str, Any], knowledge: Knowledge, rng: np.random.Generator) -> dict[str, Any]:
    """A random policy with every other key too; ids begin with ``w_``."""
    offers, products = knowledge.offers.offers, knowledge.catalogue.products
    n = len(offers)

    def some(ids: Any, size: int, n_most: int) -> list[str]:
        return [ids.id(int(row)) for row in rng.choice(size, int(rng.integers(min(n_most, size) + 1)), replace=False)]

    campaigns = {name: {"offers": [*some(offers, n, 4), f"{_UNKNOWN_OFFER} {name}"]} for name in _CAMPAIGNS}
    contact, guardrails = content["contact"], content["guardrails"]
    placements = {
        name: {
            **one,
            "objective": {"relevance": _one(rng, (0.5, 1.0, 2.0)), "margin": _one(rng, (0.0, 0.3, 1.0))},
            "fallback": [*some(products, len(products), 4), _UNKNOWN_PRODUCT],
        }
        for name, one in content["placements"].items()
    }
    return {
        **content,
        "placements": placements,
        "campaigns": campaigns,
        "contact": {
            "caps": [*contact["caps"], *(_campaign_cap(rng, name) for name in _CAMPAIGNS)],
            "cooldowns": [*contact["cooldowns"], *_cooldowns(rng)],
            "quiet_hours": [_quiet(rng, number) for number in range(2)],
        },
        "guardrails": {**guardrails, **_money(rng, knowledge)},
        "economics": {"contact_cost_minor": {"sms": 4}, "risk_aversion": _one(rng, (0.0, 0.5))},
        "exploration": {"epsilon": _one(rng, (0.0, 0.2))},
        "experiment": {
            "key": "arms",
            "seed": f"arms_{rng.integers(9)}",
            "coverage": 0.5,
            "arms": [
                {"name": "all", "weight": 0.6, "behaviour": "full"},
                {"name": "none", "weight": 0.2, "behaviour": "no_offers"},
                {"name": "strangers", "weight": 0.2, "behaviour": "popular"},
            ],
        },
    }


def hard_atoms(about: str, knowledge: Knowledge, rng: np.random.Generator) -> tuple[str, ...]:
    """Parts of expressions over ``who``, ``product`` or ``offer`` at the edges: errors, extremes, empty, unicode."""
    column = knowledge.catalogue.products if about == ItemKind.PRODUCT else knowledge.offers.offers
    digit, among = int(rng.integers(10)), json.dumps([column.id(int(rng.integers(len(column)))), "名前", "é"])
    of = {
        "who": (
            "context.weather == '雨'",
            "string(context.heat) == '0'",
            "1.0 / context.heat > 0.0",
            "context.heat < 0.5 ? member.tier_rank > 0 : member.tier_rank > 1",
            "member.points + 9223372036854775807 > 0",
            "member.points - 9223372036854775807 - 10 < 0",
            "basket.product_ids.size() == 0 || basket.product_ids[0].endsWith('7')",
            "basket.product_ids[1] != ''",
            "'名前' in basket.product_ids",
            "basket.categories.all(one, one != 'dairy')",
            "member.points / basket.n_products > 100",
            "member.tier in []",
            "context.relation == 'similar' || context.relation == ''",
        ),
        ItemKind.PRODUCT: (
            f"product.id.endsWith('{digit}')",
            f"product.id in {among}",
            f"product.stock > {digit} ? product.price_minor > 900 : product.margin_rate > 0.1",
            "100 / product.stock > 9",
            "product.price_minor * 9223372036854775807 > 0",
            f"product.id.startsWith('p') && product.stock != {digit}",
        ),
        ItemKind.OFFER: (
            f"offer.id.endsWith('{digit}')",
            f"offer.id in {among}",
            "offer.tiers.size() > 3 ? offer.amount_minor > 300 : offer.percent_bp > 500",
            "offer.percent_bp / offer.amount_minor > 1",
            "offer.kind in ['gift', 'buy_x_get_y', 'free_shipping']",
            "offer.tiers.exists(tier, tier == 'gold') && offer.min_spend_minor == 0",
        ),
    }  # fmt: skip
    return of["who" if about == "member" else about]


def every_kind_of_offer(knowledge: Knowledge, rng: np.random.Generator) -> Knowledge:
    """The bundle with offers of all kinds, with and without a least spend, a budget, a scope, channels and triggers."""
    offers, n = knowledge.offers, len(knowledge.offers)
    points = OFFER_KINDS.index(OfferKind.POINTS_MULTIPLIER)
    kind = (np.arange(n) % len(OFFER_KINDS)).astype(np.int8)
    is_bundle = kind == _BUNDLE
    scope = [
        sorted(rng.choice(len(knowledge.catalogue), 3, replace=False).tolist()) if row % 4 == 1 else []
        for row in range(n)
    ]
    return replace(
        knowledge,
        offers=replace(
            offers,
            kind=kind,
            amount_minor=np.where((kind == 0) | (kind >= _GIFT), rng.integers(0, 900, n), 0).astype(np.int64),
            percent_bp=np.where(kind == 1, rng.integers(100, 3_000, n), 0).astype(np.int32),
            multiplier_bp=np.where(kind == points, 30_000, 10_000).astype(np.int32),
            min_spend_minor=(rng.integers(0, 2, n) * rng.integers(500, 6_000, n)).astype(np.int64),
            buy_quantity=np.where(is_bundle, rng.integers(1, 4, n), 0).astype(np.int32),
            get_quantity=np.where(is_bundle, 1, 0).astype(np.int32),
            budget_minor=rng.choice([-1, -1, -1, 0, 50, 400], n).astype(np.int64),
            scope=Ragged.of(scope),
            scope_empty=np.arange(n) % 44 == 10,
            total_limit=np.where(np.arange(n) % 13 == 12, 0, -1).astype(np.int64),
            channel_mask=np.array(_CARRIED, dtype=np.uint8)[np.arange(n) % len(_CARRIED)],
            trigger=np.array([TRIGGERS.index(one) for one in _WAITS], dtype=np.int8)[np.arange(n) % len(_WAITS)],
            trigger_days=np.where(np.arange(n) % len(_WAITS) == _WAITS.index(Trigger.BIRTHDAY), 20, 0).astype(np.int16),
        ),
    )  # fmt: skip


def with_odd_columns(knowledge: Knowledge, rng: np.random.Generator) -> Knowledge:
    """The bundle whose members have unknown shares, names in many scripts, and whole numbers at the edges."""
    n, profile = len(knowledge.members), knowledge.members.profile
    share = np.where(rng.random(n) < 0.4, np.nan, rng.choice([0.0, -0.0, 0.5, 1.0, 0.1234565], n)).astype(np.float32)
    columns: dict[str, np.ndarray] = {
        "share": share,
        "town": rng.integers(-1, 4, n).astype(np.int8),
        "keen": rng.random(n) < 0.5,
        "silent": rng.choice([-1, 0, 3, 9_990], n).astype(np.int32),
    }
    specs = (
        ColumnSpec("share", "float32", Unit.SHARE, "A share", 0, 1, unknown=float("nan")),
        ColumnSpec("town", "int8", Unit.CODE, "A town", 0, 3, unknown=-1, names="town"),
        ColumnSpec("keen", "bool", Unit.YES_NO, "Is keen", 0, 1),
        ColumnSpec("silent", "int32", Unit.DAYS, "Days since", 0, 9_999, unknown=-1, ages=1),
    )
    odd = replace(
        profile,
        specs=(*profile.specs, *specs),
        columns={**profile.columns, **columns},
        names={**profile.names, "town": ("Örebro", "北京", "x y", "")},
    )
    points = np.where(rng.random(n) < 0.3, rng.choice([2**63 - 1, -(2**63), 0, -1], n), knowledge.members.points)
    return replace(knowledge, members=replace(knowledge.members, profile=odd, points=points.astype(np.int64)))


def _campaign_cap(rng: np.random.Generator, name: str) -> dict[str, Any]:
    cap = {"id": f"w_cap_{name}", "campaign": name, "period_days": int(rng.integers(1, 9))}
    channel = _one(rng, (None, *Channel))
    return {**cap, "max_messages": int(rng.integers(0, 3))} | ({"channel": channel.value} if channel else {})


def _cooldowns(rng: np.random.Generator) -> list[dict[str, Any]]:
    rests = []
    for after in After:
        for of in rng.choice(list(Of), 2, replace=False).tolist():
            rest = {"id": f"w_rest_{after}_{of}", "after": after.value, "of": str(of), "days": int(rng.integers(1, 8))}
            patience = {"ignored_after_days": int(rng.integers(1, 4))} if after is After.IGNORED else {}
            rests.append({**rest, "times": int(rng.integers(1, 4)), **patience})
    return rests


def _quiet(rng: np.random.Generator, number: int) -> dict[str, Any]:
    start, length = int(rng.integers(24)), int(rng.integers(1, 23))
    channels = [channel.value for channel in Channel if rng.random() < 0.4] or ["sms"]
    hours = {"from": f"{start:02}:30", "until": f"{(start + length) % 24:02}:15"}
    return {"id": f"w_quiet_{number}", "channels": channels, **hours}


def _money(rng: np.random.Generator, knowledge: Knowledge) -> dict[str, Any]:
    day = str(np.datetime64(knowledge.cut_off + 9 * SECONDS_PER_DAY, "s").astype("datetime64[D]"))
    categories = knowledge.catalogue.category_names
    kind, category = _one(rng, tuple(OfferKind)).value, _one(rng, categories) if categories else "none"
    bands = [
        {"id": "w_band_kind", "kind": kind, "min_depth": 0.02, "max_depth": 0.3},
        {"id": "w_band_category", "category": category, "tier": _one(rng, knowledge.tiers), "max_depth": 0.1},
    ]
    budgets = [
        {"id": "w_budget", "what": "offer.percent_bp > 700", "amount_minor": int(rng.integers(0, 900)), "until": day},
        {"id": "w_purse", "what": "offer.amount_minor / offer.percent_bp > 1", "amount_minor": 700, "from": day},
    ]
    rate, share = _one(rng, (0.02, 0.05, 0.4)), _one(rng, (0.0, 0.15, 0.5))
    return {
        "max_depth": _one(rng, (0.18, 0.4, 1.0)),
        "depth_bands": bands,
        "budgets": budgets,
        "max_discount_rate": rate,
        "min_no_discount_share": share,
    }


def _one(rng: np.random.Generator, of: Any) -> Any:
    return of[int(rng.integers(len(of)))]
