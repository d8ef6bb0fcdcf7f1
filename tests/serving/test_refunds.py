"""Refunds over HTTP: what a till gets told, and what is refused."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.serving.service_world import Running, running
from tests.serving.test_pricing import PROGRAMME
from tests.worlds import NOW

TEA, CUP = ({"product_id": name, "unit_price_minor": price} for name, price in (("tea", 1_100), ("cup", 900)))
LINES = [{**TEA, "quantity": 2}, {**CUP, "quantity": 3}]


@pytest.fixture(scope="module")
def till(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    workspace = shutil.copytree(template, tmp_path_factory.mktemp("till") / "workspace")
    (workspace / "programme.yaml").write_text(PROGRAMME)
    with running(workspace) as one:
        yield one


def bought(till: Running, **more: Any) -> dict[str, Any]:
    """What a till keeps of the answer to a price: o000 takes 5.00 off from 30.00 on, gold has 5 % off."""
    asked = {"lines": LINES, "coupons": ["o000"], "tier": "gold", "shipping_minor": 350, **more}
    priced = till.client.post("/v1/baskets:price", json=asked).json()
    names = ("product_id", "unit_price_minor", "quantity")
    return {
        "lines": [{name: line[name] for name in names} for line in priced["lines"]],
        "coupons": [one["offer_id"] for one in priced["coupons"]],
        "shipping_minor": priced["shipping_fee_minor"],
        **{name: priced[name] for name in ("tier", "priced_at", "total_minor", "points_earned")},
    }


def refund(till: Running, receipt: dict[str, Any], *returned: dict[str, Any], **more: Any) -> dict[str, Any]:
    response = till.client.post("/v1/baskets:refund", json={**receipt, "returned": returned, **more})
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def test_while_the_coupon_holds_units_come_back_at_what_they_cost(till: Running) -> None:
    answer = refund(till, bought(till), {**CUP, "quantity": 1})
    # 49.00 - 5.00 - 5 % = 41.80 was paid, 23.03 of it for three cups; 40.00 - 5.00 - 5 % = 33.25 is kept
    assert answer["lines"] == [{**CUP, "quantity": 1, "paid_minor": 767, "paid_back_minor": 767}]
    assert (answer["paid_back_minor"], answer["withheld_minor"], answer["kept_total_minor"]) == (767, 0, 3_325)
    assert answer["coupons"] == [
        {"offer_id": "o000", "state": "kept", "discount_minor": 500, "kept_minor": 500}
    ]  # fmt: skip
    assert (answer["points_taken"], answer["points_back"], answer["currency"]) == (9, 0, "GBP")


def test_a_coupon_whose_minimum_is_lost_is_taken_back_line_by_line(till: Running) -> None:
    answer = refund(till, bought(till), TEA, TEA, CUP)
    # two cups are 18.00 - 5 % = 17.10; 41.80 - 17.10
    assert answer["paid_back_minor"] == 2_470 == sum(line["paid_back_minor"] for line in answer["lines"])
    assert [line["quantity"] for line in answer["lines"]] == [1, 2]
    assert answer["withheld_minor"] == sum(line["paid_minor"] for line in answer["lines"]) - 2_470
    assert answer["coupons"] == [
        {"offer_id": "o000", "state": "released", "discount_minor": 500, "kept_minor": 0}
    ]  # fmt: skip


def test_returns_one_after_the_other_add_up_to_what_was_paid(till: Running) -> None:
    receipt, returns, in_all = bought(till, tier="diamond"), [[TEA], [TEA, CUP], [CUP], [CUP]], []
    for at, units in enumerate(returns):
        answer = refund(till, receipt, *units, returned_before=returns[:at])
        in_all.append(answer["paid_back_minor"])
        assert answer["paid_back_in_all_minor"] == sum(in_all)
        of_lines = sum(line["paid_back_minor"] for line in answer["lines"])
        assert of_lines + answer["shipping_back_minor"] + answer["made_up_minor"] == in_all[-1]
    assert sum(in_all) == receipt["total_minor"]
    assert answer["kept_total_minor"] == 0


def test_shipping_comes_back_with_the_last_unit(till: Running) -> None:
    receipt = bought(till, tier="silver", coupons=[])
    answer = refund(till, receipt, *LINES)
    assert (answer["shipping_back_minor"], answer["paid_back_minor"]) == (350, receipt["total_minor"])


def test_what_was_credited_in_points_may_be_said(till: Running) -> None:
    receipt = bought(till)
    whole = refund(till, {**receipt, "points_earned": 70}, *LINES)
    assert (whole["points_taken"], receipt["points_earned"]) == (70, 49)


@pytest.mark.parametrize(
    ("change", "pointer", "told"),
    [
        (
            {"total_minor": 4_181},
            "/total_minor",
            "4181 was paid, and by the offers and rules of now the basket comes to",
        ),
        ({"coupons": ["o000", "never"]}, "/coupons", "'never': there is no such offer"),
        ({"priced_at": NOW + 10**9}, "/coupons", "it is valid until"),
        ({"tier": "velvet"}, "/tier", "there is no tier 'velvet'"),
        ({"returned": [{**CUP, "quantity": 4}]}, "/returned", "4 units of 'cup' at 900 are to be returned; 3 are left"),
        ({"returned": [CUP] * 4}, "/returned", "3 are left of the basket"),
        ({"returned_before": [[CUP], [CUP, CUP]]}, "/returned", "0 are left of the basket"),
        ({"returned_before": [[{**TEA, "unit_price_minor": 1}]]}, "/returned_before/0", "0 are left of the basket"),
        ({"returned": []}, "/returned", "at least 1"),
        ({"returned": [{"product_id": "cup"}]}, "/returned/0/unit_price_minor", "required"),
    ],
)
def test_what_cannot_be_is_a_problem_that_names_it(
    till: Running, change: dict[str, Any], pointer: str, told: str
) -> None:
    response = till.client.post("/v1/baskets:refund", json={**bought(till), "returned": [CUP], **change})
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    (error,) = response.json()["errors"]
    assert error["pointer"] == pointer
    assert told in error["detail"]
