"""Parts, marks, resumption and the final rename of an export, without deciding anything."""

import csv
import json
import os
import shutil
from contextlib import suppress

import numpy as np
import pyarrow.parquet as pq
import pytest

from recsys.errors import InputError
from serving.export import parquet_file
from serving.export.csv_file import join_csv, write_csv
from serving.export.files import MANIFEST, manifest_path, partial_export, partial_folder, sha256
from serving.export.parquet_file import join_parquet, read_text_rows, require_parquet, write_parquet
from serving.export.plan import ExportPlan, FileFormat, as_json, differences
from serving.export.table import COLUMNS, CellType


def plan(**changes) -> ExportPlan:
    inputs = {
        "bundle_id": "b" * 64, "policy_id": "p" * 64, "placement": "email", "now": 1_700_000_000, "seed": 0,
        "file_format": FileFormat.CSV, "chunk": 2, "n_members": 5, "audience_digest": "a" * 64,
        "consents_digest": "c" * 64, "version": "0.1",
    }  # fmt: skip
    return ExportPlan(**{**inputs, **changes})


def table(*members: str) -> dict[str, list]:
    filled = {CellType.TEXT: 'é, "x"', CellType.INTEGER: 7, CellType.NUMBER: 1 / 3}
    columns = {name: [filled[kind]] * len(members) for name, kind in COLUMNS.items()}
    columns["member_id"] = list(members)
    columns["score"] = [None if member == "m1" else 1 / 3 for member in members]
    return columns


def finish(export, *members_of_parts):
    marks = [
        export.write_part(
            index, table(*members), n_members=len(members), counts={"sent": len(members)}, saved={}, consents=""
        )
        for index, members in enumerate(members_of_parts)
    ]
    export.finish(marks, lambda files: as_json({"files": files, "plan": export.plan.model_dump(mode="json")}))


def test_chunks_cover_every_member_once():
    assert plan().chunks() == [(0, 2), (2, 4), (4, 5)]
    assert plan(n_members=0).chunks() == []


def test_csv_cells_have_one_form(tmp_path):
    write_csv(tmp_path / "a.csv", table("m1", "m2"))
    text = (tmp_path / "a.csv").read_bytes().decode()
    assert text.startswith(",".join(COLUMNS) + "\n")
    assert "\r" not in text
    rows = list(csv.DictReader(text.splitlines()))
    assert [row["score"] for row in rows] == ["", "0.333333"]
    assert rows[0]["name"] == 'é, "x"'


def test_parquet_keeps_types_and_absent_cells(tmp_path):
    write_parquet(tmp_path / "a.parquet", table("m1", "m2"))
    read = pq.read_table(tmp_path / "a.parquet")
    assert read.column_names == list(COLUMNS)
    assert read["score"].to_pylist() == [None, 0.333333]
    assert list(read_text_rows(tmp_path / "a.parquet", ("member_id", "score"))) == [("m1", ""), ("m2", "0.333333")]


@pytest.mark.parametrize(
    ("write", "join"), [(write_csv, join_csv), (write_parquet, join_parquet)], ids=["csv", "parquet"]
)
def test_joined_parts_are_the_whole_once(tmp_path, write, join):
    write(tmp_path / "0", table("m1", "m2"))
    write(tmp_path / "1", table("m3"))
    join([tmp_path / "0", tmp_path / "1"], tmp_path / "joined")
    if write is write_csv:
        write(tmp_path / "whole", table("m1", "m2", "m3"))
        assert (tmp_path / "joined").read_bytes() == (tmp_path / "whole").read_bytes()
    else:
        assert pq.read_table(tmp_path / "joined")["member_id"].to_pylist() == ["m1", "m2", "m3"]


def test_a_folder_appears_only_when_it_is_whole(tmp_path):
    out = tmp_path / "mail"
    with partial_export(out, plan()) as export:
        export.write_part(0, table("m1"), n_members=1, counts={"sent": 1}, saved={}, consents="")
        assert not out.exists()
        finish(export, ["m1", "m2"], ["m3"])
    assert sorted(path.name for path in out.iterdir()) == [MANIFEST, "part-00000.csv", "part-00001.csv"]
    files = json.loads((out / MANIFEST).read_text())["files"]
    assert files == {name: sha256(out / name) for name in ("part-00000.csv", "part-00001.csv")}
    assert not partial_folder(out).exists()


def test_a_name_with_the_formats_ending_is_one_file_with_its_manifest_beside_it(tmp_path):
    out = tmp_path / "mail.csv"
    with partial_export(out, plan()) as export:
        finish(export, ["m1", "m2"], ["m3"])
    assert [row["member_id"] for row in csv.DictReader(out.read_text().splitlines())] == ["m1", "m2", "m3"]
    assert json.loads(manifest_path(out, FileFormat.CSV).read_text())["files"] == {"mail.csv": sha256(out)}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mail.csv", "mail.csv.manifest.json"]


