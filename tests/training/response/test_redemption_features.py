"""Features of a member and a coupon: known answers by hand, and nothing from the first day on."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from recsys.errors import InputError
from training.response.redemption_features import redemption_features
from training.response.redemption_history import Bought, Coupons, Known, Offered

# Coupons 0 and 1 share one of two items; 2 is for another category; 3 is coupon 0 issued again.
ITEMS = sp.csr_matrix(np.array([[1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 0, 1], [1, 1, 0, 0]], dtype=float))
COUPONS = Coupons(ITEMS, {"category": np.array([0, 0, 0, 1])}, np.array([0, 1, 2, 0]))
HISTORY = Offered(
    member=np.array([0, 0, 1, 1, 2]),
    coupon=np.array([0, 2, 0, 1, 2]),
    campaign=np.array([1, 1, 1, 2, 2]),
    kind=np.zeros(5, dtype=np.int64),
    starts=np.array([0, 0, 0, 10, 10]),
    ends=np.array([9, 9, 9, 29, 29]),
    redeemed_on=np.array([4, -1, -1, 15, 25]),
    dated=True,
)
ASKED = Offered(
    member=np.array([0, 0, 1, 3]),
    coupon=np.array([3, 2, 3, 2]),
    campaign=np.full(4, 3),
    kind=np.full(4, 1),
    starts=np.full(4, 20),
    ends=np.full(4, 34),
    redeemed_on=np.full(4, -1),
    dated=True,
)
KNOWN = Known(COUPONS, HISTORY, 4)
BOUGHT = Bought(
    member=np.array([0, 0, 1, 0]),
    item=np.array([0, 3, 1, 0]),
    day=np.array([3, 19, 6, 20]),
    discounted=np.array([True, False, False, True]),
    with_coupon=np.array([False, True, False, True]),
)


def columns(asked=ASKED, known=KNOWN):
    table = redemption_features(asked, known)
    assert table.values.shape == (len(asked), len(table.names))
    return dict(zip(table.names, table.values.T, strict=True))


def logit(p):
    return np.log(p / (1 - p))


def test_a_member_has_what_they_redeemed_and_were_offered_by_then():
    found = columns()
    np.testing.assert_allclose(np.expm1(found["member_redeemed"]), [1, 1, 1, 0])
    # Half of the second campaign has passed on day 20.
    np.testing.assert_allclose(np.expm1(found["member_offered"]), [2, 2, 1.5, 0])
    np.testing.assert_allclose(found["days_since_redeemed"], [16, 16, 5, np.nan])
    np.testing.assert_allclose(found["campaigns_seen"], [1, 1, 2, 0])
    np.testing.assert_allclose(found["campaigns_used"], [1, 1, 1, 0])


def test_rates_are_shrunk_to_that_of_all():
    overall = (2 + 5) / (4 + 500)
    found = columns()
    np.testing.assert_allclose(
        found["member_rate"], logit((np.array([1, 1, 1, 0]) + 40 * overall) / ([42, 42, 41.5, 40]))
    )
    alike = np.array([[1, 0.5, 0, 1], [0.5, 1, 0, 0.5], [0, 0, 1, 0], [1, 0.5, 0, 1]])
    redeemed, offered = np.array([1, 1, 0, 0]), np.array([2, 0.5, 1.5, 0])
    item = (alike @ redeemed + 100 * overall) / (alike @ offered + 100)
    np.testing.assert_allclose(found["item_rate"], logit(item)[[3, 2, 3, 2]])
    # Coupon 3 is coupon 0 again: its own past counts, shrunk to that of coupons with similar items.
    own = ([1 + 100 * item[3], 0 + 100 * item[2]] / np.array([102, 101.5]))[[0, 1, 0, 1]]
    np.testing.assert_allclose(found["coupon_rate"], logit(own))


def test_a_taste_is_the_similarity_to_what_was_redeemed():
    found = columns()
    np.testing.assert_allclose(np.expm1(found["own_item"]), [1, 0, 0.5, 0])
    np.testing.assert_allclose(np.expm1(found["own_category"]), [1, 0, 1, 0])
    np.testing.assert_allclose(found["seen_item"], [0.5, 0.5, 1.25 / 1.5, 0])


def test_the_campaign_itself_is_known_on_its_first_day():
    found = columns()
    np.testing.assert_allclose(found["share_of_members"], 2 / 3)
    np.testing.assert_allclose(np.expm1(found["coupons_of_member"]), [2, 2, 1, 1])
    np.testing.assert_allclose(found["days"], 14)
    np.testing.assert_allclose(found["kind"], 1)


def test_ranks_are_among_the_offers_of_the_member_and_equal_ones_share():
    found = columns()
    np.testing.assert_allclose(found["rank_of_rate"], [1, 0, 0, 0])
    same = replace(ASKED, coupon=np.array([3, 0, 3, 2]))
    np.testing.assert_allclose(columns(same)["rank_of_rate"], [0.5, 0.5, 0, 0])


def test_without_days_only_campaigns_that_ended_count():
    found = columns(
        known=replace(KNOWN, offered=replace(HISTORY, redeemed_on=np.array([9, -1, -1, 29, 29]), dated=False))
    )
    np.testing.assert_allclose(np.expm1(found["member_redeemed"]), [1, 1, 0, 0])
    np.testing.assert_allclose(np.expm1(found["member_offered"]), [2, 2, 1, 0])


def test_purchases_before_the_first_day_count_and_none_on_it():
    found = columns(known=replace(KNOWN, bought=BOUGHT))
    np.testing.assert_allclose(np.expm1(found["bought_item"]), [1, 1, 1, 0])
    np.testing.assert_allclose(np.expm1(found["bought_category"]), [1, 1, 1, 0])
    np.testing.assert_allclose(found["share_discounted"], [11 / 22, 11 / 22, 10 / 21, 0.5])
    np.testing.assert_allclose(found["share_with_coupon"], [1.2 / 22, 1.2 / 22, 0.2 / 21, 0.01])


def test_nothing_from_the_first_day_on_is_looked_at():
    later = Known(
        COUPONS,
        replace(
            HISTORY.take(np.array([0, 1, 2, 3, 4, 4, 4])),
            starts=np.array([0, 0, 0, 10, 10, 20, 50]),
            ends=np.array([9, 9, 9, 29, 29, 40, 60]),
            redeemed_on=np.array([4, -1, -1, 15, 20, 20, 55]),
        ),
        4,
        replace(BOUGHT, item=np.array([0, 3, 1, 2])),
    )
    first, second = columns(known=replace(KNOWN, bought=BOUGHT)), columns(known=later)
    assert list(first) == list(second)
    for name, column in first.items():
        np.testing.assert_array_equal(column, second[name], err_msg=name)


def test_outcomes_of_the_campaign_itself_are_not_looked_at():
    other = columns(replace(ASKED, redeemed_on=np.array([21, -1, 30, 22])))
    for name, column in columns().items():
        np.testing.assert_array_equal(column, other[name], err_msg=name)


def test_the_order_of_the_rows_does_not_matter():
    turned = np.array([2, 0, 3, 1])
    for name, column in columns(ASKED.take(turned), replace(KNOWN, offered=HISTORY.take(np.arange(5)[::-1]))).items():
        np.testing.assert_allclose(column, columns()[name][turned], err_msg=name)


def test_a_coupon_of_which_nothing_is_known_has_the_rate_of_all():
    empty = sp.csr_matrix(ITEMS.toarray() * np.array([[1], [1], [0], [1]]))
    found = columns(known=replace(KNOWN, coupons=replace(COUPONS, items=empty)))
    overall = (2 + 5) / (4 + 500)
    np.testing.assert_allclose(found["item_rate"][1], logit(overall))
    assert np.isfinite(
        np.delete(np.stack(list(found.values())), list(found).index("days_since_redeemed"), axis=0)
    ).all()


def test_several_first_days_are_refused():
    with pytest.raises(InputError, match="of 2 first days"):
        redemption_features(replace(ASKED, starts=np.array([20, 20, 21, 20])), KNOWN)
