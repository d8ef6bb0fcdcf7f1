"""Expected incremental margin, against the same sum done by hand."""

from dataclasses import replace

import numpy as np
import pytest

from recsys.batch import build_batch
from recsys.knowledge import Knowledge
from recsys.members import Subject
from recsys.offers.economics import OfferTerms, offer_values
from tests.worlds import small_knowledge

KNOWLEDGE = small_knowledge()
TERMS = OfferTerms.of(KNOWLEDGE)


def test_value_is_uplift_times_margin_less_discount_on_all_who_redeem_less_contact_cost() -> None:
    batch = build_batch([Subject("m004"), Subject("m002")], KNOWLEDGE)
    values = offer_values(batch, KNOWLEDGE, TERMS)
    for member, row in enumerate([4, 2]):
        rate, basket = float(KNOWLEDGE.members.orders_per_day[row]), int(KNOWLEDGE.members.basket_minor[row])
        before = 1 - np.exp(-rate * 14)
        after = before + float(KNOWLEDGE.response.uplift[2, 0, 0])
        discount = 500  # the offer's amount; every basket is filled up to its minimum spend of 3,000
        redeemed = after * 0.4 * discount
        margin = basket * 0.3
        assert values.mean[member, 0] == pytest.approx((after - before) * margin - redeemed - 2, rel=1e-5)
        assert values.discount[member, 0] == pytest.approx(redeemed, rel=1e-5)
        assert values.deadweight[member, 0] == pytest.approx(before * 0.4 * discount, rel=1e-5)
        assert values.sd[member, 0] == pytest.approx(0.01 * (margin - 0.4 * discount), rel=1e-5)


def test_a_member_who_buys_anyway_makes_the_offer_cost_more() -> None:
    seldom, often = build_batch([Subject("m000")], KNOWLEDGE), build_batch([Subject("m000")], KNOWLEDGE)
    often = replace(often, orders_per_day=np.array([0.5], dtype=np.float32))
    assert np.all(offer_values(often, KNOWLEDGE, TERMS).deadweight >= offer_values(seldom, KNOWLEDGE, TERMS).deadweight)
    assert np.all(offer_values(often, KNOWLEDGE, TERMS).mean <= offer_values(seldom, KNOWLEDGE, TERMS).mean)


def test_a_scoped_offer_works_in_proportion_to_what_the_member_buys_in_its_scope() -> None:
    affinity = KNOWLEDGE.response.scope_affinity.copy()
    affinity[:, 2] = [0.0, 0.1, 0.2, 0.1, 0.1, 0.1, 0.1]
    knowledge = replace(KNOWLEDGE, response=replace(KNOWLEDGE.response, scope_affinity=affinity))
    values = offer_values(
        build_batch([Subject("m000"), Subject("m002")], knowledge), knowledge, OfferTerms.of(knowledge)
    )
    assert values.mean[0, 2] == pytest.approx(-2)  # buys nothing in scope: only the contact is paid
    assert values.discount[0, 2] == 0
    assert values.discount[1, 2] > 0
    far_above = replace(OfferTerms.of(knowledge), mean_affinity=np.full(6, 0.001))
    above = replace(far_above, mean_affinity=np.full(6, 0.2 / 3))  # m002: three times the mean, the most that counts
    batch = build_batch([Subject("m002")], knowledge)
    ceilings = [offer_values(batch, knowledge, terms).sd[0, 2] for terms in (far_above, above)]
    assert ceilings[0] == pytest.approx(ceilings[1], rel=1e-3)


def with_affinity(affinity: np.ndarray) -> Knowledge:
    return replace(KNOWLEDGE, response=replace(KNOWLEDGE.response, scope_affinity=affinity))


def test_affinity_counts_for_known_members_and_scoped_offers_only() -> None:
    affinity = KNOWLEDGE.response.scope_affinity.copy()
    affinity[[0, 6]] = 0.25
    batch = build_batch([Subject("m000"), Subject("nobody")], KNOWLEDGE)
    plain, tilted = (offer_values(batch, one, OfferTerms.of(one)) for one in (KNOWLEDGE, with_affinity(affinity)))
    changed = plain.mean != tilted.mean
    assert changed.tolist() == [[False, False, True, False, False, False], [False] * 6]


