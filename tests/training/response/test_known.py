"""What was known of members: nothing from the instant on, and the figures of plain loops."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from features.dataset import Dataset
from training.response.known import MemberPast, known_at

DAY = 86_400
HORIZON = 7.0


@pytest.fixture(scope="module")
def past(dataset):
    return MemberPast.of(dataset, HORIZON)


def column(past, known, name):
    return known[:, past.names.index(name)]


def test_a_dataset_cut_at_an_instant_says_the_same_of_it_as_the_whole_one(shop, dataset, past):
    for days in (20, 55, 98):
        at = dataset.cut_off - days * DAY
        then = Dataset.read(shop, at)
        early = MemberPast.of(then, HORIZON)
        rows = dataset.member_ids.rows(then.member_ids.ids(np.arange(len(then.member_ids))))
        now = np.full(len(rows), at)
        whole = known_at(past, rows, now)[:, [past.names.index(name) for name in early.names]]
        np.testing.assert_allclose(whole, known_at(early, np.arange(len(rows)), now), atol=1e-9)


def test_what_happens_at_the_instant_or_later_is_not_known(dataset, past):
    first = int(dataset.purchases.at[dataset.purchases.member == 3].min())
    known = known_at(past, np.array([3, 3]), np.array([first, first + 1]))
    assert column(past, known, "orders").tolist() == [0.0, np.log1p(1)]
    assert np.isnan(column(past, known, "days_since_order")[0])


def test_counts_and_gaps_are_those_of_a_loop(dataset, past):
    at = dataset.cut_off - 31 * DAY - 5_000
    known = known_at(past, np.arange(40), np.full(40, at))
    lines = dataset.purchases
    for member in range(40):
        orders = np.unique(lines.at[(lines.member == member) & (lines.at < at)])
        assert column(past, known, "orders")[member] == pytest.approx(np.log1p(len(orders)))
        recent = (orders >= at - 28 * DAY).sum()
        assert column(past, known, "orders_28_days")[member] == pytest.approx(np.log1p(recent))
        if len(orders) > 1:
            gap = (orders[-1] - orders[0]) / (len(orders) - 1)
            assert column(past, known, "gaps_of_silence")[member] == pytest.approx(min((at - orders[-1]) / gap, 10))


def test_contacts_and_redemptions_before_count_and_no_offer_does_not(dataset, past):
    known = known_at(past, np.arange(210), np.full(210, dataset.cut_off))
    shown, used = dataset.exposures, dataset.redemptions
    offered = np.bincount(shown.filter(pl.col("offer") >= 0)["member"].to_numpy(), minlength=210)
    redeemed = np.bincount(used["member"].to_numpy(), minlength=210)
    np.testing.assert_allclose(column(past, known, "offers_received"), np.log1p(offered))
    np.testing.assert_allclose(column(past, known, "offers_redeemed"), np.log1p(redeemed))
    # All redemptions are of the offer of this kind.
    kind = shown.filter(pl.col("offer") == 0)["member"].to_numpy()
    expected = redeemed / (np.bincount(kind, minlength=210) + 1)
    np.testing.assert_allclose(column(past, known, "redeemed_percent_off"), expected)


def test_what_followed_an_exposure_is_known_when_its_horizon_is_over(dataset, past):
    row = dataset.exposures.filter((pl.col("offer") == 0) & (pl.col("campaign_id") == "wave0")).row(0, named=True)
    member = np.full(2, row["member"])
    at = np.array([row["at"] + 7 * DAY, row["at"] + 7 * DAY + 1])
    trace = column(past, known_at(past, member, at), "followed_offers")
    assert trace[0] == 0
    assert trace[1] != 0


def test_who_orders_after_offers_has_a_higher_trace(dataset, past):
    known = known_at(past, np.arange(210), np.full(210, dataset.cut_off))
    used = np.bincount(dataset.redemptions["member"].to_numpy(), minlength=210) > 0
    trace = column(past, known, "followed_offers")
    assert trace[used].mean() > trace[~used].mean() + 0.05


def test_nothing_protected_is_among_the_columns(past):
    assert not {"birth", "sex", "gender", "segment", "age"} & {part for name in past.names for part in name.split("_")}


def test_no_pairs_and_no_exposures_are_fine(dataset):
    alone = replace(dataset, exposures=dataset.exposures.head(0), redemptions=dataset.redemptions.head(0))
    past = MemberPast.of(alone, HORIZON)
    assert known_at(past, np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)).shape == (0, len(past.names))
    assert np.isfinite(column(past, known_at(past, np.array([1]), np.array([alone.cut_off])), "orders")).all()


class TestDueFamilies:
    def test_a_family_bought_every_ten_days_is_due_from_the_eighth_to_the_fifteenth(self, dataset):
        lines = dataset.purchases
        bought = np.array([0, 10, 20]) * DAY + 1_700_006_400 - 1_700_006_400 % DAY + 3_600
        three = replace(
            lines,
            member=np.zeros(3, dtype=np.int32), product=np.zeros(3, dtype=np.int32), at=bought,
            quantity=np.ones(3, dtype=np.int32), paid_minor=np.ones(3, dtype=np.int64),
            order=np.arange(3, dtype=np.int32),
        )  # fmt: skip
        terms = replace(
            dataset.terms,
            discount_minor=np.zeros(3, dtype=np.int64), offer=np.zeros(3, dtype=np.int32),
            channel=np.zeros(3, dtype=np.int32), store=np.zeros(3, dtype=np.int32),
        )  # fmt: skip
        past = MemberPast.of(replace(dataset, purchases=three, terms=terms), HORIZON)
        days = np.array([9, 17, 18, 20, 21, 27, 28, 34, 35])
        known = known_at(past, np.zeros(len(days), dtype=np.int64), bought[0] - 3_600 + days * DAY)
        due = np.round(np.expm1(column(past, known, "due_families"))).tolist()
        # After one purchase no gap is known; the third comes on day 20, the day on which it is known to be over is 21.
        assert due == [0, 0, 1, 1, 0, 0, 1, 1, 0]
