from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from features.sources.base import REASON, derived
from features.tables import TABLES, PurchasesTable
from features.validate import Checked, TableCheck

NOW = datetime(2024, 6, 1, tzinfo=UTC)
KNOWN = {"member": pl.Series(["m1", "m2"]), "product": pl.Series(["p1"]), "offer": pl.Series(["o1"])}

TEXTS = st.sampled_from([None, "", " ", "m1", "p1", "x", "1", "-1", "1.5", "2024-05-01", "2025-01-01", "NaN", "\x00"])
ROWS = st.lists(st.fixed_dictionaries(dict.fromkeys(PurchasesTable.columns(), TEXTS)), min_size=1, max_size=8)


def check(table: str, rows: list[dict[str, Any]]) -> Checked:
    verifier = TableCheck(table, int(NOW.timestamp()), 10, ("basic",), "GBP", KNOWN)
    return verifier.check(derived(pl.DataFrame(rows, infer_schema_length=None)))


@given(ROWS)
@settings(max_examples=60)
def test_whatever_comes_in_is_kept_or_rejected_and_what_is_kept_is_valid(rows: list[dict[str, str | None]]) -> None:
    frame = pl.DataFrame(rows, schema=dict.fromkeys(PurchasesTable.columns(), pl.String))
    checked = TableCheck("purchases", int(NOW.timestamp()), 10, ("basic",), "GBP", KNOWN).check(derived(frame))
    assert checked.kept().height + checked.rejected().height == len(rows)
    PurchasesTable.validate(checked.kept())
    assert checked.rejected()[REASON].null_count() == 0


def purchase_row(**changed: Any) -> dict[str, Any]:
    return {
        "purchase_id": "a", "order_id": "o", "member_id": "m1", "product_id": "p1", "quantity": 1, "paid_minor": 1,
        "discount_minor": 0, "purchased_at": NOW,
    } | changed  # fmt: skip


def test_what_was_kept_is_kept_again() -> None:
    once = check("purchases", [purchase_row(), purchase_row(purchase_id="b", quantity=11)])
    assert check("purchases", once.kept().to_dicts()).kept().equals(once.kept())


def test_a_fact_of_this_very_second_is_kept_and_one_after_it_is_not() -> None:
    later = NOW + timedelta(seconds=1)
    checked = check("purchases", [purchase_row(), purchase_row(purchase_id="b", purchased_at=later)])
    assert checked.rows[REASON].to_list() == [None, "future_date"]


def test_the_first_reason_that_applies_stands() -> None:
    checked = check("purchases", [purchase_row(member_id="x", product_id="x", quantity=99)])
    assert checked.rows[REASON].to_list() == ["impossible_quantity"]


def test_absent_nullable_columns_are_null_and_absent_required_ones_are_missing() -> None:
    checked = check("purchases", [{k: v for k, v in purchase_row().items() if k != "discount_minor"}])
    assert checked.rows[REASON].to_list() == ["missing:discount_minor"]
    assert check("purchases", [purchase_row()]).kept()["store_id"].to_list() == [None]


def test_the_control_arm_needs_no_offer_definition() -> None:
    row = {"exposure_id": "x", "member_id": "m1", "offer_id": "no_offer", "exposed_at": NOW}
    redeemed = {"redemption_id": "x", "member_id": "m1", "offer_id": "no_offer", "redeemed_at": NOW}
    assert check("exposures", [row]).kept().height == 1
    assert check("redemptions", [redeemed]).rows[REASON].to_list() == ["unknown_offer"]


def test_every_table_can_be_checked_when_it_has_no_rows() -> None:
    for table, schema in TABLES.items():
        empty = pl.DataFrame(schema={name: column.dtype for name, column in schema.columns().items()})
        verifier = TableCheck(table, int(NOW.timestamp()), 10, ("basic",), "GBP", KNOWN)
        assert verifier.check(derived(empty)).kept().schema == empty.schema
