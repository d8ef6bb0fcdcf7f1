"""What expressions can see of a member, the context, a product and an offer, as columns."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys.catalogue import Catalogue
from recsys.decision import Context
from recsys.knowledge import Knowledge
from recsys.members import MemberBatch
from recsys.policy.attribute_types import AttributeType
from recsys.policy.expressions import Value, is_plain_text
from recsys.profile import MemberProfile
from recsys.types import OFFER_KINDS, SECONDS_PER_DAY, STAGES, Channel, Consent, EpochSeconds

NEVER_BOUGHT_DAYS = 36_500
"""``member.days_since_last_purchase`` of who never bought: longer ago than any rule asks for."""

_INT, _DOUBLE, _STRING, _BOOL = AttributeType.INT, AttributeType.DOUBLE, AttributeType.STRING, AttributeType.BOOL

_ACCEPTED: Mapping[AttributeType, tuple[type, ...]] = {
    AttributeType.STRING: (str,),
    AttributeType.INT: (int,),
    AttributeType.DOUBLE: (float, int),
    AttributeType.BOOL: (bool,),
}

MEMBER_ATTRIBUTES: Mapping[str, AttributeType] = {
    "member.tier": _STRING,
    "member.tier_rank": _INT,
    "member.stage": _STRING,
    "member.segment": _INT,
    "member.birth_month": _INT,
    "member.is_birthday_month": _BOOL,
    "member.points": _INT,
    "member.days_since_last_purchase": _INT,
    "member.consent_personalisation": _BOOL,
    "member.consent_email": _BOOL,
    "member.consent_push": _BOOL,
    "member.consent_sms": _BOOL,
}
CONTEXT_ATTRIBUTES: Mapping[str, AttributeType] = {
    "context.placement": _STRING,
    "context.channel": _STRING,
    "context.relation": _STRING,
    "context.month": _INT,
    "context.weekday": _INT,
    "context.hour": _INT,
}
PRODUCT_ATTRIBUTES: Mapping[str, AttributeType] = {
    "product.id": _STRING,
    "product.category": _STRING,
    "product.brand": _STRING,
    "product.price_minor": _INT,
    "product.margin_rate": _DOUBLE,
    "product.stock": _INT,
    "product.repeat_rate": _DOUBLE,
}
OFFER_ATTRIBUTES: Mapping[str, AttributeType] = {
    "offer.id": _STRING,
    "offer.kind": _STRING,
    "offer.amount_minor": _INT,
    "offer.percent_bp": _INT,
    "offer.multiplier_bp": _INT,
    "offer.min_spend_minor": _INT,
    "offer.budget_minor": _INT,
    "offer.tiers": AttributeType.STRINGS,
}


@dataclass(frozen=True, slots=True)
class Column:
    """
    One attribute of n things.

    Attributes:
        keys: Shape (n,): things with equal keys have equal values.
        value: From a key, as a Python scalar, to what expressions see.
    """

    keys: NDArray[Any]
    value: Callable[[Any], Value]


def member_column(name: str, batch: MemberBatch, *, tiers: tuple[str, ...], now: EpochSeconds) -> Column:
    """A ``member.`` attribute of each member of the batch; one that the bundle's profile has where no other has it."""
    if name not in MEMBER_ATTRIBUTES:
        return _profile_column(name.removeprefix("member."), batch, now)
    match name.removeprefix("member."):
        case "tier":
            return Column(batch.tier, tiers.__getitem__)
        case "tier_rank":
            return Column(batch.tier, int)
        case "stage":
            return Column(batch.stage, lambda code: STAGES[code].value)
        case "is_birthday_month":
            return Column(batch.birth_month == _calendar(now).month, bool)
        case "days_since_last_purchase":
            return Column(_days_since_last_purchase(batch, now), int)
        case "segment" | "birth_month" | "points" as column:
            return Column(getattr(batch, column), int)
        case consent:
            bit = Consent[consent.removeprefix("consent_").upper()]
            return Column((batch.consent & bit) != 0, bool)


def profile_attributes(profile: MemberProfile) -> dict[str, AttributeType]:
    """
    The features of a bundle's members as attributes.

    Codes are names, the empty text where nothing is known; other unknown values are as the column has them: -1, and for
    decimals NaN, which is neither below nor above nor equal to anything; so `!=` and `!(... > ...)` are true of it.
    Days since and days until something are those of the instant that is decided for, whole days after the bundle's
    cut-off; all else is as of the cut-off.
    """
    kinds = {"bool": _BOOL, "float32": _DOUBLE}
    return {
        f"member.{spec.name}": _STRING if spec.names is not None else kinds.get(spec.dtype, _INT)
        for spec in profile.specs
    }


