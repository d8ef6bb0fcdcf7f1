import copy
import sqlite3
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from features.dataset import Dataset
from features.ingest import Ingested, ingest_source
from features.sources.mapping import read_mapping
from features.sources.readers import read_file_chunks
from features.sources.tables import TablesSource
from recsys.errors import InputError, SourceError
from recsys.report import SILENT

NOW = 1_700_000_000
MEMBERS = "card,level,newsletter_ok,town\nk1,gold,yes,Leeds\nk2,,no,York\nk3,basic,no,York\n"
PRODUCTS = "sku,title,list_price,group\n001,Tea,4.00,drinks\n002,Bread,,\n"
RECEIPTS = (
    "receipt,card,sku,pieces,total,bought\n"
    "r1,k1,001,2,8.00,31/03/2023 00:30\n"
    "r1,k1,002,1,1.10,31/03/2023 00:30\n"
    "r1,k1,002,1,1.10,31/03/2023 00:30\n"
    "r2,k2,001,1,4.00,01/07/2023 12:00\n"
)
CONSENTS = {"consent_personalisation": True, "consent_push": False, "consent_sms": False}
MAPPING: dict[str, Any] = {
    "currency": "GBP",
    "tiers": ["basic", "gold"],
    "timezone": "Europe/London",
    "tables": {
        "members": {
            "source": "members.csv",
            "columns": {"member_id": "card", "tier": "level", "consent_email": "newsletter_ok", "segment": "town"},
            "constants": {**CONSENTS, "points": 0},
        },
        "products": {
            "source": "products.csv",
            "columns": {"product_id": "sku", "name": "title", "price_minor": "list_price", "category": "group"},
            "money": "major",
        },
        "purchases": {
            "source": "receipts*.csv",
            "columns": {
                "order_id": "receipt", "member_id": "card", "product_id": "sku", "quantity": "pieces",
                "paid_minor": "total", "purchased_at": "bought",
            },
            "constants": {"discount_minor": 0},
            "money": "major",
            "timestamps": "%d/%m/%Y %H:%M",
        },
    },
}  # fmt: skip


def write_mapping(mapping: dict[str, Any], folder: Path) -> Path:
    file = folder / "mapping.yaml"
    file.write_text(yaml.safe_dump(mapping))
    return file


