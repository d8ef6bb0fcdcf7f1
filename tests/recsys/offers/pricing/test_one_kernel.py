"""The economics of many members and the price of one basket take one coupon's amount from the same code."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys.offers.definitions import UNLIMITED_MINOR
from recsys.offers.pricing.kernel import Discounts
from recsys.types import OfferKind
from tests.recsys.offers.pricing.shop import line, offers, price

UNIT = 370
GIVES: dict[OfferKind, st.SearchStrategy[dict[str, Any]]] = {
    OfferKind.AMOUNT_OFF: st.fixed_dictionaries({"amount_minor": st.integers(1, 9_000)}),
    OfferKind.PERCENT_OFF: st.fixed_dictionaries({"percent_bp": st.integers(1, 10_000)}),
    OfferKind.FREE_SHIPPING: st.fixed_dictionaries({"amount_minor": st.integers(1, 900)}),
    OfferKind.BUY_X_GET_Y: st.fixed_dictionaries(
        {"buy_quantity": st.integers(1, 4), "get_quantity": st.integers(1, 3)}
    ),
    OfferKind.POINTS_MULTIPLIER: st.fixed_dictionaries({"multiplier_bp": st.integers(10_001, 60_000)}),
    OfferKind.POINTS_REDEMPTION: st.fixed_dictionaries({"amount_minor": st.integers(1, 9_000)}),
    OfferKind.GIFT: st.fixed_dictionaries({"amount_minor": st.integers(0, 9_000)}),
    OfferKind.NUDGE: st.fixed_dictionaries({"amount_minor": st.integers(0, 900)}),
}


def test_every_kind_is_compared() -> None:
    assert set(GIVES) == set(OfferKind)


@pytest.mark.parametrize("kind", OfferKind)
def test_a_basket_with_one_coupon_gets_what_the_batch_says(kind: OfferKind) -> None:
    @settings(max_examples=40, deadline=None, database=None, derandomize=True)
    @given(
        GIVES[kind],
        st.integers(1, 30),
        st.sampled_from([0, 1_000, 3_700, 3_701]),
        st.sampled_from([UNLIMITED_MINOR, 100, 1_500]),
    )
    def agrees(gives: dict[str, Any], quantity: int, least: int, most: int) -> None:
        one = offers(a={"kind": kind, "min_spend_minor": least, "max_discount_minor": most, **gives})
        lines = [line("tea", (quantity + 1) // 2, UNIT), line("wine", quantity // 2 or 1, UNIT)]
        spend = sum(each.gross_minor for each in lines)
        (batch,) = Discounts.of(one, np.array([UNIT])).on(np.array([spend]))
        priced = price(one, lines, shipping_minor=1_000)
        assert sum(used.worth_minor for used in priced.used) == batch
        if kind not in (OfferKind.POINTS_MULTIPLIER, OfferKind.GIFT):
            assert priced.total_minor == spend + 1_000 - batch

    agrees()