def context_values(
    types: Mapping[str, AttributeType], context: Context, *, placement: str, channel: Channel
) -> dict[str, Value]:
    """
    The ``context.`` attributes of these names and types; the calendar is UTC.

    One that the request did not send, or sent as something else, is left out, so that expressions that need it fail.
    """
    when = _calendar(context.now)
    built_in: dict[str, Value] = {
        "context.placement": placement,
        "context.channel": channel.value,
        "context.relation": context.relation.value if context.relation else "",
        "context.month": when.month,
        "context.weekday": when.isoweekday(),
        "context.hour": when.hour,
    }
    values: dict[str, Value] = {}
    for name, kind in types.items():
        if name in built_in:
            values[name] = built_in[name]
            continue
        sent = context.attributes.get(name.removeprefix("context."))
        if sent is not None and type(sent) in _ACCEPTED[kind] and is_plain_text(str(sent)):
            values[name] = sent
    return values


def product_column(name: str, catalogue: Catalogue, *, default_margin_rate: float) -> Column:
    """A ``product.`` attribute of each product; -1 and the empty text where unknown, margin rate 0 without a price."""
    match name.removeprefix("product."):
        case "id":
            return Column(catalogue.products.encoded, bytes.decode)
        case "category":
            return Column(catalogue.category, _names(catalogue.category_names))
        case "brand":
            return Column(catalogue.brand, _names(catalogue.brand_names))
        case "margin_rate":
            return Column(margin_rate(catalogue, default_margin_rate), _decimal)
        case "repeat_rate":
            return Column(catalogue.repeat_rate, _decimal)
        case column:
            return Column(getattr(catalogue, column), int)


def offer_column(name: str, knowledge: Knowledge) -> Column:
    """An ``offer.`` attribute of each offer definition."""
    offers, tiers = knowledge.offers, knowledge.tiers
    match name.removeprefix("offer."):
        case "id":
            return Column(offers.offers.encoded, bytes.decode)
        case "kind":
            return Column(offers.kind, lambda code: OFFER_KINDS[code].value)
        case "tiers":
            return Column(offers.tier_mask, lambda mask: [tier for row, tier in enumerate(tiers) if mask >> row & 1])
        case column:
            return Column(getattr(offers, column), int)


def margin_rate(catalogue: Catalogue, default_margin_rate: float) -> NDArray[np.float64]:
    """Shape (n_products,): margin over list price; 0 where the price is unknown or nothing."""
    margin = catalogue.margin_minor(default_margin_rate)
    price = catalogue.price_minor
    rate: NDArray[np.float64] = np.divide(margin, price, out=np.zeros(len(price)), where=price > 0)
    return rate


def _profile_column(name: str, batch: MemberBatch, now: EpochSeconds) -> Column:
    profile = batch.profile
    spec = next(spec for spec in profile.specs if spec.name == name)
    unknown = 0 if spec.unknown is None else spec.unknown
    column = profile.columns[name]
    strangers = batch.row < 0
    keys = column.take(batch.row) if len(column) else np.full(len(batch), unknown, dtype=spec.dtype)
    keys[strangers] = unknown
    keys = spec.aged(keys, (now - profile.as_of) // SECONDS_PER_DAY)
    if spec.names is not None:
        return Column(keys, lambda code: profile.names[spec.names or ""][code] if code >= 0 else "")
    if spec.dtype == "float32":
        return Column(keys, _decimal)
    return Column(keys, bool if spec.dtype == "bool" else int)


def _days_since_last_purchase(batch: MemberBatch, now: EpochSeconds) -> NDArray[np.int64]:
    last = np.full(len(batch), now - NEVER_BOUGHT_DAYS * SECONDS_PER_DAY, dtype=np.int64)
    np.maximum.at(last, batch.bought.owners(), batch.bought_at)
    return np.maximum((now - last) // SECONDS_PER_DAY, 0)


def _calendar(now: EpochSeconds) -> datetime:
    return datetime.fromtimestamp(now, UTC)


def _names(names: tuple[str, ...]) -> Callable[[int], str]:
    return lambda row: names[row] if row >= 0 else ""


def _decimal(value: float) -> float:
    # Columns are float32: 0.7 would arrive as 0.6999999881 and fail `>= 0.7`.
    return round(value, 6)
