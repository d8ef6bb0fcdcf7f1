# ruff: noqa: DTZ001 - the raw files hold instants without a zone
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from features.dataset import Dataset
from features.ingest import Ingested, ingest_source
from features.sources.online_retail import OnlineRetailSource
from recsys.errors import SourceError
from recsys.report import SILENT

NOW = 1_700_000_000


def line(invoice: str, code: str, quantity: int, price: float = 1.25, **changed: Any) -> dict[str, Any]:
    return {
        "InvoiceNo": invoice, "StockCode": code, "Description": f"THING {code}", "Quantity": quantity,
        "InvoiceDate": datetime(2011, 1, 1, 10), "UnitPrice": price, "CustomerID": 12_345, "Country": "France",
    } | changed  # fmt: skip


def ingest_lines(lines: list[dict[str, Any]], tmp_path: Path, *, kind: str = "parquet") -> Ingested:
    folder = tmp_path / "raw"
    folder.mkdir()
    frame = pl.DataFrame(lines)
    if kind == "parquet":
        frame.write_parquet(folder / "transactions.parquet")
    else:
        frame.write_csv(folder / "transactions.csv")
    return ingest_source(OnlineRetailSource(folder), tmp_path / "w", now=NOW, policy="", progress=SILENT)


GOOD = line("1", "85123A", 6)
REASONS = [
    ("cancellation", line("C2", "22000", -1)),
    ("not_goods", line("2", "POST", 1)),
    ("not_goods", line("2", "m", 1)),
    ("not_goods", line("2", "gift_0001_20", 1)),
    ("negative_quantity", line("2", "22000", -4)),
    ("free_line", line("2", "22000", 4, price=0.0)),
    ("no_member", line("2", "22000", 4, CustomerID=None)),
    ("duplicate", GOOD),
    ("impossible_quantity", line("2", "85123A", 80_995)),
    ("future_date", line("2", "85123A", 1, InvoiceDate=datetime(2031, 1, 1))),
]


@pytest.mark.parametrize(("reason", "bad"), REASONS, ids=[f"{n}-{reason}" for n, (reason, _) in enumerate(REASONS)])
def test_a_line_that_is_no_purchase_is_rejected_with_its_reason(
    tmp_path: Path, reason: str, bad: dict[str, Any]
) -> None:
    done = ingest_lines([GOOD, bad], tmp_path)
    assert dict(done.counts["purchases"].reasons) == {reason: 1}
    assert done.counts["purchases"].kept == 1


def test_a_purchase_cancelled_in_full_later_is_returned(tmp_path: Path) -> None:
    done = ingest_lines(
        [
            GOOD,
            line("2", "22000", 74_215, InvoiceDate=datetime(2011, 1, 18, 10, 1)),
            line("C3", "22000", -74_215, InvoiceDate=datetime(2011, 1, 18, 10, 17)),
        ],
        tmp_path,
    )
    assert done.counts["purchases"].reasons == {"returned": 1, "cancellation": 1}


@pytest.mark.parametrize(
    "cancelled",
    [
        {"InvoiceDate": datetime(2010, 12, 31)},
        {"Quantity": -5},
        {"CustomerID": 99_999},
        {"StockCode": "22001"},
    ],
    ids=["earlier", "in part", "somebody else", "something else"],
)
def test_a_cancellation_of_something_else_takes_nothing_back(tmp_path: Path, cancelled: dict[str, Any]) -> None:
    done = ingest_lines([GOOD, line("2", "22000", 4), line("C3", "22000", -4) | cancelled], tmp_path)
    assert done.counts["purchases"].reasons == {"cancellation": 1}


def test_each_cancellation_takes_back_one_purchase_the_latest_before_it(tmp_path: Path) -> None:
    days = [datetime(2011, 1, n) for n in (1, 2, 3, 4)]
    done = ingest_lines(
        [
            line("1", "22000", 4, InvoiceDate=days[0]),
            line("2", "22000", 4, InvoiceDate=days[1]),
            line("C3", "22000", -4, InvoiceDate=days[2]),
            line("4", "22000", 4, InvoiceDate=days[3]),
        ],
        tmp_path,
    )
    assert sorted(done.workspace.read_table("purchases").collect()["order_id"]) == ["1", "4"]


def test_products_have_their_median_price_and_most_frequent_description(tmp_path: Path) -> None:
    lines = [
        line("1", "85123A", 1, price=2.55),
        line("2", "85123a", 1, price=2.95),
        line("3", "85123A", 1, price=9.99, Description="damages"),
        line("4", "85123A", 1, price=2.55, Description="  "),
        line("5", "85123A", -1, price=2.55, Description="faulty"),
    ]
    products = ingest_lines(lines, tmp_path).workspace.read_table("products").collect()
    assert products.select("product_id", "name", "price_minor", "category").rows() == [
        ("85123A", "THING 85123A", 275, None)
    ]


def test_a_line_costs_its_price_times_its_quantity_in_pence(tmp_path: Path) -> None:
    purchases = ingest_lines([line("1", "22000", 6, price=2.55)], tmp_path).workspace.read_table("purchases").collect()
    assert purchases.select("quantity", "paid_minor").row(0) == (6, 1_530)


