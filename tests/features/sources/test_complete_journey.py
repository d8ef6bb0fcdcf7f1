# ruff: noqa: DTZ001 - the raw files hold instants without a zone
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from features.ingest import Ingested, ingest_source
from features.sources.complete_journey import DEFAULT_DEPTH_MINOR, CompleteJourneySource
from recsys.errors import SourceError
from recsys.report import SILENT

NOW = 1_700_000_000
Tables = dict[str, list[dict[str, Any]]]


def line(household: int, basket: int, product: int, quantity: float = 1.0, **changed: Any) -> dict[str, Any]:
    return {
        "household_id": household, "store_id": 1, "basket_id": basket, "product_id": product, "quantity": quantity,
        "sales_value": 3.0, "retail_disc": 0.5, "coupon_disc": 0.0, "coupon_match_disc": 0.0,
        "transaction_timestamp": datetime(2017, 5, 1, 10),
    } | changed  # fmt: skip


def product(product_id: int, department: str = "GROCERY", category: str | None = "TEA") -> dict[str, Any]:
    return {
        "product_id": product_id, "department": department, "brand": "National", "product_category": category,
        "product_type": "GREEN TEA", "package_size": "2 OZ", "manufacturer_id": 9,
    }  # fmt: skip


def small_tables() -> Tables:
    """Campaign 1 is of Type B with two coupons, campaign 2 of Type A; coupon 12 is for fuel only."""
    return {
        "transactions_sample": [line(1, 100, 7), line(1, 100, 8, 2.0, sales_value=4.0), line(2, 101, 7)],
        "products": [product(7), product(8, category=None), product(9, "FUEL", "COUPON/MISC ITEMS")],
        "coupons": [
            {"coupon_upc": 11, "product_id": 7, "campaign_id": 1},
            {"coupon_upc": 11, "product_id": 7, "campaign_id": 1},
            {"coupon_upc": 11, "product_id": 8, "campaign_id": 1},
            {"coupon_upc": 12, "product_id": 9, "campaign_id": 1},
            {"coupon_upc": 13, "product_id": 8, "campaign_id": 1},
            {"coupon_upc": 11, "product_id": 7, "campaign_id": 2},
            {"coupon_upc": 11, "product_id": 404, "campaign_id": 2},
        ],
        "campaigns": [{"campaign_id": campaign, "household_id": home} for campaign, home in [(1, 1), (1, 3), (2, 1)]],
        "campaign_descriptions": [
            {"campaign_id": campaign, "campaign_type": kind, "start_date": datetime(2017, 4, 1),
             "end_date": datetime(2017, 4, 30)}
            for campaign, kind in [(1, "Type B"), (2, "Type A")]
        ],
        "coupon_redemptions": [
            {"household_id": 1, "coupon_upc": 11, "campaign_id": 1, "redemption_date": datetime(2017, 4, 9)}
        ],
        "demographics": [{"household_id": 2, "household_comp": "2 Adults Kids"}],
    }  # fmt: skip


