import json
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from features.dataset import Dataset
from features.ingest import ingest_source
from features.sources.base import Chunk
from features.tables import TABLES
from features.workspace import Workspace
from recsys.errors import InputError, SourceError
from recsys.report import SILENT
from tests.features.rows_source import Rows, RowsSource, run
from tests.features.small_workspace import (
    NOW,
    day,
    exposure,
    merge,
    offer,
    points_entry,
    purchase,
    returned,
    small_rows,
)


def test_every_row_of_a_clean_source_is_kept(tmp_path: Path) -> None:
    rows = small_rows()
    done = run(rows, tmp_path / "w")
    for table, given in rows.items():
        assert done.counts[table].kept == done.counts[table].rows_in == len(given)
        assert done.workspace.n_rows(table) == len(given)
    assert not list((tmp_path / "w" / "quarantine").glob("*.parquet"))


def test_the_stored_tables_have_the_declared_types(tmp_path: Path) -> None:
    done = run(small_rows(), tmp_path / "w")
    for table, schema in TABLES.items():
        schema.validate(done.workspace.read_table(table).collect())


def test_now_is_a_second_after_the_latest_fact(tmp_path: Path) -> None:
    assert run(small_rows(), tmp_path / "w").workspace.now == int(day(99).timestamp()) + 1


def test_an_empty_optional_table_is_one_empty_part(tmp_path: Path) -> None:
    rows = small_rows() | {"events": []}
    workspace = run(rows, tmp_path / "w").workspace
    assert [file.name for file in workspace.table_files("events")] == ["part-00000.parquet"]
    assert workspace.n_rows("events") == 0


def test_purchases_before_joining_are_kept_and_counted(tmp_path: Path) -> None:
    rows = small_rows()
    rows["members"][1]["joined_at"] = day(2)  # the very instant of both its purchases
    rows["purchases"] += [
        purchase("early", "m3", "milk", day(9.9), order_id="o93", paid=100),
        purchase("later", "m3", "milk", day(10), order_id="o94", paid=100),
        purchase("first", "m5", "milk", day(3), order_id="o95", paid=100),
    ]
    done = run(rows, tmp_path / "w", chunk=5)
    assert done.counts["purchases"].kept == 22
    assert done.n_before_joining == 2


def test_now_is_how_far_behaviour_reaches_and_not_a_return_an_entry_a_tier_or_a_merge(tmp_path: Path) -> None:
    rows = small_rows()
    rows["returns"].append(returned("t9", "a5", "m1", day(99.5), refund=0))
    rows["points_entries"].append(points_entry("g9", "m1", "adjust", -1, day(99.5)))
    rows["tier_changes"].append({"member_id": "m1", "tier": "basic", "changed_at": day(99.5)})
    rows["merges"].append(merge("m3", "m2", day(99.5)))
    assert run(rows, tmp_path / "w").workspace.now == int(day(99).timestamp()) + 1


def test_the_first_of_equal_keys_is_kept_also_across_chunks(tmp_path: Path) -> None:
    rows = small_rows()
    rows["purchases"] += [row | {"paid_minor": 9_999} for row in rows["purchases"][:3]]
    done = run(rows, tmp_path / "w", chunk=4)
    assert done.counts["purchases"].reasons == {"duplicate": 3}
    assert done.workspace.read_table("purchases").collect()["paid_minor"].max() == 50_000


def test_a_bad_row_does_not_make_a_later_good_one_a_duplicate(tmp_path: Path) -> None:
    rows = small_rows()
    rows["purchases"].insert(0, rows["purchases"][0] | {"quantity": -1})
    done = run(rows, tmp_path / "w")
    assert done.counts["purchases"].reasons == {"too_small:quantity": 1}


def test_an_offer_that_lost_its_whole_scope_does_not_become_an_offer_on_everything(tmp_path: Path) -> None:
    rows = small_rows()
    rows["offers"].append(offer("caviar20", kind="percent_off", percent_bp=2_000))
    rows["offer_scope"].append({"offer_id": "caviar20", "product_id": "caviar"})
    rows["exposures"].append(exposure("x9", "m1", "caviar20", day(3)))
    done = run(rows, tmp_path / "w")
    assert done.counts["offers"].reasons == {"scope_rejected": 1}
    assert done.counts["exposures"].reasons == {"unknown_offer": 1}
    assert sorted(done.workspace.read_table("offers").collect()["offer_id"]) == ["milk10", "spend"]


def test_quarantine_keeps_the_original_values_as_text_and_the_row_number(tmp_path: Path) -> None:
    rows = small_rows()
    rows["purchases"].insert(2, purchase("bad", "m1", "milk", day(5), order_id="o", paid=-7))
    run(rows, tmp_path / "w")
    frame = pl.read_parquet(tmp_path / "w" / "quarantine" / "purchases.parquet")
    assert frame["paid_minor"].to_list() == ["-7"]
    assert frame["source_row"].to_list() == [3]