def test_a_member_whose_lines_were_all_cancelled_is_kept(tmp_path: Path) -> None:
    done = ingest_lines([GOOD, line("C2", "22000", -1, CustomerID=777)], tmp_path)
    assert done.workspace.read_table("members").collect()["member_id"].sort().to_list() == ["12345", "777"]


def test_a_csv_file_of_the_same_form_gives_the_same_tables(tmp_path: Path) -> None:
    lines = [GOOD, line("2", "22000", 4, CustomerID=None), line("C3", "85123A", -5), line("4", "22000", 1, price=9.99)]
    (tmp_path / "p").mkdir()
    (tmp_path / "c").mkdir()
    parquet, csv = ingest_lines(lines, tmp_path / "p"), ingest_lines(lines, tmp_path / "c", kind="csv")
    assert csv.counts == parquet.counts
    now = parquet.workspace.now
    assert Dataset.read(csv.workspace, now).digest == Dataset.read(parquet.workspace, now).digest


def test_wrong_types_in_a_csv_file_are_rejected_row_by_row(tmp_path: Path) -> None:
    folder = tmp_path / "raw"
    folder.mkdir()
    header = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
    (folder / "transactions.csv").write_text(
        header
        + "1,22000,THING,6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom\n"
        + "1,22000,THING,six,2010-12-01 08:26:00,2.55,17850.0,United Kingdom\n"
        + "1,22000,THING,6,1.12.2010,2.55,17850.0,United Kingdom\n"
    )
    done = ingest_source(OnlineRetailSource(folder), tmp_path / "w", now=NOW, policy="", progress=SILENT)
    assert done.counts["purchases"].reasons == {"wrong_type:Quantity": 1, "wrong_type:InvoiceDate": 1}
    quarantine = pl.read_parquet(tmp_path / "w" / "quarantine" / "purchases.parquet")
    assert quarantine["Quantity"].to_list() == ["six", "6"]
    assert quarantine["source_row"].to_list() == [2, 3]


def test_a_missing_column_is_named_with_the_file_and_the_columns_found(tmp_path: Path) -> None:
    pl.DataFrame([GOOD]).drop("UnitPrice").write_parquet(tmp_path / "transactions.parquet")
    with pytest.raises(
        SourceError, match=r"transactions.parquet lacks the column UnitPrice; it has InvoiceNo, StockCode"
    ):
        OnlineRetailSource(tmp_path)


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "transactions.parquet").touch()
    with pytest.raises(SourceError, match=r"transactions.parquet is empty \(0 bytes\)"):
        OnlineRetailSource(tmp_path)


def test_a_file_without_rows_is_refused(tmp_path: Path) -> None:
    pl.DataFrame([GOOD]).clear().write_parquet(tmp_path / "transactions.parquet")
    with pytest.raises(SourceError, match="has no rows"):
        OnlineRetailSource(tmp_path)


def test_a_file_that_is_not_parquet_is_refused(tmp_path: Path) -> None:
    (tmp_path / "transactions.parquet").write_text("hello")
    with pytest.raises(SourceError, match="cannot be read as parquet"):
        OnlineRetailSource(tmp_path)


def test_a_folder_without_the_file_says_what_it_holds(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(SourceError, match=r"has no transactions.parquet and no transactions.csv; it holds notes.txt"):
        OnlineRetailSource(tmp_path)


def test_receipts_without_any_sale_have_no_catalogue(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="so there is no catalogue"):
        ingest_lines([line("1", "POST", 1), line("C2", "22000", -1)], tmp_path)


def test_the_real_receipts_are_kept_or_rejected_to_the_last_row(public_data: Path, tmp_path: Path) -> None:
    source = OnlineRetailSource(public_data / "online_retail")
    done = ingest_source(source, tmp_path / "w", now=NOW, policy="", progress=SILENT)
    count = done.counts["purchases"]
    assert count.rows_in == count.kept + count.rejected == 541_909
    assert count.reasons["cancellation"] == 9_288
    assert count.reasons["negative_quantity"] == 10_624 - 9_288
    assert done.counts["members"].kept == 4_372
    assert done.workspace.n_rows("purchases") == count.kept == 388_328
    assert pl.read_parquet(tmp_path / "w" / "quarantine" / "purchases.parquet").height == count.rejected


def test_the_segment_is_the_country_of_the_first_receipt_whatever_came_later(tmp_path: Path) -> None:
    lines = [
        line("3", "22000", 1, InvoiceDate=datetime(2011, 3, 1), Country="Spain"),
        line("4", "22000", 2, InvoiceDate=datetime(2011, 4, 1), Country="Spain"),
        line("2", "22000", 3, InvoiceDate=datetime(2011, 2, 1), Country="France"),
        line("1", "22000", 4, InvoiceDate=datetime(2011, 1, 1), Country="Unspecified"),
    ]
    assert ingest_lines(lines, tmp_path).workspace.read_table("members").collect()["segment"].to_list() == ["France"]
