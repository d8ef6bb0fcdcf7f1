"""The hard rules that hold in every policy: their stable ids, their order, and those that no member changes."""

from enum import StrEnum
from typing import NewType

import numpy as np
from numpy.typing import NDArray

from recsys.types import KeepMask

Code = NewType("Code", int)
"""Position of a removing rule in ``CompiledPolicy.rule_ids``."""

Codes = NDArray[np.uint16]
"""The smallest code of the rules that remove a thing, KEPT where none does."""

KEPT = 0xFFFF
"""Larger than every code, so that the first rule is the minimum; read as int16 it is -1, what callers see."""


class NativeRule(StrEnum):
    """
    Ids that ``why_not`` may name in every policy; the order is the order of removal.

    `EXPERIMENT_HOLDOUT` comes after the rules of the file: what it removes is what would have been shown otherwise.
    """

    OUT_OF_STOCK = "out_of_stock"
    NOT_ON_SALE = "not_on_sale"
    OFFER_NOT_VALID = "offer_not_valid"
    NOTHING_IN_SCOPE = "nothing_in_scope"
    USED_UP = "used_up"
    TIER_NOT_ALLOWED = "tier_not_allowed"
    CHANNEL_NOT_CARRIED = "channel_not_carried"
    EXCLUDED_BY_REQUEST = "excluded_by_request"
    OFFER_ALREADY_HELD = "offer_already_held"
    NOT_TRIGGERED = "not_triggered"
    RECENTLY_BOUGHT = "recently_bought"
    ALREADY_IN_BASKET = "already_in_basket"
    ASKED_ABOUT = "asked_about"
    CHANNEL_CONSENT_MISSING = "channel_consent_missing"
    MAX_DEPTH = "max_depth"
    MIN_MARGIN = "min_margin"
    OUT_OF_BUDGET = "out_of_budget"
    MAX_DISCOUNT_RATE = "max_discount_rate"
    NO_DISCOUNT = "no_discount"
    NOT_ENOUGH_POINTS = "not_enough_points"
    SCOPE_NOT_WANTED = "scope_not_wanted"
    NEEDED_ONCE = "needed_once"
    EXPERIMENT_HOLDOUT = "experiment_holdout"


NATIVE_BEFORE_CONTACT: tuple[NativeRule, ...] = (
    NativeRule.OUT_OF_STOCK,
    NativeRule.NOT_ON_SALE,
    NativeRule.OFFER_NOT_VALID,
    NativeRule.NOTHING_IN_SCOPE,
    NativeRule.USED_UP,
    NativeRule.TIER_NOT_ALLOWED,
    NativeRule.CHANNEL_NOT_CARRIED,
    NativeRule.EXCLUDED_BY_REQUEST,
    NativeRule.OFFER_ALREADY_HELD,
    NativeRule.NOT_TRIGGERED,
    NativeRule.RECENTLY_BOUGHT,
    NativeRule.ALREADY_IN_BASKET,
    NativeRule.ASKED_ABOUT,
    NativeRule.CHANNEL_CONSENT_MISSING,
)
NATIVE_AFTER_CONTACT: tuple[NativeRule, ...] = (
    NativeRule.MAX_DEPTH,
    NativeRule.MIN_MARGIN,
    NativeRule.OUT_OF_BUDGET,
    NativeRule.MAX_DISCOUNT_RATE,
    NativeRule.NO_DISCOUNT,
    NativeRule.NOT_ENOUGH_POINTS,
    NativeRule.SCOPE_NOT_WANTED,
    NativeRule.NEEDED_ONCE,
)


def remove(codes: Codes, removed: KeepMask, code: Code) -> None:
    """Note, in place, that the rule *code* removes what *removed* marks; an earlier rule stays the first."""
    np.minimum(codes, np.where(removed, np.uint16(code), np.uint16(KEPT)), out=codes)


def as_answer(codes: Codes) -> NDArray[np.int16]:
    """The same codes as callers see them: -1 where nothing removes."""
    return codes.view(np.int16)
