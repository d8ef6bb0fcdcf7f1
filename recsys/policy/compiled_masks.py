"""What a compiled policy knows without any member, as masks over products, offers and rules."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.knowledge import Knowledge
from recsys.policy.contact.rules import ContactRules
from recsys.policy.guardrails import DepthLimit
from recsys.policy.layout import Layout
from recsys.policy.lever_names import LeverNames
from recsys.policy.masks import Words
from recsys.policy.money_limits import MoneyLimits
from recsys.policy.native import Code, Codes, NativeRule
from recsys.policy.triggered import Triggered
from recsys.types import ItemKind, KeepMask


@dataclass(frozen=True, slots=True)
class Masks:
    """
    What a compiled policy knows without any member; shared by all its rulings.

    Attributes:
        layout: Of the rules' bits.
        code: Of the built-in rules.
        removal_names: Of the rules that remove each: shape (n + 1, words) of products; (distinct, words) of offers.
        removal_codes: Shape (65 words,) each: code of each of those bits.
        levers: Of products, and of offers.
        offers_alike: Shape (n_offers,): which row of ``removal_names`` is an offer's.
        lever_factors: Shape (bytes, 256): what each byte of lever bits multiplies by.
        rarely_bought: Shape (n_products,): not to be shown again for a while after a purchase.
        rarely_days: That while; 0 where there is none.
        contact: Consent, caps on messages, cooldowns.
        depth_limits: On offers.
        money: Bounds on offers that need their values.
        basket_offers: Rows of the offers whose depth depends on the member's basket.
        triggered: Offers that wait for something.
        knowledge: The bundle.
    """

    layout: Layout
    code: dict[NativeRule, Code]
    removal_names: dict[ItemKind, Words]
    removal_codes: dict[ItemKind, Codes]
    levers: dict[ItemKind, LeverNames]
    offers_alike: NDArray[np.intp]
    lever_factors: NDArray[np.float32]
    rarely_bought: KeepMask
    rarely_days: int
    contact: ContactRules
    depth_limits: tuple[DepthLimit, ...]
    money: MoneyLimits
    basket_offers: NDArray[np.intp]
    triggered: Triggered
    knowledge: Knowledge
