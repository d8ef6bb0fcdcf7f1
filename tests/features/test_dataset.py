import dataclasses
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from features.dataset import Dataset, read_truth
from features.workspace import Workspace
from recsys.errors import InputError
from tests.features.small_workspace import (
    DAY,
    NOW,
    START_AT,
    day,
    member,
    purchase,
    small_rows,
    write_workspace,
)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return write_workspace(tmp_path_factory.mktemp("dataset") / "w", small_rows())


@pytest.mark.parametrize("days", [0, 1, 8, 30, 50, 90, 100])
def test_no_fact_at_or_after_the_cut_off_is_seen(workspace: Workspace, days: int) -> None:
    dataset = Dataset.read(workspace, START_AT + days * DAY)
    for at in (
        dataset.purchases.at,
        *(f["at"].to_numpy() for f in (dataset.exposures, dataset.redemptions, dataset.events)),
    ):
        assert np.all(at < dataset.cut_off)
    joined = dataset.members["joined_at"].dt.epoch("s").drop_nulls().to_numpy()
    assert np.all(joined < dataset.cut_off)


def test_a_fact_exactly_at_the_cut_off_is_left_out_and_a_second_later_it_is_in(workspace: Workspace) -> None:
    assert len(Dataset.read(workspace, START_AT + DAY).purchases) == 0
    assert len(Dataset.read(workspace, START_AT + DAY + 1).purchases) == 1


def test_a_cut_off_beyond_the_facts_is_refused(workspace: Workspace) -> None:
    with pytest.raises(InputError, match=f"choose a cut-off up to {NOW}"):
        Dataset.read(workspace, NOW + 1)


def test_members_without_consent_and_all_their_facts_are_absent(workspace: Workspace) -> None:
    dataset = Dataset.read(workspace, NOW)
    assert dataset.members["member_id"].to_list() == ["m1", "m2", "m3", "m5"]
    assert dataset.exposures["member_id"].to_list() == ["m1", "m2", "m1"]
    assert dataset.events.height == 2
    assert len(dataset.purchases) == 18


def test_a_member_without_purchases_is_kept(workspace: Workspace) -> None:
    dataset = Dataset.read(workspace, NOW)
    assert dataset.member_ids.row("m3") not in dataset.purchases.member


def test_rows_are_the_positions_of_the_sorted_ids(workspace: Workspace) -> None:
    dataset = Dataset.read(workspace, NOW)
    assert dataset.product_ids.ids(np.arange(4, dtype=np.int32)) == ["bread", "milk", "sofa", "tea"]
    sofa = dataset.purchases.product == dataset.product_ids.row("sofa")
    assert dataset.purchases.paid_minor[sofa].tolist() == [50_000]
    assert dataset.member_ids.ids(dataset.purchases.member[sofa]) == ["m2"]


def test_lines_of_one_order_share_its_number(workspace: Workspace) -> None:
    purchases = Dataset.read(workspace, NOW).purchases
    assert purchases.n_orders == 16
    numbers, lines = np.unique(purchases.order, return_counts=True)
    assert numbers.tolist() == list(range(16))
    assert sorted(lines.tolist()) == [1] * 14 + [2, 2]


def test_lines_are_sorted_by_member_and_instant(workspace: Workspace) -> None:
    purchases = Dataset.read(workspace, NOW).purchases
    order = np.lexsort((purchases.product, purchases.at, purchases.member))
    assert np.array_equal(order, np.arange(len(purchases)))


def test_the_control_arm_has_no_offer_row(workspace: Workspace) -> None:
    exposures = Dataset.read(workspace, NOW).exposures
    assert exposures.filter(pl.col("offer_id") == "no_offer")["offer"].to_list() == [-1]


