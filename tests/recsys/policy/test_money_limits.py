"""Bounds on money: rates at the bound, budgets that hold one more redemption, and a share of members by hash."""

from dataclasses import replace

import numpy as np
import pytest

from recsys.assignment import assign
from recsys.batch import build_batch
from recsys.catalogue import ALWAYS_FROM, ALWAYS_UNTIL
from recsys.members import Subject
from recsys.offers.economics import OfferTerms, OfferValues, offer_values
from recsys.policy.file.experiment import Arm, Experiment
from recsys.policy.file.schema import Policy
from recsys.policy.money_limits import (
    BudgetLimit,
    MoneyLimits,
    discount_rate_breaks,
    lowers_price,
    month_of,
    no_discount,
    overdraws,
)
from recsys.policy.native import KEPT, Code, NativeRule
from recsys.types import OFFER_KINDS
from tests.recsys.policy.calendar.periods import at
from tests.worlds import bare_values, small_knowledge

KNOWLEDGE = small_knowledge()
NOW = at("2026-11-22")
MANY = np.array([f"m{row:08}".encode() for row in range(100_000)])


def values(*, discount: list[list[float]], revenue: list[list[float]], redemption: list[list[int]]) -> OfferValues:
    given = np.array(discount, dtype=np.float64)
    return bare_values(
        given, given, given, given, revenue=np.array(revenue), redemption=np.array(redemption, dtype=np.int64)
    )


def limits(**instead: object) -> MoneyLimits:
    """No bound at all on three offers, but for what is said."""
    nothing = MoneyLimits(
        max_discount_rate=None,
        max_discount_rate_code=Code(1),
        no_discount_share=0.0,
        no_discount_code=Code(2),
        discounts=np.array([True, False, True]),
        budget_minor=np.array([-1, -1, -1]),
        out_of_budget_code=Code(0),
        budgets=(),
        zone="UTC",
    )
    return replace(nothing, **instead)


def removed(bounds: MoneyLimits, offers: OfferValues, ids: list[bytes] | None = None) -> list[list[int]]:
    codes = np.full(offers.mean.shape, KEPT, dtype=np.uint16)
    names = np.array(ids or [b"m%d" % row for row in range(len(codes))])
    bounds.remove_from(codes, names, offers, now=NOW)
    return codes.view(np.int16).tolist()


TWO_BY_THREE = values(
    discount=[[20.0, 21.0, 0.0], [5.0, 0.0, 40.0]],
    revenue=[[100.0, 100.0, 0.0], [100.0, 0.0, 100.0]],
    redemption=[[500, 600, 0], [100, 0, 4_000]],
)


def test_a_rate_at_the_bound_stays_and_one_above_goes() -> None:
    assert discount_rate_breaks(TWO_BY_THREE, 0.2).tolist() == [[False, True, False], [False, False, True]]


@pytest.mark.parametrize("revenue", [0.1, 0.3, 1 / 3, 7_777.7])
def test_rounding_does_not_put_an_offer_above_the_bound(revenue: float) -> None:
    at_the_bound = values(discount=[[revenue * 0.2]], revenue=[[revenue]], redemption=[[1]])
    assert not discount_rate_breaks(at_the_bound, 0.2).any()


def test_an_offer_on_which_nobody_orders_has_no_rate_to_break() -> None:
    assert not discount_rate_breaks(values(discount=[[0.0]], revenue=[[0.0]], redemption=[[9]]), 0.0).any()


