"""What is written: the canonical tables, the same bytes for the same seed, and clear refusals."""

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from features.simulator.run import simulate
from features.simulator.truth_columns import TRUTH_COLUMNS
from features.tables import TABLES
from recsys.errors import InputError
from recsys.report import SILENT
from tests.features.simulator.written import WRITTEN


@pytest.mark.parametrize("name", WRITTEN)
def test_every_row_of_every_table_passes_the_canonical_schema(name: str, tables: dict[str, pl.DataFrame]) -> None:
    schema, frame = TABLES[name], tables[name]
    columns = schema.columns()
    assert frame.columns == [name for name in columns if name in frame.columns]
    absent = [name for name in columns if name not in frame.columns]
    assert all(columns[name].nullable for name in absent)
    frame = frame.with_columns(pl.lit(None, dtype=columns[name].dtype).alias(name) for name in absent)
    valid, failures = schema.filter(frame, cast=True)
    assert failures.counts() == {}
    assert len(valid) == len(frame) > 0
    # Casting turned enumerations into their type and changed nothing else.
    assert all(frame[c].dtype == valid[c].dtype or valid[c].dtype == pl.Enum for c in frame.columns)


def test_the_description_names_the_world(written: Path) -> None:
    description = json.loads((written / "simulation.json").read_text())
    assert description == {
        "format": 1,
        "currency": "GBP",
        "tiers": ["ordinary", "silver", "gold", "diamond"],
        "now": int(datetime(2026, 6, 30, tzinfo=UTC).timestamp()),
        "seed": 3,
        "members": 400,
        "products": 150,
        "days": 420,
    }


def test_the_truth_lies_beside_the_facts_and_every_column_is_explained(written: Path) -> None:
    truth = written.with_name("shop-truth")
    described = json.loads((truth / "truth.json").read_text())["columns"]
    assert described == TRUTH_COLUMNS
    for name, columns in described.items():
        assert pl.read_parquet(truth / name / "*.parquet").columns == list(columns)
    assert {path.name for path in written.iterdir()} == {*WRITTEN, "simulation.json"}


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(written: Path, tmp_path: Path) -> None:
    simulate(tmp_path / "shop", members=400, products=150, seed=3, progress=SILENT)
    simulate(tmp_path / "other", members=400, products=150, seed=4, progress=SILENT)
    for folder, other in ((written, "other"), (written.with_name("shop-truth"), "other-truth")):
        digests = _digests(folder)
        assert digests == _digests(tmp_path / folder.name)
        different = _digests(tmp_path / other)
        # The definitions of the offers are the same in every world.
        same = {path for path in digests if digests[path] == different[path]}
        assert same <= {"offers/part-00000.parquet"}


def test_the_report_counts_the_rows(tmp_path: Path) -> None:
    report = simulate(tmp_path / "shop", members=60, products=100, seed=0, days=130, progress=SILENT)
    rows = {name: len(pl.read_parquet(tmp_path / "shop" / name / "*.parquet")) for name in WRITTEN}
    assert report.facts["rows"] == rows
    assert json.loads(json.dumps(report.facts)) == report.facts
    assert dict(report.tables[0].rows) == rows


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"members": 49}, "members is 49; allowed are 50 to"),
        ({"products": 99}, "products is 99; allowed are 100 to"),
        ({"seed": -1}, "seed is -1; allowed are 0 to"),
        ({"days": 119}, "days is 119; allowed are 120 to"),
    ],
    ids=["members", "products", "seed", "days"],
)
def test_numbers_out_of_range_are_refused(change: dict[str, int], message: str, tmp_path: Path) -> None:
    arguments = {"members": 50, "products": 100, "seed": 0, "days": 120} | change
    with pytest.raises(InputError, match=message):
        simulate(tmp_path / "shop", **arguments, progress=SILENT)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("occupied", ["shop", "shop-truth"])
def test_a_folder_that_holds_something_is_refused_and_left_alone(occupied: str, tmp_path: Path) -> None:
    (tmp_path / occupied).mkdir()
    (tmp_path / occupied / "mine.txt").write_text("keep")
    with pytest.raises(InputError, match=f"{occupied} exists and is not an empty folder"):
        simulate(tmp_path / "shop", members=50, products=100, seed=0, progress=SILENT)
    assert [path.name for path in tmp_path.rglob("*.*")] == ["mine.txt"]


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "shop").write_text("a file")
    with pytest.raises(InputError, match="is not an empty folder"):
        simulate(tmp_path / "shop", members=50, products=100, seed=0, progress=SILENT)


def test_the_root_folder_is_refused() -> None:
    with pytest.raises(InputError, match="no folder that can have a folder beside it"):
        simulate(Path("/"), members=50, products=100, seed=0, progress=SILENT)


def _digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
