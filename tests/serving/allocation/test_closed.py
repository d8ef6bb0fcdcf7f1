"""Rows with nothing to spend keep decisions and exports from their offers, and floors and parity price nothing."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from recsys.decision import Context
from recsys.members import Subject
from recsys.types import OFFER_KINDS, ItemKind, OfferKind
from serving.live import load_served
from serving.shadow_prices import FILE, ShadowPrices
from tests.serving.allocation.shops import SHORT, allocated, asked, shop_of
from tests.serving.export_world import N_MEMBERS, exported, rows
from tests.worlds import NOW, small_knowledge

NUDGE = "o004"


def with_a_nudge():
    """The small world, in which one offer gives nothing, and moves a member or two."""
    plain = small_knowledge(n_members=N_MEMBERS)
    row = plain.offers.offers.row(NUDGE)
    kind, amount, uplift = plain.offers.kind.copy(), plain.offers.amount_minor.copy(), plain.response.uplift.copy()
    kind[row], amount[row], uplift[..., row] = OFFER_KINDS.index(OfferKind.NUDGE), 0, 0.03
    tiers = plain.offers.tier_mask.copy()
    tiers[row] = 0b1000
    return replace(
        plain,
        offers=replace(plain.offers, kind=kind, amount_minor=amount, tier_mask=tiers),
        response=replace(plain.response, uplift=uplift),
    )


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return shop_of(tmp_path / "shop", with_a_nudge())


def sent(shop: Path, name: str) -> set[str]:
    """The offers that an export gives."""
    exported(shop, shop / name)
    return {row["id"] for row in rows(shop / name) if row["kind"] == "offer"}


def decided(shop: Path, placement: str) -> set[str]:
    """The offers that decisions give, one by one."""
    engine = load_served(shop / "serving" / "b2", shop / "policy.yaml", now=NOW).engine
    subjects = [Subject(f"m{row:03}") for row in range(N_MEMBERS)] + [Subject("stranger")]
    slates = [engine.decide(subject, Context(placement, NOW, 5)).items for subject in subjects]
    return {item.id for slate in slates for item in slate if item.kind is ItemKind.OFFER}


def prices(shop: Path) -> ShadowPrices:
    return ShadowPrices.model_validate_json((shop / FILE).read_bytes())


@pytest.mark.parametrize("epsilon", [0.0, 0.5])
def test_a_budget_of_nothing_leaves_nudges_alone_on_every_placement(tmp_path: Path, epsilon: float) -> None:
    shop = shop_of(tmp_path / "shop", with_a_nudge(), epsilon=epsilon)
    assert decided(shop, "email") > {NUDGE}
    report, given = allocated(shop, budget=0)
    assert report.facts["rows"][0]["price"] > 0
    assert {row["offer_id"] for row in given} == {NUDGE}
    assert [decided(shop, placement) for placement in ("email", "home", "offers")] == [{NUDGE}] * 3
    assert any("all offers has room for nothing" in note for note in report.notes)


def test_an_export_pays_the_price_of_a_budget_of_nothing(shop: Path) -> None:
    allocated(shop, budget=0)
    assert sent(shop, "mail") == {NUDGE}


def test_a_budget_of_which_today_gets_nothing_is_closed(shop: Path) -> None:
    report, _ = allocated(shop, budget=3, days_left=7)
    assert report.facts["rows"][0]["bound"] == 0
    assert decided(shop, "email") == {NUDGE}


def test_a_budget_below_the_smallest_discount_is_closed(shop: Path) -> None:
    report, _ = allocated(shop, budget=1)
    assert report.facts["rows"][0]["closed"]
    assert decided(shop, "email") == {NUDGE}


def test_no_contacts_leave_nothing_that_costs_a_discount(shop: Path) -> None:
    report, given = allocated(shop, rows=asked(shop, contacts=0))
    assert given == []
    assert decided(shop, "email") == {NUDGE}
    assert any("contacts has room for nothing" in note and "still decided for" in note for note in report.notes)


def test_floors_and_parity_change_no_price_that_is_served(shop: Path) -> None:
    allocated(shop, "plain", budget=SHORT)
    plain = prices(shop)
    file = asked(
        shop,
        parity=[{"id": "alike", "tiers": ["ordinary", "silver"], "delta_minor": 0.1}],
        floors=[{"id": "gold_gets", "tier": "gold", "least_minor": 10**9}],
    )
    report, _ = allocated(shop, "fair", budget=SHORT, rows=file)
    assert not report.facts["possible"]
    assert plain.offers
    assert (prices(shop).offers, prices(shop).rows) == (plain.offers, plain.rows)
    assert [row["price"] for row in report.facts["rows"]][:1] == [row.price for row in plain.rows]
    (line,) = [note for note in report.notes if note.startswith("Floors and parity hold in")]
    assert "offers.csv only" in line


def test_a_share_is_told_as_a_share(tmp_path: Path) -> None:
    shop = shop_of(tmp_path / "shop")
    report, _ = allocated(shop, rows=asked(shop, floors=[{"id": "gold_share", "tier": "gold", "share": 0.4}]))
    (gold,) = report.tables[0].rows
    assert gold[:4] == ("gold_share", "share of minor units", ">=", "40.0%")
    spent = {one["tier"]: one["members"] * one["mean_minor"] for one in report.facts["tiers"] if one["members"]}
    assert gold[4] == f"{spent['gold'] / sum(spent.values()):.1%}"
    assert spent["gold"] / sum(spent.values()) >= 0.4 - 1e-9


def test_who_may_have_several_offers_gets_one_step_of_a_ladder(tmp_path: Path) -> None:
    plain = with_a_nudge()
    steps = ["o000", "o003"]
    ladder, uplift = plain.offers.ladder.copy(), plain.response.uplift.copy()
    rows_of = [plain.offers.offers.row(step) for step in steps]
    ladder[rows_of], uplift[..., rows_of] = 0, [0.3, 0.07]
    knowledge = replace(
        plain, offers=replace(plain.offers, ladder=ladder), response=replace(plain.response, uplift=uplift)
    )
    shop = shop_of(tmp_path / "shop", knowledge, epsilon=0.0)
    _, given = allocated(shop, placement="offers", per_member=3)
    got = Counter(row["member_id"] for row in given if row["offer_id"] in steps)
    assert got
    assert set(got.values()) == {1}
    assert any(row["offer_id"] not in steps for row in given)
