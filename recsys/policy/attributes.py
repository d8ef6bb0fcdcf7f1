"""What expressions can see: the names and types of attributes, and those of products and offers as columns."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys.catalogue import Catalogue
from recsys.knowledge import Knowledge
from recsys.policy.expressions.cel import Value
from recsys.policy.file.attribute_types import AttributeType
from recsys.policy.file.schema import Policy
from recsys.profile import NO_PROFILE, MemberProfile
from recsys.types import OFFER_KINDS, ItemKind

_INT, _DOUBLE, _STRING, _BOOL = AttributeType.INT, AttributeType.DOUBLE, AttributeType.STRING, AttributeType.BOOL
_STRINGS = AttributeType.STRINGS

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
    "member.days_to_birthday": _INT,
    "member.days_after_birthday": _INT,
}
BASKET_ATTRIBUTES: Mapping[str, AttributeType] = {
    "basket.n_products": _INT,
    "basket.value_minor": _INT,
    "basket.categories": _STRINGS,
    "basket.brands": _STRINGS,
    "basket.product_ids": _STRINGS,
}
CONTEXT_ATTRIBUTES: Mapping[str, AttributeType] = {
    "context.placement": _STRING,
    "context.channel": _STRING,
    "context.relation": _STRING,
    "context.store": _STRING,
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
    "offer.tiers": _STRINGS,
}
WHAT_ATTRIBUTES: Mapping[ItemKind, Mapping[str, AttributeType]] = {
    ItemKind.PRODUCT: PRODUCT_ATTRIBUTES,
    ItemKind.OFFER: OFFER_ATTRIBUTES,
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


def segment_attributes(policy: Policy, profile: MemberProfile = NO_PROFILE) -> dict[str, AttributeType]:
    """What the expressions of ``segments`` may read; without a bundle, what every bundle has."""
    own = {f"context.{name}": kind for name, kind in policy.context_attributes.items()}
    return {**profile_attributes(profile), **MEMBER_ATTRIBUTES, **BASKET_ATTRIBUTES, **own, **CONTEXT_ATTRIBUTES}


def who_attributes(policy: Policy, profile: MemberProfile = NO_PROFILE) -> dict[str, AttributeType]:
    """What a ``who`` may read: all that a segment may, and the segments."""
    return {**segment_attributes(policy, profile), **{f"segment.{name}": _BOOL for name in policy.segments}}


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
            return Column(margin_rate(catalogue, default_margin_rate), six_decimals)
        case "repeat_rate":
            return Column(catalogue.repeat_rate, six_decimals)
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


def six_decimals(value: float) -> float:
    """What expressions see of a decimal. Columns are float32: 0.7 would arrive as 0.6999999881 and fail `>= 0.7`."""
    return round(value, 6) + 0.0  # so that there is one zero


def _names(names: tuple[str, ...]) -> Callable[[int], str]:
    return lambda row: names[row] if row >= 0 else ""