def write(tables: Tables, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in tables.items():
        pl.DataFrame(rows, infer_schema_length=None).write_parquet(folder / f"{name}.parquet")
    return folder


def ingest_tables(tables: Tables, tmp_path: Path) -> Ingested:
    source = CompleteJourneySource(write(tables, tmp_path / "raw"))
    return ingest_source(source, tmp_path / "w", now=NOW, policy="", progress=SILENT)


@pytest.mark.parametrize(
    ("reason", "bad"),
    [
        ("unknown_product", line(1, 1, 404)),
        ("impossible_quantity", line(1, 1, 9, 9_604.0)),
        ("not_goods", line(1, 1, 9)),
        ("zero_quantity", line(1, 1, 7, 0.0)),
        ("wrong_type:quantity", line(1, 1, 7, 1.5)),
        ("too_small:paid_minor", line(1, 1, 7, sales_value=-1.0)),
        ("future_date", line(1, 1, 7, transaction_timestamp=datetime(2031, 1, 1))),
    ],
    ids=["product", "much", "fuel", "none", "half", "refund", "future"],
)
def test_a_line_that_is_no_purchase_is_rejected_with_its_reason(
    tmp_path: Path, reason: str, bad: dict[str, Any]
) -> None:
    tables = small_tables()
    tables["transactions_sample"].append(bad)
    done = ingest_tables(tables, tmp_path)
    assert dict(done.counts["purchases"].reasons) == {reason: 1}
    assert done.counts["purchases"].kept == 3


def test_a_line_is_what_the_retailer_received_and_gave_away(tmp_path: Path) -> None:
    tables = small_tables()
    tables["transactions_sample"] = [line(1, 1, 7, 2.0, sales_value=3.2, retail_disc=0.8, coupon_match_disc=0.2)]
    workspace = ingest_tables(tables, tmp_path).workspace
    assert workspace.read_table("purchases").collect().select("paid_minor", "discount_minor").row(0) == (320, 100)
    prices = dict(workspace.read_table("products").collect().select("product_id", "price_minor").iter_rows())
    assert prices == {"7": 210, "8": None}


def test_every_household_of_any_file_is_a_member(tmp_path: Path) -> None:
    members = ingest_tables(small_tables(), tmp_path).workspace.read_table("members").collect().sort("member_id")
    assert members.select("member_id", "segment").rows() == [("1", None), ("2", "2 Adults Kids"), ("3", None)]


def test_a_coupon_of_a_campaign_is_an_offer_valid_through_its_last_day(tmp_path: Path) -> None:
    offers = ingest_tables(small_tables(), tmp_path).workspace.read_table("offers").collect().sort("offer_id")
    assert offers["offer_id"].to_list() == ["11-1", "11-2", "13-1"]
    assert offers["amount_minor"].to_list() == [DEFAULT_DEPTH_MINOR] * 3
    assert offers["valid_until"][0].isoformat() == "2017-05-01T00:00:00+00:00"


def test_a_coupon_on_fuel_only_is_not_turned_into_one_on_everything(tmp_path: Path) -> None:
    done = ingest_tables(small_tables(), tmp_path)
    assert done.counts["offers"].reasons == {"scope_rejected": 1}
    assert done.counts["offer_scope"].reasons == {"duplicate": 1, "not_goods": 1, "unknown_product": 1}


def test_the_depth_is_the_median_discount_of_enough_lines(tmp_path: Path) -> None:
    tables = small_tables()
    tables["transactions_sample"] += [line(1, 200 + n, 8, coupon_disc=0.4 + n / 10) for n in range(5)]
    offers = ingest_tables(tables, tmp_path).workspace.read_table("offers").collect()
    depths = dict(offers.select("offer_id", "amount_minor").iter_rows())
    assert depths == {"11-1": 60, "13-1": 60, "11-2": DEFAULT_DEPTH_MINOR}


def test_too_few_lines_tell_no_depth(tmp_path: Path) -> None:
    tables = small_tables()
    tables["transactions_sample"] += [line(1, 200 + n, 8, coupon_disc=0.4) for n in range(4)]
    offers = ingest_tables(tables, tmp_path).workspace.read_table("offers").collect()
    assert offers["amount_minor"].to_list() == [DEFAULT_DEPTH_MINOR] * 3


def test_type_b_exposes_all_coupons_and_type_a_mailings_are_quarantined(tmp_path: Path) -> None:
    done = ingest_tables(small_tables(), tmp_path)
    exposures = done.workspace.read_table("exposures").collect()
    assert sorted(exposures.select("member_id", "offer_id").iter_rows()) == [
        ("1", "11-1"), ("1", "13-1"), ("3", "11-1"), ("3", "13-1"),
    ]  # fmt: skip
    assert exposures["logging_propensity"].null_count() == 4
    assert done.counts["exposures"].reasons == {"mailing_unknown": 1, "unknown_offer": 2}


@pytest.mark.parametrize("name", ["products", "coupons", "demographics"])
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    folder = write(small_tables(), tmp_path)
    (folder / f"{name}.parquet").unlink()
    with pytest.raises(SourceError, match=f"has no {name}.parquet and no {name}.csv"):
        CompleteJourneySource(folder)


def test_an_empty_catalogue_is_refused(tmp_path: Path) -> None:
    folder = write(small_tables(), tmp_path)
    pl.DataFrame(small_tables()["products"]).clear().write_parquet(folder / "products.parquet")
    with pytest.raises(SourceError, match=r"products\.parquet has no rows"):
        CompleteJourneySource(folder)


def test_a_catalogue_of_non_goods_only_is_refused(tmp_path: Path) -> None:
    tables = small_tables() | {"products": [product(9, "FUEL")]}
    with pytest.raises(SourceError, match=r"all 1 rows of products were rejected \(not_goods 1\)"):
        ingest_tables(tables, tmp_path)


def test_the_real_tables_are_kept_or_rejected_to_the_last_row(public_data: Path, tmp_path: Path) -> None:
    source = CompleteJourneySource(public_data / "complete_journey")
    done = ingest_source(source, tmp_path / "w", now=NOW, policy="", progress=SILENT)
    expected = {"products": 92_331, "purchases": 100_000, "offer_scope": 116_204, "redemptions": 2_102}
    assert {table: done.counts[table].rows_in for table in expected} == expected
    assert done.counts["purchases"].reasons["impossible_quantity"] == 947
    assert done.counts["offer_scope"].reasons["unknown_product"] == 16
    # 4,872 exact duplicates, 4 of which are of products that are not goods.
    assert done.counts["offer_scope"].reasons["duplicate"] == 4_868
    assert done.counts["redemptions"].kept == 2_102
    for table, count in done.counts.items():
        assert done.workspace.n_rows(table) == count.kept