def test_the_report_file_counts_by_table_and_reason(tmp_path: Path) -> None:
    rows = small_rows()
    rows["purchases"].append(purchase("bad", "m1", "milk", day(500), order_id="o", paid=1))
    run(rows, tmp_path / "w")
    report = json.loads((tmp_path / "w" / "quarantine" / "report.json").read_text())
    assert report["purchases"] == {"rows_in": 20, "kept": 19, "rejected": 1, "reasons": {"future_date": 1}}


@pytest.mark.parametrize("table", ["members", "products", "purchases"])
def test_a_source_without_a_required_table_is_refused(tmp_path: Path, table: str) -> None:
    with pytest.raises(SourceError, match=f"gives no {table}"):
        run(small_rows() | {table: []}, tmp_path / "w")


def test_a_source_of_which_nothing_is_left_is_refused_with_the_reasons(tmp_path: Path) -> None:
    rows = small_rows()
    for row in rows["purchases"]:
        row["product_id"] = "nothing"
    with pytest.raises(SourceError, match=r"all 19 rows of purchases were rejected \(unknown_product 19\)"):
        run(rows, tmp_path / "w")


def test_a_failed_ingest_leaves_the_former_workspace_as_it_was(tmp_path: Path) -> None:
    before = Dataset.read(run(small_rows(), tmp_path / "w").workspace, int(day(50).timestamp())).digest
    with pytest.raises(SourceError):
        run(small_rows() | {"purchases": []}, tmp_path / "w")
    workspace = Workspace.open(tmp_path / "w")
    assert Dataset.read(workspace, int(day(50).timestamp())).digest == before
    assert {entry.name for entry in workspace.path.iterdir()} == {
        "consents",
        "tables",
        "quarantine",
        "policy_cases",
        "policy.yaml",
        "policy.schema.json",
        "workspace.json",
    }


def test_a_second_ingest_replaces_the_tables_and_keeps_the_policy(tmp_path: Path) -> None:
    policy = run(small_rows(), tmp_path / "w").workspace.policy_path
    policy.write_text("name: ours\n")
    run(small_rows() | {"purchases": small_rows()["purchases"][:5]}, tmp_path / "w", chunk=2)
    assert Workspace.open(tmp_path / "w").n_rows("purchases") == 5
    assert policy.read_text() == "name: ours\n"


def test_a_folder_of_something_else_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(InputError, match=r"holds 'thesis.txt' but no workspace.json"):
        run(small_rows(), tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["thesis.txt"]


def test_an_ingest_that_was_killed_can_be_run_again(tmp_path: Path) -> None:
    (tmp_path / "ingest.incomplete").touch()
    (tmp_path / ".ingest" / "tables" / "members").mkdir(parents=True)
    (tmp_path / ".ingest" / "tables" / "members" / "part-00000.parquet").write_text("half")
    assert run(small_rows(), tmp_path).workspace.n_rows("members") == 5
    assert not (tmp_path / "ingest.incomplete").exists()


class Interrupted(RowsSource):
    """While its purchases are read, somebody else begins an ingest into the same workspace."""

    def __init__(self, rows: Rows, out: Path) -> None:
        super().__init__(rows)
        self._out = out
        self.refusal = ""

    def chunks(self, table: str) -> Iterator[Chunk]:
        if table == "purchases":
            with pytest.raises(InputError) as raised:
                run(small_rows() | {"purchases": small_rows()["purchases"][:2]}, self._out)
            self.refusal = str(raised.value)
        return super().chunks(table)


@pytest.mark.parametrize("new", [True, False])
def test_a_second_ingest_into_the_same_workspace_waits_and_the_first_is_whole(tmp_path: Path, new: bool) -> None:
    out = tmp_path / "w"
    if not new:
        run(small_rows(), out)
    source = Interrupted(small_rows(), out)
    ingest_source(source, out, now=NOW, policy="", progress=SILENT)
    assert "another ingest is writing to" in source.refusal
    assert Workspace.open(out).n_rows("purchases") == 19
    assert run(small_rows(), out).counts["purchases"].kept == 19


def test_a_folder_that_cannot_be_written_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"cannot be written.*choose another folder"):
        run(small_rows(), tmp_path / "file" / "w")


def test_chunks_do_not_change_what_is_learnt(tmp_path: Path) -> None:
    whole, parts = run(small_rows(), tmp_path / "a").workspace, run(small_rows(), tmp_path / "b", chunk=2).workspace
    assert Dataset.read(whole, whole.now).digest == Dataset.read(parts, parts.now).digest


def test_the_same_source_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        run(small_rows(), tmp_path / name)
    for file in sorted((tmp_path / "a").rglob("*.*")):
        assert file.read_bytes() == (tmp_path / "b" / file.relative_to(tmp_path / "a")).read_bytes()
