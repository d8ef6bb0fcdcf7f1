"""Expected incremental margin, against a judge that works out one member and one offer at a time in plain Python."""

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys.batch import build_batch
from recsys.knowledge import Knowledge
from recsys.members import MemberBatch, Subject
from recsys.offers.definitions import Trigger
from recsys.offers.economics import OfferTerms, OfferValues, offer_values
from recsys.types import OFFER_KINDS, OfferKind
from tests.recsys.offers.waiting_world import world
from tests.worlds import CUT_OFF, NOW

SUBJECTS = [Subject(one) for one in ("m004", "m000", "nobody", "m006", "m002")]
LADDER = (5, 4)
"""Rows of a ladder, shallow to deep: 300 off and 700 off."""

NUDGE, ENDING, ENDS = 1, 400, [9, 9, 1, 9, 9, 9, 9]
"""The offer that tells of points that end, how many, and in how many days after the cut-off: m002's have ended."""

SEEDS = st.integers(0, 2**32 - 1)


def drawn_world(seed: int) -> Knowledge:
    """Members who deviate, two groups of offers, known and unknown chances of an order, points to pay, and a ladder."""
    rng = np.random.default_rng(seed)
    ends = [CUT_OFF + days * 86_400 for days in ENDS]
    told = {"next_expiry_at": ends, "next_expiry_points": [ENDING] * 7}
    plain = world({"o001": (Trigger.POINTS_EXPIRING, 30)}, points=[900] * 7, **told)
    plain = replace(plain, point_worth_minor=float(rng.uniform(0, 2)))
    response, offers, m, n = plain.response, plain.offers, len(plain.members), len(plain.offers)
    p_order = rng.uniform(-0.2, 1.2, m).astype(np.float32)
    p_order[rng.random(m) < 0.4] = np.nan
    kind, amount = offers.kind.copy(), offers.amount_minor.copy()
    kind[list(LADDER)], amount[list(LADDER)] = OFFER_KINDS.index(OfferKind.AMOUNT_OFF), (300, 700)
    shape = response.uplift.shape
    return replace(
        plain,
        offers=replace(
            offers,
            kind=kind,
            amount_minor=amount,
            ladder=np.where(np.isin(np.arange(n), LADDER), 2, -1).astype(np.int16),
            points_cost=rng.integers(0, 600, n).astype(offers.points_cost.dtype),
            min_spend_minor=np.where(np.arange(n) == 0, 3_000, 0).astype(np.int64),
        ),
        response=replace(
            response,
            uplift=rng.uniform(-0.4, 0.6, shape).astype(np.float32),
            uplift_sd=rng.uniform(0.01, 0.2, shape).astype(np.float32),
            redeem=rng.uniform(0, 1, shape).astype(np.float32),
            group=np.array([0, -1, 1, 1, 0, 0], dtype=np.int16),
            member_uplift=rng.uniform(-0.3, 0.3, (m, 2)).astype(np.float16),
            member_uplift_sd=rng.uniform(0, 0.2, (m, 2)).astype(np.float16),
            member_redeem=rng.uniform(0, 3, (m, 2)).astype(np.float16),
            p_order=p_order,
            borrowed=rng.uniform(0, 1, n).astype(np.float32),
            scope_affinity=rng.uniform(0, 1, (m, n)).astype(np.float16),
        ),
    )


def cell_of(knowledge: Knowledge, batch: MemberBatch, at: int, offer: int) -> tuple[float, float, float]:
    """Uplift, its standard deviation and redemption of one member, before ladders and scopes."""
    response, stage, tier = knowledge.response, int(batch.stage[at]), int(batch.tier[at])
    row, group = int(batch.row[at]), int(response.group[offer])
    uplift, sd, redeem = (
        float(one[stage, tier, offer]) for one in (response.uplift, response.uplift_sd, response.redeem)
    )
    if row >= 0 and group >= 0:
        uplift += float(response.member_uplift[row, group])
        sd = math.sqrt(sd**2 + float(response.member_uplift_sd[row, group]) ** 2)
        redeem = min(redeem * float(response.member_redeem[row, group]), 1.0)
    return uplift, sd, redeem