def test_a_complete_part_is_not_made_again(tmp_path):
    with partial_export(tmp_path / "mail", plan()) as export:
        mark = export.write_part(1, table("m1"), n_members=1, counts={"sent": 1}, saved={}, consents="")
    with partial_export(tmp_path / "mail", plan()) as export:
        assert export.finished_part(1) == mark
        assert export.finished_part(0) is None


@pytest.mark.parametrize("damage", ["part", "mark", "gone"])
def test_a_damaged_part_is_made_again(tmp_path, damage):
    with partial_export(tmp_path / "mail", plan()) as export:
        export.write_part(0, table("m1"), n_members=1, counts={"sent": 1}, saved={}, consents="")
        mark = export.folder / "marks" / "part-00000.json"
        if damage == "part":
            export.part(0).write_text("cut off")
        elif damage == "mark":
            mark.write_text(mark.read_text()[:20])
        else:
            export.part(0).unlink()
        assert export.finished_part(0) is None


def test_other_inputs_are_refused_by_name(tmp_path):
    with partial_export(tmp_path / "mail", plan()):
        pass
    with (
        pytest.raises(InputError, match=r"seed was 0 and is now 1.*delete that folder"),
        partial_export(tmp_path / "mail", plan(seed=1)),
    ):
        pass


def test_two_exports_to_one_place_at_once_are_refused(tmp_path):
    with (
        partial_export(tmp_path / "mail", plan()),
        pytest.raises(InputError, match="another export"),
        partial_export(tmp_path / "mail", plan()),
    ):
        pass


def test_what_a_killed_writer_left_is_swept_up(tmp_path):
    with partial_export(tmp_path / "mail", plan()) as export:
        (export.folder / "part-00000.csv.999.tmp").write_text("half")
    with partial_export(tmp_path / "mail", plan()) as export:
        assert list(export.folder.glob("*.tmp")) == []


def test_what_an_interrupted_deletion_left_is_not_taken_for_this_export(tmp_path):
    with partial_export(tmp_path / "mail", plan()) as export:
        export.write_array("audience", np.array([b"m1"]))
        export.write_part(0, table("m1"), n_members=1, counts={"sent": 1}, saved={}, consents="")
        (export.folder / "plan.json").unlink()
    with partial_export(tmp_path / "mail", plan(seed=1)) as export:
        assert not export.array("audience").exists()
        assert list(export.parts.iterdir()) == []
        finish(export, ["m1"])


@pytest.mark.parametrize("name", ["mail", "mail.csv"])
@pytest.mark.parametrize("step", ["replace", "rename", "rmtree"])
def test_interrupted_in_the_last_step_the_same_line_finishes(tmp_path, monkeypatch, name, step):
    def interrupted(*args, **kwargs):
        raise KeyboardInterrupt

    out = tmp_path / name
    with partial_export(tmp_path / "whole" / name, plan()) as export:
        finish(export, ["m1", "m2"], ["m3"])
    with monkeypatch.context() as patched, suppress(KeyboardInterrupt), partial_export(out, plan()) as export:
        marks = [export.write_part(0, table("m1", "m2"), n_members=2, counts={"sent": 2}, saved={}, consents="")]
        marks.append(export.write_part(1, table("m3"), n_members=1, counts={"sent": 1}, saved={}, consents=""))
        patched.setattr(shutil if step == "rmtree" else os, step, interrupted)
        export.finish(marks, lambda files: as_json({"files": files, "plan": export.plan.model_dump(mode="json")}))
    if not out.exists():
        with partial_export(out, plan()) as export:
            assert [export.finished_part(index) for index in (0, 1)] == marks
            finish(export, ["m1", "m2"], ["m3"])
    assert manifest_path(out, FileFormat.CSV).read_bytes() == (
        manifest_path(tmp_path / "whole" / name, FileFormat.CSV).read_bytes()
    )


def test_a_broken_plan_is_refused(tmp_path):
    with partial_export(tmp_path / "mail", plan()) as export:
        (export.folder / "plan.json").write_text("{}")
    with pytest.raises(InputError, match="delete the folder"), partial_export(tmp_path / "mail", plan()):
        pass


def test_a_place_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be made"), partial_export(tmp_path / "file" / "mail", plan()):
        pass


def test_without_pyarrow_parquet_is_refused_in_words(monkeypatch):
    monkeypatch.setattr(parquet_file, "pa", None)
    with pytest.raises(InputError, match="recsys-nbo\\[parquet\\]"):
        require_parquet()


def test_a_changed_instant_is_named_as_people_read_it():
    told = differences(plan(), plan(now=1_700_000_060))
    assert told == ["now was '2023-11-14T22:13:20+00:00' and is now '2023-11-14T22:14:20+00:00'"]
