"""Discounts, to the minor unit, by hand."""

from dataclasses import replace

import numpy as np
import pytest

from recsys.offers.definitions import OfferDefinitions, plain_columns
from recsys.offers.pricing import Discounts
from recsys.ragged import Ragged
from recsys.types import OFFER_KINDS, OfferKind
from recsys.vocabulary import Vocabulary


def one_offer(kind: OfferKind, **columns: int) -> OfferDefinitions:
    defaults = {
        "amount_minor": 0, "percent_bp": 0, "multiplier_bp": 10_000, "min_spend_minor": 0, "buy_quantity": 0,
        "get_quantity": 0, "valid_from": 0, "valid_until": 10, "tier_mask": 1, "budget_minor": -1,
        "per_member_limit": 0, "contact_cost_minor": 0,
    }  # fmt: skip
    types = {
        "percent_bp": np.int32, "multiplier_bp": np.int32, "buy_quantity": np.int32, "get_quantity": np.int32,
        "per_member_limit": np.int32, "tier_mask": np.uint16,
    }  # fmt: skip
    return OfferDefinitions(
        offers=Vocabulary.of(["o"]),
        names=np.array([b"o"]),
        kind=np.array([OFFER_KINDS.index(kind)], dtype=np.int8),
        scope=Ragged.of([[]]),
        **plain_columns(1),
        **{name: np.array([value], dtype=types.get(name, np.int64)) for name, value in (defaults | columns).items()},
    )


@pytest.mark.parametrize(
    ("offer", "spend", "expected"),
    [
        pytest.param(one_offer(OfferKind.AMOUNT_OFF, amount_minor=500, min_spend_minor=3_000), 3_000, 500, id="at"),
        pytest.param(one_offer(OfferKind.AMOUNT_OFF, amount_minor=500, min_spend_minor=3_000), 2_999, 0, id="below"),
        pytest.param(one_offer(OfferKind.AMOUNT_OFF, amount_minor=500), 300, 300, id="never more than the spend"),
        pytest.param(one_offer(OfferKind.PERCENT_OFF, percent_bp=1_500), 999, 149, id="percent rounds down"),
        pytest.param(one_offer(OfferKind.PERCENT_OFF, percent_bp=10_000), 999, 999, id="all of it"),
        pytest.param(one_offer(OfferKind.POINTS_MULTIPLIER, multiplier_bp=30_000), 10_000, 200, id="triple points"),
        pytest.param(one_offer(OfferKind.POINTS_MULTIPLIER, multiplier_bp=15_000), 199, 0, id="points round down"),
        pytest.param(one_offer(OfferKind.POINTS_MULTIPLIER, multiplier_bp=15_000), 200, 1, id="half a point more"),
        pytest.param(one_offer(OfferKind.PERCENT_OFF, percent_bp=9_999), 10**12, 999_900_000_000, id="no overflow"),
        pytest.param(one_offer(OfferKind.FREE_SHIPPING, amount_minor=399), 5_000, 399, id="shipping"),
        pytest.param(one_offer(OfferKind.GIFT, amount_minor=250, min_spend_minor=100), 100, 250, id="gift"),
        pytest.param(one_offer(OfferKind.BUY_X_GET_Y, buy_quantity=2, get_quantity=1), 600, 200, id="three for two"),
        pytest.param(one_offer(OfferKind.BUY_X_GET_Y, buy_quantity=2, get_quantity=1), 599, 0, id="too few units"),
        pytest.param(one_offer(OfferKind.BUY_X_GET_Y, buy_quantity=2, get_quantity=1), 1_799, 400, id="two sets"),
        pytest.param(one_offer(OfferKind.FREE_SHIPPING, amount_minor=399), 100, 399, id="shipping beyond the spend"),
        pytest.param(one_offer(OfferKind.NUDGE, amount_minor=100), 5_000, 0, id="a nudge"),
    ],
)
def test_the_discount_is_exact(offer: OfferDefinitions, spend: int, expected: int) -> None:
    discount = Discounts.of(offer, np.array([200])).on(np.array([[spend]]))
    assert discount.dtype == np.int64
    assert discount.tolist() == [[expected]]


def test_a_discount_is_worked_out_for_each_member_and_offer() -> None:
    offer = one_offer(OfferKind.PERCENT_OFF, percent_bp=1_000)
    two = replace(
        offer,
        **{
            name: np.concatenate([getattr(offer, name)] * 2)
            for name in OfferDefinitions.__slots__
            if name not in ("offers", "scope")
        },
    )
    assert Discounts.of(two, np.array([5, 5])).on(np.array([[100, 200], [300, 400], [10, 0]])).tolist() == [
        [10, 20],
        [30, 40],
        [1, 0],
    ]


@pytest.mark.parametrize(
    ("offer", "most", "expected"),
    [
        (one_offer(OfferKind.PERCENT_OFF, percent_bp=5_000), 700, 700),
        (one_offer(OfferKind.PERCENT_OFF, percent_bp=5_000), 0, 0),
        (one_offer(OfferKind.FREE_SHIPPING, amount_minor=399), 200, 200),
        (one_offer(OfferKind.GIFT, amount_minor=900), 200, 900),
        (one_offer(OfferKind.POINTS_MULTIPLIER, multiplier_bp=110_000), 200, 400),
    ],
)
def test_what_is_taken_off_has_a_most_and_points_and_gifts_have_none(
    offer: OfferDefinitions, most: int, expected: int
) -> None:
    bounded = replace(offer, max_discount_minor=np.array([most], dtype=np.int64))
    assert Discounts.of(bounded, np.array([200])).on(np.array([4_000])).tolist() == [expected]
