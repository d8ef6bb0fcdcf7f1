from pathlib import Path
from typing import Any

import polars as pl
import pytest

from features.dataset import Dataset
from features.offers import build_offers
from features.workspace import Workspace
from recsys.offers.definitions import BASES, STACKINGS, TRIGGERS, OfferDefinitions, plain_columns
from recsys.types import Channel
from tests.features.small_workspace import NOW, offer, small_rows, write_workspace


def offers_of(tmp_path: Path, *offers: dict[str, Any], rules: list[dict[str, Any]] | None = None) -> OfferDefinitions:
    return build_offers(Dataset.read(workspace_of(tmp_path, *offers, rules=rules), NOW))


def workspace_of(tmp_path: Path, *offers: dict[str, Any], rules: list[dict[str, Any]] | None = None) -> Workspace:
    rows = small_rows()
    rows["offers"] += offers
    rows["offer_scope_rules"] = rules or []
    return write_workspace(tmp_path / "w", rows)


def rule(kind: str, value: str, *, exclude: bool = False, offer_id: str = "x") -> dict[str, Any]:
    return {"offer_id": offer_id, "kind": kind, "value": value, "exclude": exclude}


def scope_of(tmp_path: Path, *rules: dict[str, Any], listed: tuple[str, ...] = ()) -> tuple[list[str], bool]:
    """The products of an offer's scope, and whether it is empty although it was told."""
    rows = small_rows()
    rows["offers"].append(offer("x"))
    rows["offer_scope"] += [{"offer_id": "x", "product_id": product} for product in listed]
    rows["offer_scope_rules"] = list(rules)
    dataset = Dataset.read(write_workspace(tmp_path / "w", rows), NOW)
    definitions, row = build_offers(dataset), dataset.offer_ids.row("x")
    inside = definitions.scope.values[definitions.scope.indptr[row] : definitions.scope.indptr[row + 1]]
    assert not definitions.scope_empty[dataset.offer_ids.row("spend")]
    return [dataset.product_ids.id(product) for product in inside], bool(definitions.scope_empty[row])


def test_every_attribute_reaches_its_column(tmp_path: Path) -> None:
    told = {
        "max_discount_minor": 2_500, "total_limit": 70, "channels": "sms|web", "stacking": "one_of_group",
        "stacking_group": "summer", "stacking_priority": -2, "base": "full", "points_cost": 300, "ladder": "deep",
        "trigger": "birthday", "trigger_days": 9,
    }  # fmt: skip
    other = {"stacking": "one_of_group", "stacking_group": "autumn", "ladder": "deeper"}
    found = offers_of(tmp_path, offer("a", **told), offer("b", **other))
    row = found.offers.row("a")
    expected = {
        "max_discount_minor": 2_500, "total_limit": 70, "channel_mask": 0b1001, "stacking": 1, "stacking_group": 1,
        "stacking_priority": -2, "base": 1, "points_cost": 300, "ladder": 0, "trigger": 5, "trigger_days": 9,
    }  # fmt: skip
    assert {name: getattr(found, name)[row].item() for name in expected} == expected
    assert (STACKINGS[1], BASES[1], TRIGGERS[5]) == ("one_of_group", "full", "birthday")
    assert [found.carried_by(channel)[row] for channel in Channel] == [True, False, False, True]
    assert (found.stacking_group[found.offers.row("b")], found.ladder[found.offers.row("b")]) == (0, 1)


def test_what_is_not_told_is_plain(tmp_path: Path) -> None:
    found = offers_of(tmp_path, offer("a"))
    for name, column in plain_columns(3).items():
        assert getattr(found, name).tolist() == column.tolist(), name
        assert getattr(found, name).dtype == column.dtype, name


@pytest.mark.parametrize(
    ("rules", "products"),
    [
        ([rule("category", "dairy"), rule("brand", "beta")], ["bread", "milk"]),
        ([rule("product", "tea"), rule("product", "sofa"), rule("category", "drinks", exclude=True)], ["sofa"]),
        ([rule("brand", "alpha", exclude=True)], ["bread", "sofa", "tea"]),
        ([rule("category", "bakery"), rule("brand", "beta", exclude=True), rule("product", "milk")], ["milk"]),
    ],
)
def test_a_scope_is_what_is_included_less_what_is_excluded(
    tmp_path: Path, rules: list[dict[str, Any]], products: list[str]
) -> None:
    assert scope_of(tmp_path, *rules) == (products, False)


def test_listed_products_and_rules_include_together(tmp_path: Path) -> None:
    assert scope_of(tmp_path, rule("category", "dairy"), listed=("tea",)) == (["milk", "tea"], False)


def test_rules_exclude_of_listed_products(tmp_path: Path) -> None:
    assert scope_of(tmp_path, rule("category", "drinks", exclude=True), listed=("tea", "milk")) == (["milk"], False)


@pytest.mark.parametrize(
    "rules",
    [
        [rule("category", "caviar")],
        [rule("product", "milk"), rule("category", "dairy", exclude=True)],
        [rule("product", name, exclude=True) for name in ("milk", "bread", "sofa", "tea")],
    ],
)
def test_a_scope_that_matches_nothing_is_not_the_whole_basket(tmp_path: Path, rules: list[dict[str, Any]]) -> None:
    assert scope_of(tmp_path, *rules) == ([], True)


def test_a_list_of_products_that_are_gone_is_not_the_whole_basket(tmp_path: Path) -> None:
    assert scope_of(tmp_path, listed=("gone",)) == ([], True)


def test_an_exclusion_that_matches_nothing_leaves_the_whole_basket(tmp_path: Path) -> None:
    assert scope_of(tmp_path, rule("category", "caviar", exclude=True)) == ([], False)


def test_a_workspace_of_before_these_columns_is_read_as_plain(tmp_path: Path) -> None:
    workspace = workspace_of(tmp_path)
    first = ("offer_id", "name", "kind", "amount_minor", "percent_bp", "multiplier_bp", "min_spend_minor",
             "buy_quantity", "get_quantity", "valid_from", "valid_until", "tiers", "budget_minor", "per_member_limit",
             "contact_cost_minor")  # fmt: skip
    file = workspace.table_files("offers")[0]
    pl.read_parquet(file).select(first).write_parquet(file)
    rules = workspace.table_files("offer_scope_rules")[0]
    rules.unlink()
    rules.parent.rmdir()
    found = build_offers(Dataset.read(workspace, NOW))
    assert found.budget_minor.tolist() == [9_000, -1]
    assert found.channel_mask.tolist() == [15, 15]
    assert workspace.n_rows("offer_scope_rules") == 0