def write_shop(folder: Path, **files: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in ({"members": MEMBERS, "products": PRODUCTS, "receipts": RECEIPTS} | files).items():
        (folder / f"{name}.csv").write_text(text)
    return folder


def ingest_shop(tmp_path: Path, mapping: dict[str, Any] = MAPPING, place: str | None = None, **files: str) -> Ingested:
    shop = write_shop(tmp_path / "shop", **files)
    source = TablesSource(place or str(shop), read_mapping(write_mapping(mapping, tmp_path)))
    return ingest_source(source, tmp_path / "w", now=NOW, policy="", progress=SILENT)


def changed(**tables: dict[str, Any]) -> dict[str, Any]:
    mapping = copy.deepcopy(MAPPING)
    for table, changes in tables.items():
        mapping["tables"].setdefault(table, {}).update(changes)
    return mapping


def test_csv_files_become_canonical_tables(tmp_path: Path) -> None:
    workspace = ingest_shop(tmp_path).workspace
    purchases = workspace.read_table("purchases").collect()
    assert purchases["paid_minor"].to_list() == [800, 110, 110, 400]
    # London was one hour ahead of UTC in July and already on 31 March.
    assert purchases["purchased_at"].dt.strftime("%m-%d %H:%M").to_list() == ["03-30 23:30"] * 3 + ["07-01 11:00"]
    members = workspace.read_table("members").collect()
    assert members.select("member_id", "tier", "consent_email").rows() == [
        ("k1", "gold", True), ("k2", None, False), ("k3", "basic", False),
    ]  # fmt: skip
    products = workspace.read_table("products").collect()
    assert products.select("product_id", "price_minor", "category").rows() == [
        ("001", 400, "drinks"),
        ("002", None, None),
    ]


@pytest.mark.parametrize(("form", "scale"), [("epoch_s", 1), ("epoch_ms", 1_000)], ids=["s", "ms"])
def test_instants_may_be_numbers_since_1970(tmp_path: Path, form: str, scale: int) -> None:
    receipts = RECEIPTS.splitlines()[0] + "".join(
        f"\nr{n},k1,001,1,4.00,{at}" for n, at in enumerate([1_680_000_000 * scale, 10**17, "soon"])
    )
    done = ingest_shop(tmp_path, changed(purchases={"timestamps": form}), receipts=receipts)
    assert done.workspace.now == 1_680_000_001
    assert done.counts["purchases"].reasons == {"wrong_type:purchased_at": 2}


def test_ids_are_made_from_the_content_and_equal_rows_stay_two_facts(tmp_path: Path) -> None:
    done = ingest_shop(tmp_path)
    ids = done.workspace.read_table("purchases").collect()["purchase_id"].to_list()
    assert ids[1].removesuffix("-0") == ids[2].removesuffix("-1")
    assert len(set(ids)) == 4
    assert "purchases.purchase_id is made from the row's content" in done.assumptions[0]


def test_made_ids_do_not_depend_on_the_order_of_rows(tmp_path: Path) -> None:
    header, *lines = RECEIPTS.splitlines(keepends=True)
    first = ingest_shop(tmp_path).workspace.read_table("purchases").collect()["purchase_id"].to_list()
    again = ingest_shop(tmp_path, receipts=header + "".join(reversed(lines)))
    assert sorted(again.workspace.read_table("purchases").collect()["purchase_id"]) == sorted(first)


def test_a_glob_reads_all_its_files(tmp_path: Path) -> None:
    more = "receipt,card,sku,pieces,total,bought\nr9,k3,001,1,4.00,01/07/2023 12:00\n"
    done = ingest_shop(tmp_path, receipts_2=more)
    assert done.counts["purchases"].kept == 5


def test_values_that_do_not_fit_are_rejected_and_counted(tmp_path: Path) -> None:
    bad = (
        "r3,k1,001,two,4.00,01/07/2023 12:00\n"
        "r3,k1,001,1,free,01/07/2023 12:00\n"
        "r3,k1,001,1,4.00,2023-07-01\n"
        "r3,k1,001,1,-4.00,01/07/2023 12:00\n"
        "r3,k9,001,1,4.00,01/07/2023 12:00\n"
        "r3,k1,001,1,4.00,26/03/2023 01:30\n"
    )
    done = ingest_shop(tmp_path, receipts=RECEIPTS + bad)
    assert done.counts["purchases"].reasons == {
        "wrong_type:quantity": 1, "wrong_type:paid_minor": 1, "too_small:paid_minor": 1, "unknown_member": 1,
        "wrong_type:purchased_at": 2,  # another form; and half past one in the hour that London skipped
    }  # fmt: skip
    quarantine = pl.read_parquet(tmp_path / "w" / "quarantine" / "purchases.parquet")
    assert quarantine["pieces"].to_list()[0] == "two"
    assert quarantine["source_row"].to_list() == [5, 6, 7, 8, 9, 10]
    assert set(quarantine["source_file"]) == {"receipts.csv"}


def test_columns_that_are_not_mapped_are_never_stored(tmp_path: Path) -> None:
    members = (
        MEMBERS.replace("town\n", "town,email\n").replace("Leeds\n", "Leeds,a@b.c\n").replace("York\n", "York,d@e.f\n")
    )
    done = ingest_shop(tmp_path, members=members + "k4,ruby,yes,Bath,g@h.i\n")
    assert done.counts["members"].reasons == {"unknown_tier": 1}
    for file in (tmp_path / "w").rglob("*.parquet"):
        assert not [name for name in pl.read_parquet_schema(file) if "mail" in name and not name.startswith("consent")]


def test_distinct_makes_members_out_of_receipts(tmp_path: Path) -> None:
    members = {"source": "receipts.csv", "columns": {"member_id": "card"}, "distinct": True}
    members["constants"] = {**CONSENTS, "consent_email": False, "points": 0}
    done = ingest_shop(tmp_path, changed(members=members))
    assert (done.counts["members"].kept, done.counts["members"].rejected) == (2, 0)


def test_source_columns_named_like_those_of_quarantine_keep_their_values(tmp_path: Path) -> None:
    products = "reason,source_row,source_file,price\nr1,7,f1,1.00\nr2,8,f2,-1\n" + "001,9,f3,1.00\n"
    columns = {"product_id": "reason", "name": "source_row", "brand": "source_file", "price_minor": "price"}
    ingest_shop(tmp_path, changed(products={"columns": columns}), products=products)
    row = pl.read_parquet(tmp_path / "w" / "quarantine" / "products.parquet").to_dicts()[0]
    assert row == {
        "original_reason": "r2", "original_source_row": "8", "original_source_file": "f2", "price": "-1",
        "source_file": "products.csv", "reason": "too_small:price_minor", "source_row": 2,
    }  # fmt: skip


def test_lists_in_a_parquet_column_are_refused(tmp_path: Path) -> None:
    shop = write_shop(tmp_path / "shop")
    pl.DataFrame({"sku": [["001"]], "title": ["a"], "list_price": [1], "group": ["b"]}).write_parquet(
        shop / "p.parquet"
    )
    with pytest.raises(SourceError, match=r"'sku' of 'p\.parquet' holds List\(String\); products\.product_id needs"):
        ingest_shop(tmp_path, changed(products={"source": "p.parquet"}))


def test_parquet_files_are_read_in_chunks(tmp_path: Path) -> None:
    pl.DataFrame({"a": range(10), "b": range(10)}).write_parquet(tmp_path / "x.parquet")
    chunks = list(read_file_chunks(tmp_path / "x.parquet", ["b"], chunk_rows=4))
    assert [chunk.height for chunk in chunks] == [4, 4, 2]
    assert pl.concat(chunks)["b"].to_list() == list(range(10))


def test_an_sql_database_gives_the_same_facts_as_the_files(tmp_path: Path) -> None:
    from_files = ingest_shop(tmp_path).workspace
    (tmp_path / "sql").mkdir()
    with sqlite3.connect(tmp_path / "shop.db") as connection:
        for name, text in (("members", MEMBERS), ("products", PRODUCTS), ("receipts", RECEIPTS)):
            header, *rows = [row.split(",") for row in text.splitlines()]
            connection.execute("CREATE TABLE {} ({})".format(name, ", ".join(f'"{column}"' for column in header)))
            marks = ", ".join("?" * len(header))
            connection.executemany(f"INSERT INTO {name} VALUES ({marks})", rows)
    connection.close()
    mapping = changed(
        members={"source": "members"},
        products={"source": "main.products"},
        purchases={"source": "SELECT * FROM receipts WHERE pieces > 0 ORDER BY receipt"},
    )
    from_sql = ingest_shop(tmp_path / "sql", mapping, place=f"sqlite:///{tmp_path / 'shop.db'}").workspace
    assert Dataset.read(from_sql, from_sql.now).digest == Dataset.read(from_files, from_files.now).digest


@pytest.mark.parametrize(
    ("source", "message"),
    [("nowhere", "no such table"), ("SELEC 1", "syntax error"), ("SELECT 1 AS one", "lacks the column")],
    ids=["table", "syntax", "column"],
)
def test_a_query_that_fails_is_shown_with_its_database(tmp_path: Path, source: str, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        ingest_shop(tmp_path, changed(members={"source": source}), place="sqlite://")


def test_a_password_is_not_shown(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as refusal:
        ingest_shop(tmp_path, place=f"sqlite://reader:hunter2@/{tmp_path}/no/shop.db")
    assert "hunter2" not in str(refusal.value)


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"members\.csv lacks the column newsletter_ok; it has card, level"):
        ingest_shop(tmp_path, members=MEMBERS.replace("newsletter_ok", "news"))


@pytest.mark.parametrize(
    ("text", "message"), [("", "is empty"), (RECEIPTS.splitlines()[0], "has no rows")], ids=["0", "1"]
)
def test_an_empty_file_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        ingest_shop(tmp_path, receipts=text)


def test_a_ragged_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"receipts\.csv cannot be read as csv"):
        ingest_shop(tmp_path, receipts=RECEIPTS + "r3,k1,001,1,4.00,01/07/2023 12:00,too,many\n")


def test_a_pattern_that_finds_no_file_says_what_there_is(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"has no file 'sales\.csv'; it holds members\.csv, products\.csv"):
        ingest_shop(tmp_path, changed(purchases={"source": "sales.csv"}))


def test_a_place_that_is_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="neither a folder nor an SQL URL"):
        ingest_shop(tmp_path, place=str(tmp_path / "nowhere"))