def test_the_rate_is_what_is_given_on_what_is_bought() -> None:
    # Offer 1 takes a tenth off every basket, and 40 % of orders redeem it.
    batch = build_batch([Subject("m002"), Subject("m003")], KNOWLEDGE)
    found = offer_values(batch, KNOWLEDGE, OfferTerms.of(KNOWLEDGE))
    assert (found.discount / found.revenue)[:, 1] == pytest.approx(0.04, rel=1e-3)
    assert found.redemption[:, 1].tolist() == (batch.basket_minor // 10).tolist()
    assert found.redemption.dtype == np.int64


def test_a_budget_that_pays_one_more_redemption_keeps_the_offer() -> None:
    redemption = np.array([[500, 500, 500, 0], [501, 0, 10**9, 7]])
    budget = np.array([500, 499, -1, 0])
    assert overdraws(redemption, budget).tolist() == [[False, True, False, True], [True, False, False, True]]


def test_a_policy_budget_limits_what_it_pays_for_while_it_runs() -> None:
    budget = BudgetLimit(Code(4), np.array([True, True, False]), 550, NOW, NOW + 10)
    during, before, after = (budget.breaks(TWO_BY_THREE.redemption, now=NOW + late) for late in (0, -1, 10))
    assert during.tolist() == [[False, True, False], [False, False, False]]
    assert not before.any()
    assert not after.any()


def test_a_policy_budget_of_nothing_removes_all_that_it_pays_for() -> None:
    budget = BudgetLimit(Code(4), np.array([True, True, False]), 0, ALWAYS_FROM, ALWAYS_UNTIL)
    assert budget.breaks(TWO_BY_THREE.redemption, now=NOW).tolist() == [[True, True, False]] * 2


def test_no_bound_removes_nothing() -> None:
    assert removed(limits(), TWO_BY_THREE) == [[-1, -1, -1]] * 2


def test_each_bound_writes_its_code_and_the_first_stays() -> None:
    budgets = (BudgetLimit(Code(5), np.array([True, False, True]), 450, ALWAYS_FROM, ALWAYS_UNTIL),)
    bounds = limits(max_discount_rate=0.2, budget_minor=np.array([-1, 550, 550]), budgets=budgets)
    assert removed(bounds, TWO_BY_THREE) == [[5, 0, -1], [-1, -1, 0]]


def test_the_bounds_are_those_of_the_file_and_of_the_bundle() -> None:
    policy = Policy.model_validate({
        "name": "small",
        "currency": "GBP",
        "time_zone": "Asia/Shanghai",
        "tiers": ["ordinary", "gold"],
        "placements": {"home": {"channel": "web", "capacity": 1, "types": ["offer"]}},
        "default_placement": "home",
        "guardrails": {
            "max_discount_rate": 0.15,
            "min_no_discount_share": 0.25,
            "budgets": [
                {"id": "month", "amount_minor": 700, "from": "2026-11-01", "until": "2026-12-01"},
                {"id": "all", "amount_minor": 0},
            ],
        },
    })  # fmt: skip
    code_of = {rule: Code(row) for row, rule in enumerate([*NativeRule, "month", "all"])}
    first, every = np.arange(6) == 0, np.ones(6, dtype=np.bool_)
    bounds = MoneyLimits.of(policy, KNOWLEDGE, code_of=code_of, paid_by={"month": first, "all": every})
    assert (bounds.max_discount_rate, bounds.no_discount_share, bounds.zone) == (0.15, 0.25, "Asia/Shanghai")
    assert bounds.max_discount_rate_code == code_of["max_discount_rate"]
    assert bounds.no_discount_code == code_of["no_discount"]
    assert bounds.out_of_budget_code == code_of["out_of_budget"]
    assert bounds.budget_minor is KNOWLEDGE.offers.budget_minor
    month, overall = bounds.budgets
    assert (month.code, month.amount_minor, month.offers.tolist()) == (code_of["month"], 700, first.tolist())
    assert (month.starts, month.ends) == (at("2026-11-01"), at("2026-12-01"))
    assert (overall.code, overall.starts, overall.ends) == (code_of["all"], ALWAYS_FROM, ALWAYS_UNTIL)


def test_members_without_a_discount_keep_points_and_gifts() -> None:
    assert removed(limits(no_discount_share=1.0), TWO_BY_THREE, [b"a", b""]) == [[2, -1, 2], [-1, -1, -1]]


def test_kinds_that_lower_the_price_are_discounts() -> None:
    # Gifts are the seventh kind; a world of six offers has none.
    every_kind = replace(KNOWLEDGE.offers, kind=np.arange(6, dtype=np.int8))
    kinds = [OFFER_KINDS[code].value for code in np.flatnonzero(lowers_price(every_kind))]
    assert kinds == ["amount_off", "percent_off", "free_shipping", "buy_x_get_y"]


@pytest.mark.parametrize("share", [0.1, 0.37])
def test_the_share_of_members_without_a_discount_is_the_one_asked_for(share: float) -> None:
    found = no_discount(MANY, month="2026-11", share=share).mean()
    assert found == pytest.approx(share, abs=4 * np.sqrt(share * (1 - share) / len(MANY)))


def test_nobody_and_everybody_are_shares_too() -> None:
    assert not no_discount(MANY, month="2026-11", share=0.0).any()
    assert no_discount(MANY, month="2026-11", share=1.0).all()


def test_a_larger_share_adds_members_and_takes_none_away() -> None:
    few, more = (no_discount(MANY, month="2026-11", share=share) for share in (0.1, 0.2))
    assert np.all(more[few])


def test_members_are_the_same_alone_and_in_any_order() -> None:
    together = no_discount(MANY[:100], month="2026-11", share=0.3)
    assert np.array_equal(no_discount(MANY[:100][::-1], month="2026-11", share=0.3)[::-1], together)
    assert [bool(no_discount(MANY[row : row + 1], month="2026-11", share=0.3)[0]) for row in range(100)] == (
        together.tolist()
    )


def test_another_month_has_other_members() -> None:
    november, december = (no_discount(MANY, month=month, share=0.2) for month in ("2026-11", "2026-12"))
    assert (november & december).mean() == pytest.approx(0.04, abs=0.003)


def test_who_gets_no_discount_tells_nothing_of_the_arm() -> None:
    arms = (Arm(name="offers", weight=0.7), Arm(name="none", weight=0.3))
    for key in ("offers_holdout", "no_discount", "no_discount 2026-11x"):
        arm = assign(Experiment(key=key, arms=arms), MANY)
        without = no_discount(MANY, month="2026-11", share=0.1)
        assert arm[without].mean() == pytest.approx(0.3, abs=4 * np.sqrt(0.21 / without.sum()))


def test_months_change_at_midnight_of_the_zone() -> None:
    last = at("2026-11-30 23:30", "Asia/Shanghai")
    assert (month_of(last, "Asia/Shanghai"), month_of(last + 3_600, "Asia/Shanghai")) == ("2026-11", "2026-12")
    assert month_of(last + 3_600, "Europe/London") == "2026-11"