def judged(knowledge: Knowledge, terms: OfferTerms, batch: MemberBatch, at: int, offer: int) -> dict[str, float]:
    """All that `OfferValues` says of one member and one offer."""
    response, row = knowledge.response, int(batch.row[at])
    uplift, sd, redeem = cell_of(knowledge, batch, at, offer)
    if offer in LADDER:
        (low, low_sd, _), (high, high_sd, _) = (cell_of(knowledge, batch, at, step) for step in LADDER)
        if high < low:
            uplift = (low / low_sd**2 + high / high_sd**2) / (1 / low_sd**2 + 1 / high_sd**2)
    relative = 1.0
    if row >= 0 and knowledge.offers.scope.lengths()[offer]:
        mean = sum(float(one) for one in response.scope_affinity[:, offer]) / len(knowledge.members)
        relative = min(float(response.scope_affinity[row, offer]) / mean, 3.0)
    before = 1 - math.exp(-float(batch.orders_per_day[at]) * response.horizon_days)
    if row >= 0 and not math.isnan(response.p_order[row]):
        before = min(max(float(response.p_order[row]), 0.0), 1.0)
    after = min(max(before + uplift * relative, 0.0), 1.0)
    redeem = min(redeem * relative, 1.0)
    basket = int(batch.basket_minor[at])
    spend = max(min(basket, int(terms.most_minor[offer])), int(terms.discounts.least_minor[offer]))
    off = int(terms.discounts.on(np.full((1, len(knowledge.offers)), spend))[0, offer])
    points = min(float(knowledge.offers.points_cost[offer]) * knowledge.point_worth_minor, off)
    margin = basket * float(batch.margin_rate[at]) * (1 - float(response.borrowed[offer]))
    # Half of points that end would have been used anyway, where nothing is known of a member's habit.
    lapsing = ENDING * knowledge.point_worth_minor if offer == NUDGE and row >= 0 and ENDS[row] > 2 else 0.0
    return {
        "mean": (after - before) * margin
        - after * redeem * (off - points)
        - int(knowledge.offers.contact_cost_minor[offer])
        - (after - before * 0.5) * lapsing,
        "sd": sd * relative * abs(margin - redeem * (off - points) - lapsing),
        "discount": after * redeem * off,
        "deadweight": before * redeem * off,
        "revenue": after * basket,
        "redemption": off,
        "uplift": after - before,
        "uplift_sd": sd * relative,
        "p_redeem": after * redeem,
    }


@settings(max_examples=40, deadline=None)
@given(SEEDS)
def test_every_member_and_offer_is_worth_what_the_formulas_say(seed: int) -> None:
    knowledge = drawn_world(seed)
    terms, batch = OfferTerms.of(knowledge), build_batch(SUBJECTS, knowledge)
    assert terms.nudges.tolist() == [NUDGE]
    values = offer_values(batch, knowledge, terms, now=NOW)
    for at in range(len(batch)):
        for offer in range(len(knowledge.offers)):
            for name, expected in judged(knowledge, terms, batch, at, offer).items():
                assert getattr(values, name)[at, offer] == pytest.approx(expected, rel=1e-6, abs=1e-7), name


@settings(max_examples=25, deadline=None)
@given(SEEDS, st.permutations(range(5)), st.integers(1, 5))
def test_who_else_is_asked_about_changes_no_bit(seed: int, order: list[int], size: int) -> None:
    knowledge = drawn_world(seed)
    terms = OfferTerms.of(knowledge)
    together = offer_values(build_batch(SUBJECTS, knowledge), knowledge, terms, now=NOW)
    some = order[:size]
    fewer = offer_values(build_batch([SUBJECTS[one] for one in some], knowledge), knowledge, terms, now=NOW)
    for name in OfferValues.__slots__:
        np.testing.assert_array_equal(getattr(fewer, name), getattr(together, name)[some], err_msg=name)


@settings(max_examples=25, deadline=None)
@given(SEEDS)
def test_who_did_not_agree_is_worth_what_a_stranger_is_whatever_is_known_of_members(seed: int) -> None:
    knowledge = drawn_world(seed)
    values = offer_values(build_batch(SUBJECTS, knowledge), knowledge, OfferTerms.of(knowledge), now=NOW)
    for name in OfferValues.__slots__:
        np.testing.assert_array_equal(getattr(values, name)[3], getattr(values, name)[2], err_msg=name)


@settings(max_examples=25, deadline=None)
@given(SEEDS)
def test_what_is_told_keeps_its_bounds(seed: int) -> None:
    knowledge = drawn_world(seed)
    values = offer_values(build_batch(SUBJECTS, knowledge), knowledge, OfferTerms.of(knowledge), now=NOW)
    after = values.p_without[:, None] + values.uplift
    assert np.all((after >= -1e-12) & (after <= 1 + 1e-12))
    assert np.all((values.p_redeem >= 0) & (values.p_redeem <= after + 1e-12))
    assert np.all((values.discount >= 0) & (values.deadweight >= 0) & (values.sd >= 0))
    assert all(np.all(np.isfinite(getattr(values, name))) for name in OfferValues.__slots__)
    for low, high in pairwise(LADDER):  # neither has a scope, so what is added before the bounds rises with depth
        assert np.all(values.uplift[:, high] >= values.uplift[:, low] - 1e-12)
