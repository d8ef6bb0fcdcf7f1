"""Prices over HTTP: whose tier, wallet and redemptions count, what is refused, and what happens without a store."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recsys.errors import StoreError
from serving.scopes import Scope
from tests.serving.service_world import Running, empty_workspace, make_key, publish, running
from tests.worlds import NOW, TIERS, small_knowledge

KNOWLEDGE = small_knowledge()
LIST_PRICE = int(KNOWLEDGE.catalogue.price_minor[4])
PROGRAMME = """
format: 1
name: shop
currency: GBP
timezone: Europe/London
ladders:
  - from: 2000-01-01
    window: {rolling_months: 12}
    downgrade: {review: continuous}
    tiers:
      - name: ordinary
      - {name: silver, entry: {spend_minor: 20000}, benefits: {standing_discount_bp: 100}}
      - {name: gold, entry: {spend_minor: 50000}, benefits: {standing_discount_bp: 500, free_shipping: true}}
      - {name: diamond, entry: {spend_minor: 90000}, benefits: {standing_discount_bp: 900, free_shipping: true}}
points:
  - from: 2000-01-01
    earning: {per_minor: 100}
"""


@pytest.fixture(scope="module")
def quiet_shop(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The same for tests that leave nothing behind."""
    workspace = shutil.copytree(template, tmp_path_factory.mktemp("quiet") / "workspace")
    (workspace / "programme.yaml").write_text(PROGRAMME)
    with running(workspace) as one:
        yield one


