import json
import shutil
from pathlib import Path

import polars as pl
import pytest

from features.ingest import Ingested, ingest_source
from features.sources.simulated import SimulatedSource
from features.tables import TABLES
from recsys.errors import SourceError
from recsys.report import SILENT
from tests.features.small_workspace import NOW, TIERS, small_rows


def simulated_folder(folder: Path, n_parts: int = 3) -> Path:
    rows = small_rows()
    for table, schema in TABLES.items():
        (folder / table).mkdir(parents=True)
        types = {name: column.dtype for name, column in schema.columns().items()}
        for part in range(n_parts):
            frame = pl.DataFrame(rows[table][part::n_parts], schema=types)
            frame.write_parquet(folder / table / f"part-{part:05}.parquet")
    facts = {"format": 1, "currency": "GBP", "tiers": list(TIERS), "now": NOW, "seed": 3}
    (folder / "simulation.json").write_text(json.dumps(facts))
    return folder


def ingest_folder(folder: Path, out: Path) -> Ingested:
    return ingest_source(SimulatedSource(folder), out, now=NOW, policy="", progress=SILENT)


def test_every_simulated_row_is_kept(tmp_path: Path) -> None:
    done = ingest_folder(simulated_folder(tmp_path / "sim"), tmp_path / "w")
    assert {table: count.kept for table, count in done.counts.items()} == {t: len(r) for t, r in small_rows().items()}
    assert sum(count.rejected for count in done.counts.values()) == 0
    assert done.workspace.tiers == TIERS


def test_parts_are_read_one_by_one_and_keys_compared_across_them(tmp_path: Path) -> None:
    folder = simulated_folder(tmp_path / "sim")
    first = pl.read_parquet(folder / "purchases" / "part-00000.parquet")
    first.head(2).write_parquet(folder / "purchases" / "part-00009.parquet")
    done = ingest_folder(folder, tmp_path / "w")
    assert done.counts["purchases"].reasons == {"duplicate": 2}
    quarantine = pl.read_parquet(tmp_path / "w" / "quarantine" / "purchases.parquet")
    assert quarantine["source_file"].to_list() == ["part-00009.parquet"] * 2


def test_the_truth_beside_the_data_is_never_read(tmp_path: Path) -> None:
    folder = simulated_folder(tmp_path / "sim")
    for place in (tmp_path / "sim-truth", folder / "truth", folder / "effects"):
        place.mkdir()
        (place / "part-00000.parquet").write_text("whoever reads this fails")
    assert ingest_folder(folder, tmp_path / "w").counts["members"].kept == 5
    with pytest.raises(SourceError, match=r"sim-truth has no simulation\.json"):
        SimulatedSource(tmp_path / "sim-truth")


def test_a_folder_of_before_birth_days_and_returns_is_read_without_them(tmp_path: Path) -> None:
    folder = simulated_folder(tmp_path / "sim")
    for part in (folder / "members").iterdir():
        pl.read_parquet(part).drop("birth_day").write_parquet(part)
    for table in ("returns", "points_entries", "tier_changes", "merges"):
        shutil.rmtree(folder / table)
    done = ingest_folder(folder, tmp_path / "w")
    assert done.counts["members"].kept == 5
    assert done.counts["returns"].rows_in == done.workspace.n_rows("returns") == 0


def test_a_part_without_a_column_is_refused_by_name(tmp_path: Path) -> None:
    folder = simulated_folder(tmp_path / "sim")
    part = folder / "purchases" / "part-00001.parquet"
    pl.read_parquet(part).drop("quantity").write_parquet(part)
    with pytest.raises(SourceError, match=r"part-00001\.parquet lacks the column quantity; it has purchase_id"):
        ingest_folder(folder, tmp_path / "w")


def test_an_empty_part_is_refused(tmp_path: Path) -> None:
    folder = simulated_folder(tmp_path / "sim")
    (folder / "members" / "part-00000.parquet").write_bytes(b"")
    with pytest.raises(SourceError, match=r"part-00000\.parquet is empty"):
        ingest_folder(folder, tmp_path / "w")


@pytest.mark.parametrize("facts", ["", "{}", "[]", '{"format": 2, "currency": "GBP", "tiers": []}'], ids="abcd")
def test_broken_simulation_facts_are_refused(tmp_path: Path, facts: str) -> None:
    folder = simulated_folder(tmp_path / "sim")
    (folder / "simulation.json").write_text(facts)
    with pytest.raises(SourceError, match=r"simulation\.json"):
        SimulatedSource(folder)


def test_a_required_table_without_parts_is_refused(tmp_path: Path) -> None:
    folder = simulated_folder(tmp_path / "sim")
    for part in (folder / "products").iterdir():
        part.unlink()
    with pytest.raises(SourceError, match=r"products has no part-\*\.parquet"):
        ingest_folder(folder, tmp_path / "w")