def test_tiers_and_points_of_today_are_withheld_from_an_earlier_cut_off(workspace: Workspace) -> None:
    today, earlier = Dataset.read(workspace, NOW).members, Dataset.read(workspace, NOW - 1).members
    assert today.filter(pl.col("member_id") == "m1").select("tier", "points").row(0) == ("gold", 300)
    assert earlier.filter(pl.col("member_id") == "m1").select("tier", "points").row(0) == (None, 0)


def test_the_content_does_not_depend_on_parts_or_row_order(workspace: Workspace, tmp_path: Path) -> None:
    expected = Dataset.read(workspace, NOW)
    for seed, n_parts in enumerate((1, 2, 5)):
        rows = small_rows()
        for table in rows.values():
            random.Random(seed).shuffle(table)
        found = Dataset.read(write_workspace(tmp_path / str(seed), rows, n_parts=n_parts), NOW)
        assert found.digest == expected.digest
        for name in expected.purchases.__slots__:
            assert np.array_equal(getattr(found.purchases, name), getattr(expected.purchases, name)), name


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("members", "segment", "east"), ("products", "price_minor", 101), ("purchases", "paid_minor", 201),
        ("purchases", "order_id", "other"), ("offers", "amount_minor", 501), ("exposures", "logging_propensity", 0.25),
        ("products", "name", "x"),
    ],
)  # fmt: skip
def test_the_digest_changes_with_any_value_in_use(
    workspace: Workspace, tmp_path: Path, table: str, column: str, value: object
) -> None:
    rows = small_rows()
    rows[table][0][column] = value
    if column == "order_id":
        rows[table][1][column] = value
    assert Dataset.read(write_workspace(tmp_path / "w", rows), NOW).digest != Dataset.read(workspace, NOW).digest


def test_the_digest_is_about_the_cut_off_too(workspace: Workspace) -> None:
    assert Dataset.read(workspace, NOW).digest != Dataset.read(workspace, NOW - 1).digest


def test_later_facts_do_not_change_an_earlier_dataset(workspace: Workspace, tmp_path: Path) -> None:
    rows = small_rows()
    rows["purchases"].append(purchase("late", "m2", "tea", day(95), order_id="o99", paid=400))
    rows["members"].append(member("m6", segment="north"))
    rows["purchases"].append(purchase("first", "m6", "tea", day(95), order_id="o98", paid=400))
    rows["members"][0]["points"] = 12_345
    rows["products"][0] |= {"price_minor": 1, "cost_minor": 1, "stock": 1}
    later = write_workspace(tmp_path / "w", rows)
    assert Dataset.read(later, START_AT + 90 * DAY).digest == Dataset.read(workspace, START_AT + 90 * DAY).digest


def test_the_truth_is_the_window_and_nothing_else(workspace: Workspace) -> None:
    dataset = Dataset.read(workspace, START_AT + 80 * DAY)
    truth = read_truth(workspace, dataset.member_ids, dataset.product_ids, dataset.cut_off, NOW)
    assert truth.at.min() >= dataset.cut_off
    # m5 joined on day 80 exactly: unknown at that cut-off, so nothing could have been predicted.
    assert len(truth) == 2
    assert set(dataset.member_ids.ids(truth.member)) == {"m1"}


def test_dataset_and_truth_together_are_all_purchases(workspace: Workspace) -> None:
    everything = Dataset.read(workspace, NOW)
    cut_off = START_AT + 50 * DAY
    before = Dataset.read(workspace, cut_off).purchases
    after = read_truth(workspace, everything.member_ids, everything.product_ids, cut_off, NOW)
    assert len(before) + len(after) == len(everything.purchases)


@pytest.mark.parametrize(
    ("start", "stop"), [(NOW, NOW), (NOW - 5, NOW + 1), (NOW, NOW - 5)], ids=["empty", "beyond", "turned"]
)
def test_a_window_without_facts_is_refused(workspace: Workspace, start: int, stop: int) -> None:
    dataset = Dataset.read(workspace, NOW)
    with pytest.raises(InputError, match="must begin before it ends"):
        read_truth(workspace, dataset.member_ids, dataset.product_ids, start, stop)


