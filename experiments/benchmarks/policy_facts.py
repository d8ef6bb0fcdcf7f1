"""What is known of one member, one product and one offer, read from a bundle one by one, for the judge of policies."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from recsys.decision import Attribute
from recsys.knowledge import Knowledge
from recsys.members import Subject
from recsys.policy.expressions.cel import Value
from recsys.types import OFFER_KINDS, SECONDS_PER_DAY, STAGES, Consent, EventKind, Stage

_NEVER_DAYS = 36_500


@dataclass(frozen=True, slots=True)
class Facts:
    """
    One member at one instant.

    Attributes:
        consent: What the member agreed to.
        row: In the bundle; -1 of a stranger.
        tier, stage: Row of the tier, position of the stage in ``types.STAGES``.
        orders_per_day: Of the bundle.
        basket_minor: Usual value of an order.
        purchases: Product rows with instants.
        days_to_birthday: As the bundle has it; -1 where unknown.
        attributes: What expressions see, but for what the instant and the context add.
    """

    consent: Consent
    row: int
    tier: int
    stage: int
    orders_per_day: float
    basket_minor: int
    purchases: tuple[tuple[int, int], ...]
    days_to_birthday: int
    attributes: Mapping[str, Value]


def facts_of(subject: Subject, knowledge: Knowledge, now: int, *, impersonal: bool = False) -> Facts:
    """Of one member; who did not agree to personalisation is a stranger, but for consent and the basket of now."""
    members, live = knowledge.members, subject.facts
    row = members.members.row(subject.member_id)
    consent = Consent(int(members.consent[row])) if row >= 0 else Consent.NONE
    if live.consent is not None:
        consent = live.consent
    if live.erased:
        consent = Consent.NONE
    agreed = bool(consent & Consent.PERSONALISATION)
    personal = agreed and not impersonal
    row = row if personal else -1
    tier = int(members.tier[row]) if row >= 0 else 0
    if personal and live.tier in knowledge.tiers:
        tier = knowledge.tiers.index(str(live.tier))
    purchases = _purchases(subject, knowledge, row) if personal else ()
    last = max((at for _, at in purchases), default=now - _NEVER_DAYS * SECONDS_PER_DAY)
    last = max(last, now - _NEVER_DAYS * SECONDS_PER_DAY)
    attributes: dict[str, Value] = {
        "member.tier": knowledge.tiers[tier],
        "member.tier_rank": tier,
        "member.stage": STAGES[members.stage[row]].value if row >= 0 else "potential",
        "member.segment": int(members.segment[row]) if row >= 0 else -1,
        "member.birth_month": int(members.birth_month[row]) if row >= 0 else 0,
        "member.points": int(members.points[row]) if row >= 0 else 0,
        "member.days_since_last_purchase": max((now - last) // SECONDS_PER_DAY, 0),
        "member.consent_personalisation": agreed,
        "member.consent_email": bool(consent & Consent.EMAIL),
        "member.consent_push": bool(consent & Consent.PUSH),
        "member.consent_sms": bool(consent & Consent.SMS),
    }
    profile = {f"member.{name}": value for name, value in _profile(knowledge, row, now).items()}
    raw = members.profile.columns.get("days_to_birthday")
    return Facts(
        consent=consent,
        row=row,
        tier=tier,
        stage=int(members.stage[row]) if row >= 0 else STAGES.index(Stage.POTENTIAL),
        orders_per_day=float(members.orders_per_day[row]) if row >= 0 else knowledge.stranger_orders_per_day,
        basket_minor=int(members.basket_minor[row]) if row >= 0 else knowledge.stranger_basket_minor,
        purchases=purchases,
        days_to_birthday=int(raw[row]) if raw is not None and row >= 0 else -1,
        attributes={**profile, **attributes, **_basket(subject, knowledge)},
    )


def product_facts(knowledge: Knowledge, row: int, default_margin_rate: float) -> dict[str, Value]:
    """What expressions see of a product."""
    catalogue = knowledge.catalogue
    category, brand = int(catalogue.category[row]), int(catalogue.brand[row])
    price, cost = int(catalogue.price_minor[row]), int(catalogue.cost_minor[row])
    margin = int(max(price, 0) * default_margin_rate + 0.5) if cost == -1 or price == -1 else price - cost
    return {
        "product.id": catalogue.products.id(row),
        "product.category": catalogue.category_names[category] if category >= 0 else "",
        "product.brand": catalogue.brand_names[brand] if brand >= 0 else "",
        "product.price_minor": price,
        "product.stock": int(catalogue.stock[row]),
        "product.margin_rate": round(margin / price, 6) if price > 0 else 0.0,
        "product.repeat_rate": round(float(catalogue.repeat_rate[row]), 6),
    }


def offer_facts(knowledge: Knowledge, row: int) -> dict[str, Value]:
    """What expressions see of an offer."""
    offers = knowledge.offers
    columns = ("amount_minor", "percent_bp", "multiplier_bp", "min_spend_minor", "budget_minor")
    return {
        "offer.id": offers.offers.id(row),
        "offer.kind": OFFER_KINDS[offers.kind[row]].value,
        "offer.tiers": [tier for at, tier in enumerate(knowledge.tiers) if int(offers.tier_mask[row]) >> at & 1],
        **{f"offer.{name}": int(getattr(offers, name)[row]) for name in columns},
    }


def sent_attributes(sent: Mapping[str, Attribute], declared: Mapping[str, str]) -> dict[str, Value]:
    """What expressions see of what a request sent: of the declared type, within its bounds, and with one zero."""
    found: dict[str, Value] = {}
    for name, kind in declared.items():
        value = sent.get(name)
        match kind, value:
            case ("bool", bool()):
                found[f"context.{name}"] = value
            case ("string", str()) if _is_text(value):
                found[f"context.{name}"] = value
            case ("int", int()) if not isinstance(value, bool) and -(2**63) <= value < 2**63:
                found[f"context.{name}"] = value
            case ("double", float()):
                found[f"context.{name}"] = 0.0 if value == 0 else value
            case ("double", int()) if not isinstance(value, bool) and -(2**63) <= value < 2**63:
                found[f"context.{name}"] = float(value)
    return found


def _purchases(subject: Subject, knowledge: Knowledge, row: int) -> tuple[tuple[int, int], ...]:
    members, found = knowledge.members, []
    if row >= 0:
        first, after = int(members.purchased.indptr[row]), int(members.purchased.indptr[row + 1])
        found = [(int(members.purchased.values[at]), int(members.purchased_at[at])) for at in range(first, after)]
    for fact in subject.facts.product_facts:
        product = knowledge.catalogue.products.row(fact.product_id)
        if fact.kind is EventKind.PURCHASE and product >= 0:
            found.append((product, fact.occurred_at))
    return tuple(found)


def _profile(knowledge: Knowledge, row: int, now: int) -> dict[str, Value]:
    profile = knowledge.members.profile
    found: dict[str, Value] = {}
    for spec in profile.specs:
        missing: Any = 0 if spec.unknown is None else spec.unknown
        value: Any = profile.columns[spec.name][row].item() if row >= 0 else missing
        is_unknown = spec.unknown is not None and (value == spec.unknown or value != value)
        days = (now - profile.as_of) // SECONDS_PER_DAY
        if spec.ages and days > 0 and not is_unknown:
            value = int(min(max(value + spec.ages * days, spec.low), spec.high))
        if spec.names is not None:
            found[spec.name] = profile.names[spec.names][value] if value >= 0 else ""
        elif spec.dtype == "float32":
            found[spec.name] = round(float(value), 6)
        else:
            found[spec.name] = bool(value) if spec.dtype == "bool" else int(value)
    return found


def _is_text(text: str) -> bool:
    """Has it no NUL and no half of a surrogate pair, which expressions are not shown?"""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text


def _basket(subject: Subject, knowledge: Knowledge) -> dict[str, Value]:
    catalogue = knowledge.catalogue
    rows = [row for row in (catalogue.products.row(product) for product in subject.basket) if row >= 0]
    categories, brands = ({int(column[row]) for row in rows} - {-1} for column in (catalogue.category, catalogue.brand))
    return {
        "basket.n_products": len(subject.basket),
        "basket.value_minor": sum(max(int(catalogue.price_minor[row]), 0) for row in rows),
        "basket.categories": [catalogue.category_names[code] for code in sorted(categories)],
        "basket.brands": [catalogue.brand_names[code] for code in sorted(brands)],
        "basket.product_ids": [product for product in subject.basket if _is_text(product)],
    }