WRONG: list[tuple[str, dict[str, Any]]] = [
    ("currency is 'pounds'; it must match", MAPPING | {"currency": "pounds"}),
    ("tiers", MAPPING | {"tiers": []}),
    ("unknown setting 'colour'", MAPPING | {"colour": "blue"}),
    ("no table 'baskets'", changed(baskets={"source": "x", "columns": {}})),
    ("purchases has no column 'amount'", changed(purchases={"constants": {"amount": 1}})),
    ("both a column and a constant", changed(purchases={"constants": {"quantity": 1, "discount_minor": 0}})),
    ("purchases.discount_minor must not be null", changed(purchases={"constants": {}})),
    ("members.segment is mapped to 'home_address', which looks personal",
     changed(members={"columns": {"member_id": "card", "consent_email": "opt", "segment": "home_address"}})),
    ("timestamps", changed(purchases={"timestamps": "tomorrow"})),
    ("no time zone 'Mars/Olympus'", MAPPING | {"timezone": "Mars/Olympus"}),
    ("the table members, purchases is not mapped", MAPPING | {"tables": {"products": MAPPING["tables"]["products"]}}),
]  # fmt: skip


@pytest.mark.parametrize(("message", "mapping"), WRONG, ids=[str(n) for n in range(len(WRONG))])
def test_a_wrong_mapping_is_refused_before_anything_is_read(
    tmp_path: Path, message: str, mapping: dict[str, Any]
) -> None:
    with pytest.raises(SourceError, match=message):
        read_mapping(write_mapping(mapping, tmp_path))


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "a: [", "\x00"], ids=["empty", "list", "broken", "binary"])
def test_a_file_that_is_no_mapping_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "mapping.yaml").write_text(text)
    with pytest.raises(InputError, match=r"the mapping .*mapping\.yaml"):
        read_mapping(tmp_path / "mapping.yaml")