def test_an_order_id_that_two_members_share_is_two_orders(tmp_path: Path) -> None:
    rows = small_rows()
    rows["purchases"] = [
        purchase("a", "m1", "milk", day(1), order_id="o", paid=1),
        purchase("b", "m2", "milk", day(1), order_id="o", paid=1),
    ]
    assert Dataset.read(write_workspace(tmp_path / "w", rows), NOW).purchases.n_orders == 2


def test_a_dataset_cannot_be_changed(workspace: Workspace) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Dataset.read(workspace, NOW).__setattr__("cut_off", 0)


def test_prices_costs_and_stock_of_today_are_withheld_from_an_earlier_cut_off(workspace: Workspace) -> None:
    columns = ("price_minor", "cost_minor", "stock")
    today, earlier = Dataset.read(workspace, NOW).products, Dataset.read(workspace, NOW - 1).products
    assert today.filter(pl.col("product_id") == "milk").select(columns).row(0) == (100, 60, 0)
    assert earlier.filter(pl.col("product_id") == "milk").select(columns).row(0) == (None, None, None)
    assert earlier.drop(columns).equals(today.drop(columns))


def test_a_member_of_unknown_joining_is_there_from_the_first_fact_on(workspace: Workspace, tmp_path: Path) -> None:
    def ids(days: float) -> list[str]:
        return Dataset.read(workspace, START_AT + round(days * DAY)).members["member_id"].to_list()

    assert ids(1) == []
    assert ids(1.5) == ["m1"]
    assert ids(3) == ["m1", "m2"]
    rows = small_rows()
    rows["members"].append(member("m6", segment="north"))
    for table in ("purchases", "returns"):
        rows[table] = [line for line in rows[table] if line["member_id"] != "m2"]
    other = write_workspace(tmp_path / "w", rows)
    assert "m6" not in Dataset.read(other, NOW - 1).members["member_id"].to_list()
    assert "m6" in Dataset.read(other, NOW).members["member_id"].to_list()
    # m2 is seen in an exposure on day 30 and, on day 99, in an event.
    assert "m2" not in Dataset.read(other, START_AT + 30 * DAY).members["member_id"].to_list()
    assert "m2" in Dataset.read(other, START_AT + 31 * DAY).members["member_id"].to_list()


def test_members_who_left_since_the_ingest_leave_no_trace(workspace: Workspace, tmp_path: Path) -> None:
    asked: list[str] = []

    def left_out(member_ids: Sequence[str]) -> np.ndarray[Any, np.dtype[np.bool_]]:
        asked.extend(member_ids)
        return np.array([member_id == "m1" for member_id in member_ids])

    found = Dataset.read(workspace, NOW, left_out=left_out)
    assert asked == ["m1", "m2", "m3", "m5"]
    assert found.n_left_out == 1
    assert found.member_ids.row("m1") == -1
    rows = small_rows()
    for table in rows.values():
        table[:] = [row for row in table if row.get("member_id") != "m1"]
    never = Dataset.read(write_workspace(tmp_path / "w", rows), NOW)
    assert found.digest == never.digest
    assert found.digest != Dataset.read(workspace, NOW).digest


def test_nobody_left_out_changes_nothing(workspace: Workspace) -> None:
    found = Dataset.read(workspace, NOW, left_out=lambda ids: np.zeros(len(ids), dtype=np.bool_))
    assert found.digest == Dataset.read(workspace, NOW).digest
    assert found.n_left_out == 0


@pytest.mark.parametrize("answer", [np.zeros(3, dtype=np.bool_), np.zeros(4, dtype=np.int64)], ids=["few", "numbers"])
def test_an_answer_that_does_not_fit_the_members_is_refused(workspace: Workspace, answer: Any) -> None:
    with pytest.raises(InputError, match="one bool a member is due"):
        Dataset.read(workspace, NOW, left_out=lambda ids: answer)