def test_nobody_redeems_more_often_than_they_order() -> None:
    affinity = KNOWLEDGE.response.scope_affinity.copy()
    affinity[:, 2] = 0.01
    affinity[0, 2] = 1.0
    knowledge = with_affinity(affinity)
    values = offer_values(build_batch([Subject("m000")], knowledge), knowledge, OfferTerms.of(knowledge))
    before = 1 - np.exp(-float(KNOWLEDGE.members.orders_per_day[0]) * 14)
    price = int(np.median(KNOWLEDGE.catalogue.price_minor[[4, 5]]))
    assert price > KNOWLEDGE.members.basket_minor[0]
    whole_basket = int(KNOWLEDGE.members.basket_minor[0]) * 1_000 // 10_000
    assert values.deadweight[0, 2] == pytest.approx(before * whole_basket, rel=1e-5)


def test_of_a_scope_a_basket_holds_one_unit_at_its_median_known_price() -> None:
    prices = KNOWLEDGE.catalogue.price_minor.copy()
    prices[[4, 5]] = [-1, 700]
    knowledge = replace(KNOWLEDGE, catalogue=replace(KNOWLEDGE.catalogue, price_minor=prices))
    values = offer_values(build_batch([Subject("m000")], knowledge), knowledge, OfferTerms.of(knowledge))
    before = 1 - np.exp(-float(KNOWLEDGE.members.orders_per_day[0]) * 14)
    assert values.deadweight[0, 2] == pytest.approx(before * 0.4 * 70, rel=1e-5)


def test_a_stranger_is_valued_at_the_populations_means() -> None:
    values = offer_values(build_batch([Subject("nobody")], KNOWLEDGE), KNOWLEDGE, TERMS)
    before = 1 - np.exp(-0.05 * 14)
    after = before + float(KNOWLEDGE.response.uplift[0, 0, 3])
    points = 4_000 * 100 // 10_000  # double points: one more point a minor unit, worth 1 %
    assert values.mean[0, 3] == pytest.approx((after - before) * 1_200 - after * 0.4 * points - 2, rel=1e-5)


def test_where_each_order_more_is_a_loss_doubt_still_counts_against_the_offer() -> None:
    batch = replace(build_batch([Subject("m000")], KNOWLEDGE), margin_rate=np.array([-0.2], dtype=np.float32))
    assert np.all(offer_values(batch, KNOWLEDGE, TERMS).sd > 0)


def test_whoever_redeems_buy_two_get_one_has_put_three_in_the_basket() -> None:
    offers, columns = KNOWLEDGE.offers, {"kind": np.int8(3), "buy_quantity": np.int32(2), "get_quantity": np.int32(1)}
    bundle = {name: np.where(np.arange(6) == 2, value, getattr(offers, name)) for name, value in columns.items()}
    knowledge = replace(KNOWLEDGE, offers=replace(offers, **bundle))
    values = offer_values(build_batch([Subject("m000")], knowledge), knowledge, OfferTerms.of(knowledge))
    before = 1 - np.exp(-float(KNOWLEDGE.members.orders_per_day[0]) * 14)
    after = before + float(KNOWLEDGE.response.uplift[2, 0, 2])
    price = int(np.median(KNOWLEDGE.catalogue.price_minor[[4, 5]]))
    assert 3 * price > KNOWLEDGE.members.basket_minor[0]
    assert values.discount[0, 2] == pytest.approx(after * 0.4 * price, rel=1e-5)


def test_a_probability_never_passes_one() -> None:
    uplift = np.full_like(KNOWLEDGE.response.uplift, 0.9)
    knowledge = replace(KNOWLEDGE, response=replace(KNOWLEDGE.response, uplift=uplift))
    batch = replace(build_batch([Subject("m000")], knowledge), orders_per_day=np.array([5.0], dtype=np.float32))
    values = offer_values(batch, knowledge, OfferTerms.of(knowledge))
    assert np.all(values.mean <= 0)  # they order anyway, so every discount is deadweight
    assert np.allclose(values.deadweight, values.discount)


def test_the_channels_contact_cost_replaces_the_offers_own() -> None:
    batch = build_batch([Subject("m000")], KNOWLEDGE)
    own, channel = (offer_values(batch, KNOWLEDGE, TERMS, contact_cost_minor=cost) for cost in (None, 12))
    assert np.allclose(own.mean - channel.mean, 10)
