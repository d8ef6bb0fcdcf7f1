"""`recsys allocate` from a workspace to files, and to prices that decisions pay."""

import json
from pathlib import Path

import numpy as np
import pytest
import yaml

from recsys.errors import InputError
from serving.allocation.commands import SUMMARY, allocate
from serving.live import load_served
from serving.shadow_prices import FILE, PricesState, shadow_prices_in_force
from tests.serving.allocation.shops import SHORT, allocated, asked, shop_of
from tests.serving.export_world import N_MEMBERS, exported, rows
from tests.worlds import DAY, NOW


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return shop_of(tmp_path / "shop")


def test_without_rows_it_gives_what_an_export_gives(shop: Path) -> None:
    _, given = allocated(shop)
    exported(shop, shop / "mail")
    sent = {(row["member_id"], row["id"]) for row in rows(shop / "mail") if row["kind"] == "offer"}
    assert {(row["member_id"], row["offer_id"]) for row in given} == sent != set()


def test_a_short_budget_is_kept_and_has_a_price(shop: Path) -> None:
    free, _ = allocated(shop, "free")
    report, given = allocated(shop, budget=SHORT)
    (row,) = report.facts["rows"]
    assert (row["name"], row["bound"]) == ("all offers", SHORT)
    assert SHORT - 12 < row["used"] <= SHORT  # nobody costs more than 11, so no more than that is left
    assert abs(sum(int(one["discount_minor"]) for one in given) - row["used"]) <= len(given) / 2
    assert row["price"] > 0
    assert any("one more 1.00 of this budget is worth" in note for note in report.notes)
    assert report.facts["value_minor"] < free.facts["value_minor"]


def test_decisions_that_pay_the_prices_keep_the_budget_too(shop: Path) -> None:
    _, free = allocated(shop, "free")
    _, given = allocated(shop, budget=SHORT)
    served = load_served(shop / "serving" / "b1", shop / "policy.yaml", now=NOW)
    assert served.prices.state is PricesState.USED
    exported(shop, shop / "mail")
    sent = {row["member_id"] for row in rows(shop / "mail") if row["kind"] == "offer"}
    assert sent < {row["member_id"] for row in free}
    # At the price itself one member is a tie: the allocation may give what a decision does not.
    assert len(sent ^ {row["member_id"] for row in given}) <= 1


def test_the_summary_holds_what_was_told_and_the_same_input_gives_the_same_bytes(shop: Path) -> None:
    report, _ = allocated(shop, "one", budget=SHORT)
    allocated(shop, "two", budget=SHORT)
    one, two = (shop / name / SUMMARY for name in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()
    facts = json.loads(one.read_text(encoding="utf-8"))
    assert facts["value_minor"] == report.facts["value_minor"]
    assert {tier["tier"]: tier["members"] for tier in facts["tiers"]}["gold"] == 11
    assert facts["audience"]["members"] == N_MEMBERS


def test_who_has_had_all_their_messages_gets_no_offer(shop: Path) -> None:
    for day in (2, 1):
        exported(shop, shop / f"mail{day}", now=NOW - day * DAY, record_contacts=True)
    mailed = {row["member_id"] for row in rows(shop / "mail1")}
    _, given = allocated(shop)
    assert mailed
    assert not mailed & {row["member_id"] for row in given}


def test_parity_floors_and_contacts_of_the_file_hold(shop: Path) -> None:
    file = asked(
        shop,
        contacts=9,
        parity=[{"id": "alike", "tiers": ["ordinary", "silver"], "delta_minor": 0.4}],
        floors=[{"id": "gold_share", "tier": "gold", "share": 0.3}],
    )
    report, given = allocated(shop, rows=file)
    assert len(given) <= 9
    assert report.facts["feasible"]
    means = {one["tier"]: one["mean_minor"] for one in report.facts["tiers"]}
    assert abs(means["ordinary"] - means["silver"]) <= 0.4 + 1e-9
    names = [row["name"] for row in report.facts["rows"]]
    assert names == ["contacts", "alike: ordinary over silver", "alike: silver over ordinary", "gold_share"]
    assert 0 <= report.facts["price_of_fairness"] < 1
    assert any(note.startswith("Price of fairness") for note in report.notes)


def test_a_floor_that_cannot_be_met_is_told(shop: Path) -> None:
    file = asked(shop, floors=[{"id": "gold_gets", "tier": "gold", "least_minor": 10**9}])
    report, _ = allocated(shop, rows=file)
    assert not report.facts["possible"]
    assert any("gold_gets is missed by" in note and "if it were the only row" in note for note in report.notes)


def test_days_that_are_left_share_a_budget(shop: Path) -> None:
    report, _ = allocated(shop, budget=SHORT * 4, days_left=4)
    assert report.facts["rows"][0]["bound"] == SHORT
    prices = json.loads((shop / FILE).read_text(encoding="utf-8"))
    assert prices["ends_at"] == NOW + 4 * DAY


def test_the_prices_of_an_audience_are_not_served(shop: Path) -> None:
    (shop / "some.txt").write_text("m001\nm002\n", encoding="utf-8")
    report, given = allocated(shop, audience=shop / "some.txt", budget=1)
    assert not (shop / FILE).exists()
    assert not report.facts["prices_served"]
    assert {row["member_id"] for row in given} <= {"m001", "m002"}


def test_a_budget_of_zero_gives_nothing_that_costs(shop: Path) -> None:
    _, given = allocated(shop, budget=0)
    assert given == []


def test_a_budget_of_the_policy_is_a_row_and_its_offers_pay(shop: Path) -> None:
    content = yaml.safe_load((shop / "policy.yaml").read_text(encoding="utf-8"))
    spring = {"id": "spring", "what": "offer.id == 'o003'", "amount_minor": 1_000}
    content["guardrails"] = {**content.get("guardrails", {}), "budgets": [spring]}
    (shop / "policy.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    report, _ = allocated(shop, days_left=50)
    (row,) = report.facts["rows"]
    assert (row["name"], row["bound"]) == ("budget spring", 20)
    assert report.facts["offer_prices"]["o003"] == pytest.approx(row["price"])
    assert sum(report.facts["offer_prices"].values()) == pytest.approx(row["price"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"days_left": 0}, "--days-left is 0"),
        ({"budget": -1}, "--budget is -1"),
        ({"per_member": 2}, "--per-member is 2; it must be from 1 to 1"),
    ],
    ids=["no days", "negative", "too many"],
)
def test_wrong_options_are_refused(shop: Path, options: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        allocated(shop, **options)


def test_a_placement_without_offers_and_a_folder_in_use_are_refused(shop: Path) -> None:
    with pytest.raises(InputError, match=r"shows no offers; those that do are .*home"):
        allocate(shop, placement="product_page", out=shop / "out", now=NOW)
    with pytest.raises(InputError, match="no placement 'nowhere'"):
        allocate(shop, placement="nowhere", out=shop / "out", now=NOW)
    with pytest.raises(InputError, match="is not empty"):
        allocate(shop, placement="email", out=shop / "serving", now=NOW)


def test_prices_reach_the_offers_of_the_bundle_by_id(shop: Path) -> None:
    allocated(shop, budget=SHORT)
    served = load_served(shop / "serving" / "b1", shop / "policy.yaml", now=NOW)
    knowledge, policy_id = served.engine.knowledge, served.policy_id
    found = shadow_prices_in_force(shop, knowledge, policy_id=policy_id, now=NOW)
    assert np.array_equal(served.engine.shadow_price, found.price)
    assert found.price.max() > 0
