"""Returns fit their purchase one by one and in sum, whatever order and however many parts they come in."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.merges import survivors
from features.returns import refuse_unlike_bought, returned_too_much
from features.sources.base import REASON
from features.tables import MergesTable, ReturnsTable
from tests.features.rows_source import rejected, run
from tests.features.small_workspace import day, merge, purchase, returned, small_rows

BOUGHT = pl.DataFrame(
    {
        "purchase_id": ["p", "q"],
        "bought_by": ["m1", "m2"],
        "bought": [3, 2],
        "paid_minor": [900, 0],
        "purchased_at": [day(5), day(6)],
    }
)


def frame(*rows: dict[str, Any]) -> pl.DataFrame:
    types = {name: column.dtype for name, column in ReturnsTable.columns().items()}
    return pl.DataFrame(list(rows), schema=types).with_columns(pl.lit(None, dtype=pl.String).alias(REASON))


BAD: list[tuple[str, dict[str, Any]]] = [
    ("unknown_purchase", {"purchase_id": "a99"}),
    ("wrong_member", {"member_id": "m2"}),
    ("unknown_member", {"member_id": "nobody"}),
    ("before_purchase", {"returned_at": day(35.9)}),
    ("returned_too_much", {"quantity": 3}),
    ("returned_too_much", {"refund_minor": 201}),
    ("future_date", {"returned_at": day(100.1)}),
    ("too_small:quantity", {"quantity": 0}),
    ("too_small:refund_minor", {"refund_minor": -1}),
    ("missing:purchase_id", {"purchase_id": None}),
    ("missing:returned_at", {"returned_at": None}),
    ("wrong_type:quantity", {"quantity": 0.5}),
    ("looks_personal", {"member_id": "ann@example.org"}),
    ("duplicate", {"return_id": "t1"}),
]


@pytest.mark.parametrize(("reason", "change"), BAD, ids=[f"{n}-{r}" for n, (r, _) in enumerate(BAD)])
def test_a_bad_return_is_quarantined_with_its_reason(tmp_path: Path, reason: str, change: dict[str, Any]) -> None:
    rows = small_rows()
    rows["returns"].append(returned("bad", "a5", "m1", day(40), refund=100) | change)
    done = run(rows, tmp_path / "w")
    assert dict(done.counts["returns"].reasons) == {reason: 1}
    assert done.counts["returns"].kept == 2
    assert rejected(tmp_path / "w", "returns") == [(change.get("return_id", "bad"), reason)]


def test_the_same_return_without_a_fault_is_kept(tmp_path: Path) -> None:
    rows = small_rows()
    rows["returns"].append(returned("good", "a5", "m1", day(36), refund=200, quantity=2))
    assert run(rows, tmp_path / "w").counts["returns"].kept == 3


def test_a_return_may_be_booked_on_the_card_that_the_buyer_was_merged_into(tmp_path: Path) -> None:
    rows = small_rows() | {"merges": [merge("m3", "m2", day(45)), merge("m1", "m3", day(39))]}
    rows["returns"] = [returned("new", "a5", "m2", day(40), refund=1), returned("other", "a5", "m5", day(41), refund=1)]
    run(rows, tmp_path / "w")
    assert rejected(tmp_path / "w", "returns") == [("other", "wrong_member")]


def test_a_purchase_that_was_refused_cannot_be_returned(tmp_path: Path) -> None:
    rows = small_rows()
    rows["purchases"].append(purchase("sold", "m1", "milk", day(5), order_id="o", paid=-1))
    rows["returns"].append(returned("bad", "sold", "m1", day(6), refund=0))
    assert run(rows, tmp_path / "w").counts["returns"].reasons == {"unknown_purchase": 1}


@pytest.mark.parametrize("chunk", [1, 2, 1_000])
def test_units_and_money_are_summed_over_returns_in_any_number_of_parts(tmp_path: Path, chunk: int) -> None:
    rows = small_rows()
    rows["returns"] = [
        returned("one", "a2", "m1", day(16), refund=150),
        returned("money", "a2", "m1", day(17), refund=51),
        returned("fits", "a2", "m1", day(18), refund=50),
        returned("units", "a2", "m1", day(19), refund=0),
    ]
    done = run(rows, tmp_path / "w", chunk=chunk)
    assert rejected(tmp_path / "w", "returns") == [("money", "returned_too_much"), ("units", "returned_too_much")]
    assert done.workspace.read_table("returns").collect()["return_id"].to_list() == ["one", "fits"]


def test_the_earliest_returns_are_kept_whatever_the_order_of_the_rows(tmp_path: Path) -> None:
    rows = small_rows()
    newest_first = [returned("late", "a2", "m1", day(30), refund=0, quantity=2)]
    newest_first.append(returned("early", "a2", "m1", day(20), refund=0))
    run(rows | {"returns": newest_first}, tmp_path / "w", chunk=1)
    assert rejected(tmp_path / "w", "returns") == [("late", "returned_too_much")]


def test_of_one_instant_the_first_row_is_kept() -> None:
    rows = frame(
        returned("z", "p", "m1", day(9), refund=0, quantity=2), returned("a", "p", "m1", day(9), refund=0, quantity=2)
    )
    assert returned_too_much(rows, BOUGHT).tolist() == [False, True]


def test_a_bad_return_does_not_make_a_later_good_one_a_duplicate(tmp_path: Path) -> None:
    rows = small_rows()
    rows["returns"] = [
        returned("t", "nothing", "m1", day(40), refund=0),
        returned("t", "a4", "m2", day(40), refund=0),
        returned("t", "a4", "m1", day(40), refund=0),
    ]
    done = run(rows, tmp_path / "w")
    assert done.counts["returns"].reasons == {"unknown_purchase": 1, "wrong_member": 1}
    assert done.counts["returns"].kept == 1


def test_a_return_that_was_refused_takes_nothing_off_the_purchase(tmp_path: Path) -> None:
    rows = small_rows()
    rows["returns"] = [
        returned("wrong", "a4", "m2", day(40), refund=200, quantity=2),
        returned("right", "a4", "m1", day(41), refund=200, quantity=2),
    ]
    run(rows, tmp_path / "w")
    assert rejected(tmp_path / "w", "returns") == [("wrong", "wrong_member")]


def test_what_cost_nothing_can_come_back_for_nothing_only() -> None:
    free = frame(returned("a", "q", "m2", day(9), refund=1), returned("b", "q", "m2", day(9), refund=0))
    assert returned_too_much(free, BOUGHT).tolist() == [True, False]


def test_huge_refunds_do_not_wrap_around() -> None:
    huge = 2**62
    rows = frame(*(returned(name, "p", "m1", day(9), refund=huge) for name in "abcd"))
    assert returned_too_much(rows, BOUGHT.with_columns(paid_minor=pl.lit(huge + 5))).tolist() == [False] + [True] * 3


def test_the_first_reason_stands_and_rows_keep_their_order() -> None:
    rows = frame(
        returned("a", "nothing", "m2", day(1), refund=0),
        returned("b", "p", "m2", day(1), refund=0),
        returned("c", "p", "m1", day(1), refund=0),
        returned("d", "p", "m1", day(5), refund=0),
    )
    merge_types = {name: column.dtype for name, column in MergesTable.columns().items()}
    judged = refuse_unlike_bought(rows, BOUGHT, merged=survivors(pl.DataFrame(schema=merge_types), 0))
    assert judged.columns == rows.columns
    assert judged["return_id"].to_list() == ["a", "b", "c", "d"]
    assert judged[REASON].to_list() == ["unknown_purchase", "wrong_member", "before_purchase", None]


RETURNS = st.lists(
    st.builds(
        lambda purchase_id, at, quantity, refund: returned(
            "x", purchase_id, "m", day(at), refund=refund, quantity=quantity
        ),
        st.sampled_from("pq"), st.integers(7, 12), st.integers(1, 4), st.integers(0, 1_000),
    ),
    max_size=9,
)  # fmt: skip


@given(RETURNS)
@settings(max_examples=80)
def test_what_is_kept_fits_and_what_is_refused_did_not_fit_when_its_turn_came(rows: list[dict[str, Any]]) -> None:
    refused = returned_too_much(frame(*rows), BOUGHT).tolist()
    limits = {purchase_id: (units, paid) for purchase_id, _, units, paid, _ in BOUGHT.iter_rows()}
    order = sorted(range(len(rows)), key=lambda place: (rows[place]["returned_at"], place))
    for turn, place in enumerate(order):
        one = rows[place]
        earlier = [rows[p] for p in order[:turn] if rows[p]["purchase_id"] == one["purchase_id"] and not refused[p]]
        units = sum(row["quantity"] for row in [*earlier, one])
        money = sum(row["refund_minor"] for row in [*earlier, one])
        fits = units <= limits[one["purchase_id"]][0] and money <= limits[one["purchase_id"]][1]
        assert refused[place] != fits
