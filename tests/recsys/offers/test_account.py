"""What a choice saved against the deepest eligible offer, and who the member is to the offer."""

from dataclasses import replace

import numpy as np
import pytest

from recsys.offers.account import RESPONSE_CLASSES, UNTOLD, account
from recsys.offers.economics import OfferValues
from tests.worlds import bare_values


def values(n: int = 1, **columns: list[float]) -> OfferValues:
    """Three offers: the third is the deepest, the second worth most."""
    given = {
        "mean": [1.0, 9.0, 2.0], "sd": [1.0] * 3, "discount": [10.0, 20.0, 50.0], "deadweight": [4.0, 6.0, 30.0],
        "uplift": [0.1, 0.2, 0.3], "uplift_sd": [0.05] * 3,
    } | columns  # fmt: skip
    rows = {name: np.tile([column], (n, 1)) for name, column in given.items()}
    plain = bare_values(
        rows["mean"], rows["sd"], rows["discount"], rows["deadweight"], revenue=rows["mean"],
        redemption=np.tile([[100, 200, 500]], (n, 1)),
    )  # fmt: skip
    return replace(plain, uplift=rows["uplift"], uplift_sd=rows["uplift_sd"], p_without=np.full(n, 0.3))


KEEP = np.ones((1, 3), dtype=np.bool_)
BASKET = np.array([4_000])


def of(offers: OfferValues, chosen: int, keep: np.ndarray = KEEP, risk: float = 1.0):
    return account(offers, keep, np.array([chosen], dtype=np.int32), basket_minor=BASKET, risk_aversion=risk)


def test_what_a_smaller_offer_saves_is_the_difference_to_the_deepest() -> None:
    found = of(values(), 0)
    assert (found.offer.tolist(), found.deepest.tolist()) == ([0], [2])
    assert found.discount_avoided_minor.tolist() == [40]
    assert found.deadweight_avoided_minor.tolist() == [26]
    assert found.depth_saved_bp.tolist() == [1_000]  # 400 of 4,000


def test_no_offer_saves_all_of_it_and_is_told_by_the_offer_worth_most() -> None:
    found = of(values(), -1)
    assert (found.offer.tolist(), found.discount_avoided_minor.tolist()) == ([1], [50])
    assert found.deadweight_avoided_minor.tolist() == [30]


def test_the_deepest_itself_saves_nothing() -> None:
    found = of(values(), 2)
    assert (found.discount_avoided_minor.tolist(), found.depth_saved_bp.tolist()) == ([0], [0])


def test_the_deepest_is_among_those_that_no_rule_removed() -> None:
    found = of(values(), 0, np.array([[True, True, False]]))
    assert (found.deepest.tolist(), found.discount_avoided_minor.tolist()) == ([1], [10])


def test_the_deepest_is_what_takes_most_off_one_order_however_seldom_it_is_redeemed() -> None:
    found = of(values(discount=[10.0, 60.0, 50.0]), 1)
    assert (found.deepest.tolist(), found.discount_avoided_minor.tolist()) == ([2], [-10])


def test_where_everything_was_removed_there_is_nothing_to_tell() -> None:
    found = of(values(), -1, np.zeros((1, 3), dtype=np.bool_))
    assert (found.offer.tolist(), found.deepest.tolist()) == ([-1], [-1])
    assert found.response.tolist() == [UNTOLD]
    assert found.discount_avoided_minor.tolist() == [0]


@pytest.mark.parametrize(
    ("uplift", "without", "told"),
    [
        (0.2, 0.3, "persuadable"),
        (0.2, 0.9, "persuadable"),
        (-0.2, 0.9, "sleeping_dog"),
        (-0.2, 0.1, "sleeping_dog"),
        (0.04, 0.5, "sure_thing"),
        (0.04, 0.49, "lost_cause"),
        (-0.05, 0.8, "sure_thing"),
    ],
)
def test_the_quadrant_follows_from_what_is_sure(uplift: float, without: float, told: str) -> None:
    offers = replace(values(uplift=[uplift] * 3), p_without=np.array([without]))
    assert RESPONSE_CLASSES[of(offers, 0).response[0]] == told


def test_without_offers_there_is_no_account() -> None:
    empty = OfferValues.none(2)
    found = account(
        empty, np.ones((2, 0), dtype=np.bool_), np.full(2, -1, dtype=np.int32), basket_minor=BASKET, risk_aversion=1.0
    )
    assert found.response.tolist() == [UNTOLD, UNTOLD]