@pytest.fixture(scope="module")
def points_shop(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service whose o004, 5.00 off, costs 300 points."""
    workspace = shutil.copytree(template, tmp_path_factory.mktemp("points") / "workspace")
    points_cost = np.array([0, 0, 0, 0, 300, 0])
    publish(workspace, "second", replace(KNOWLEDGE, offers=replace(KNOWLEDGE.offers, points_cost=points_cost)))
    with running(workspace) as one:
        yield one


@pytest.fixture
def shop(workspace: Path) -> Iterator[Running]:
    """A service whose workspace has a programme."""
    (workspace / "programme.yaml").write_text(PROGRAMME)
    with running(workspace) as one:
        yield one


def price(service: Running, *lines: dict[str, Any], **body: Any) -> dict[str, Any]:
    response = service.client.post("/v1/baskets:price", json={"lines": lines or [{"product_id": "p004"}], **body})
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def problem_of(service: Running, **body: Any) -> tuple[int, dict[str, Any]]:
    response = service.client.post("/v1/baskets:price", json=body)
    assert response.headers["content-type"] == "application/problem+json"
    return response.status_code, response.json()


def test_products_have_their_list_price_unless_another_is_said(quiet_shop: Running) -> None:
    answer = price(
        quiet_shop, {"product_id": "p004", "quantity": 2}, {"product_id": "caviar", "unit_price_minor": 9_000}
    )
    assert (answer["gross_minor"], answer["total_minor"]) == (2 * LIST_PRICE + 9_000, 2 * LIST_PRICE + 9_000)
    assert (answer["tier"], answer["tier_source"], answer["currency"], answer["priced_at"]) == (
        "ordinary", "lowest", "GBP", NOW,
    )  # fmt: skip


def test_coupons_and_the_tier_are_told_line_by_line(quiet_shop: Running) -> None:
    # o000: 5.00 off from 30.00 on, for gold and diamond; o002: 10 % off p004 and p005
    answer = price(
        quiet_shop, {"product_id": "vase", "unit_price_minor": 5_000}, tier="gold", coupons=["o000", "o002"],
        shipping_minor=350,
    )  # fmt: skip
    (line,) = answer["lines"]
    assert line["discounts"] == [
        {"source": "coupon", "id": "o000", "amount_minor": 500},
        {"source": "tier", "id": "gold", "amount_minor": 225},
    ]
    assert (line["net_minor"], answer["total_minor"], answer["search"]) == (4_275, 4_275, "exact")
    assert answer["shipping_discounts"] == [{"source": "tier", "id": "gold", "amount_minor": 350}]
    assert [(one["offer_id"], one["code"]) for one in answer["not_applied"]] == [("o002", "out_of_scope")]
    # the lower tiers have no such coupon and earn on 50.00: nobody above them earns less (law 4)
    assert (answer["points_earned"], answer["points_by_tier"]) == (50, "ordinary")


def test_a_members_tier_counts_and_another_may_be_asked_for(quiet_shop: Running) -> None:
    answer = price(quiet_shop, member_id="m000")
    assert (answer["tier"], answer["tier_source"]) == ("gold", "member")
    assert (price(quiet_shop, member_id="m000", tier="silver")["tier_source"]) == "request"
    assert price(quiet_shop, member_id="nobody")["tier"] == TIERS[0]


def test_the_answer_says_whose_price_it_is(quiet_shop: Running) -> None:
    assert [price(quiet_shop, **asked)["member_id"] for asked in ({"member_id": "m000"}, {})] == ["m000", ""]
    assert [price(quiet_shop, **asked)["coupons_source"] for asked in ({"coupons": []}, {})] == ["request", "wallet"]


def test_a_benefit_that_was_promised_needs_no_consent_to_personalisation(shop: Running) -> None:
    shop.client.put("/v1/members/m000/consent", json={"personalisation": False})
    assert price(shop, member_id="m000")["tier"] == "gold"


def test_of_an_erased_member_nothing_is_known(shop: Running) -> None:
    shop.client.delete("/v1/members/m000")
    assert (price(shop, member_id="m000")["tier_source"]) == "lowest"


def test_a_coupon_that_the_member_redeemed_is_not_used_again(shop: Running) -> None:
    line = {"product_id": "p004", "unit_price_minor": 9_000}
    assert price(shop, line, member_id="m000", coupons=["o000"])["coupons"][0]["goods_minor"] == 500
    shop.tell(event_id="e1", kind="redemption", offer_id="o000", occurred_at=NOW - 60)
    (unused,) = price(shop, line, member_id="m000", coupons=["o000"])["not_applied"]
    assert (unused["code"], unused["by"]) == ("limit_reached", "per_member")


@pytest.mark.parametrize(
    ("asked", "used"),
    [({"member_id": "m003"}, True), ({"member_id": "m002"}, False), ({}, False), ({"member_id": "nobody"}, False),
     ({"tier": "gold"}, False), ({"tier": "silver", "member_id": "m003"}, True)],
)  # fmt: skip
def test_only_a_known_member_pays_with_points(points_shop: Running, asked: dict[str, Any], used: bool) -> None:
    answer = price(points_shop, {"product_id": "vase", "unit_price_minor": 5_000}, coupons=["o004"], **asked)
    assert (len(answer["coupons"]), answer["points_paid"]) == ((1, 300) if used else (0, 0))
    assert [(one["code"], one["gap"]) for one in answer["not_applied"]] == (
        [] if used else [("not_enough_points", 100 if asked == {"member_id": "m002"} else None)]
    )


def test_what_was_paid_with_points_is_refunded_without_naming_the_member(points_shop: Running) -> None:
    line = {"product_id": "vase", "unit_price_minor": 5_000}
    paid = price(points_shop, line, member_id="m003", coupons=["o004"])
    body = {"lines": [line], "coupons": ["o004"], "returned": [line]}
    body |= {name: paid[name] for name in ("tier", "priced_at", "total_minor")}
    answer = points_shop.client.post("/v1/baskets:refund", json=body).json()
    assert (answer["paid_back_minor"], answer["points_back"]) == (4_500, 300)


def test_given_coupons_are_used_in_their_order_and_unknown_ones_say_so(quiet_shop: Running) -> None:
    line = {"product_id": "p004", "unit_price_minor": 9_000}
    answer = price(quiet_shop, line, tier="gold", coupons=["o004", "nope", "o002"], choose="given")
    assert [one["offer_id"] for one in answer["coupons"]] == ["o002", "o004"]
    assert (answer["search"], answer["not_applied"][0]["code"]) == ("given", "unknown_coupon")


def test_why_a_coupon_is_not_used_is_told_in_the_language_asked_for(quiet_shop: Running) -> None:
    told = [price(quiet_shop, coupons=["never"], language=one)["not_applied"][0]["detail"] for one in ("en", "zh")]
    assert told == ["there is no such offer in the bundle", "当前数据包中没有该优惠"]


def test_many_coupons_are_answered_from_a_thread_with_the_same_price(quiet_shop: Running) -> None:
    few, many = (price(quiet_shop, tier="gold", coupons=["o002", *more]) for more in ([], [f"x{n}" for n in range(9)]))
    assert (few["total_minor"], few["lines"]) == (many["total_minor"], many["lines"])


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"lines": []}, "/lines"),
    ({"lines": [{"product_id": "p004", "quantity": 0}]}, "/lines/0/quantity"),
    ({"lines": [{"product_id": "p004", "quantity": -1}]}, "/lines/0/quantity"),
    ({"lines": [{"product_id": "p004", "quantity": 10_001}]}, "/lines/0/quantity"),
    ({"lines": [{"product_id": "p004", "quantity": 1.5}]}, "/lines/0/quantity"),
    ({"lines": [{"product_id": "p004", "unit_price_minor": -1}]}, "/lines/0/unit_price_minor"),
    ({"lines": [{"product_id": "p004"}, {"product_id": "caviar"}]}, "/lines/1/product_id"),
    ({"lines": [{"product_id": "p004"}], "tier": "platinum"}, "/tier"),
    ({"lines": [{"product_id": "p004"}], "currency": "EUR"}, "/currency"),
    ({"lines": [{"product_id": "p004"}], "currency": "pounds"}, "/currency"),
    ({"lines": [{"product_id": "p004"}], "choose": "dearest"}, "/choose"),
    ({"lines": [{"product_id": "p004"}], "member_id": "a@b.example"}, "/member_id"),
]


@pytest.mark.parametrize(("body", "pointer"), WRONG)
def test_wrong_input_is_a_problem_that_names_it(shared_service: Running, body: dict[str, Any], pointer: str) -> None:
    status, problem = problem_of(shared_service, **body)
    assert (status, problem["code"]) == (422, "invalid_request")
    assert [one["pointer"] for one in problem["errors"]] == [pointer]


def test_too_few_and_too_many_lines_are_told_in_words_of_json(shared_service: Running) -> None:
    told = [problem_of(shared_service, lines=[{"product_id": "p004"}] * n)[1]["errors"][0]["detail"] for n in (0, 501)]
    assert told == [
        "the list has 0 entries; it must have at least 1",
        "the list has 501 entries; it must have at most 500",
    ]


def test_a_basket_beyond_what_can_be_counted_is_refused(shared_service: Running) -> None:
    lines = [{"product_id": f"x{n}", "quantity": 10_000, "unit_price_minor": 10**9} for n in range(2)]
    status, problem = problem_of(shared_service, lines=lines)
    assert (status, "the basket is 20000000000000" in problem["detail"]) == (422, True)


def test_a_product_of_no_price_costs_nothing(shared_service: Running) -> None:
    answer = price(shared_service, {"product_id": "p004", "unit_price_minor": 0}, coupons=["o002"])
    assert (answer["total_minor"], answer["not_applied"][0]["code"]) == (0, "no_effect")


def test_without_a_programme_no_tier_has_benefits_and_nothing_is_said_of_points(shared_service: Running) -> None:
    answer = price(shared_service, tier="diamond")
    assert (answer["total_minor"], answer["points_earned"], answer["programme_id"]) == (LIST_PRICE, None, "")


def test_a_programme_is_taken_in_when_it_is_written_and_kept_when_it_is_broken(shop: Running) -> None:
    before = price(shop, tier="gold")
    file = shop.workspace / "programme.yaml"
    file.write_text(PROGRAMME.replace("standing_discount_bp: 500", "standing_discount_bp: 600"))
    after = price(shop, tier="gold")
    assert after["discount_minor"] > before["discount_minor"]
    assert after["programme_id"] != before["programme_id"]
    file.write_text("ladders: none at all")
    assert price(shop, tier="gold")["programme_id"] == after["programme_id"]


def test_a_new_bundle_beside_a_broken_programme_is_priced_by_the_last_good_one(shop: Running) -> None:
    before = price(shop, tier="gold")
    (shop.workspace / "programme.yaml").write_text("ladders: none at all")
    publish(shop.workspace, "second", replace(KNOWLEDGE, stranger_basket_minor=4_001))
    assert shop.service.live.refresh()
    after = price(shop, tier="gold")
    assert after["bundle_id"] != before["bundle_id"]
    assert (after["programme_id"], after["total_minor"]) == (before["programme_id"], before["total_minor"])


@pytest.mark.parametrize("text", ["ladders: none at all", PROGRAMME.replace("currency: GBP", "currency: EUR")])
def test_with_a_programme_that_was_never_good_prices_are_refused(workspace: Path, text: str) -> None:
    (workspace / "programme.yaml").write_text(text)
    with running(workspace) as service:
        status, problem = problem_of(service, lines=[{"product_id": "p004"}])
    assert (status, problem["code"]) == (503, "not_ready")
    assert str(workspace) not in problem["detail"]
    assert "programme.yaml" in problem["detail"]


def test_without_a_bundle_there_is_no_price(tmp_path: Path) -> None:
    with running(empty_workspace(tmp_path / "workspace")) as service:
        assert problem_of(service, lines=[{"product_id": "p004"}])[0] == 503


def test_without_the_store_the_bundles_tier_counts_and_the_answer_says_so(
    shop: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def down(*_: Any, **__: Any) -> Any:
        raise StoreError("the store does not answer")

    monkeypatch.setattr(type(shop.service.store.reader), "fetch", down)
    answer = price(shop, member_id="m000")
    assert (answer["tier"], answer["degraded"]) == ("gold", ["store_unavailable"])


def test_a_key_needs_the_scope_of_offers(shop: Running) -> None:
    for scope, status in ((Scope.RECOMMEND_READ, 403), (Scope.OFFERS_READ, 200)):
        key = make_key(shop.service.settings, scope)
        shop.service.keyring.replace(shop.service.store.keys.fetch_all())
        response = shop.client.post(
            "/v1/baskets:price",
            json={"lines": [{"product_id": "p004"}]},
            headers={"Authorization": f"Bearer {key}"},
        )
        assert response.status_code == status
