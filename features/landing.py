"""New tables are written aside and put in place at the end, so a failed ingest leaves the old workspace as it was."""

import json
import os
import shutil
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

import polars as pl
import pyarrow.parquet as pq

from features.tables import TABLES
from features.workspace import Workspace
from recsys.errors import InputError, SourceError

_MARKER = "ingest.incomplete"
_ASIDE = ".ingest"


class Landing:
    """
    The tables and the quarantine of one ingest, aside from the workspace until `finish`.

    Use it as a context: whatever leaves the context before `finish` removes what was written aside.

    Raises:
        InputError: On entering: the folder holds something else than a workspace.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._aside = path / _ASIDE
        self._parts: Counter[str] = Counter()
        self._quarantines: dict[str, pq.ParquetWriter] = {}

    def __enter__(self) -> "Landing":
        if self._path.exists() and not self._path.is_dir():
            raise InputError(f"{self._path} is a file; give a folder for the workspace")
        entries = {entry.name for entry in self._path.iterdir()} if self._path.is_dir() else set()
        if entries and not entries & {"workspace.json", _MARKER}:
            raise InputError(
                f"{self._path} holds {min(entries)!r} but no workspace.json; give an empty or new folder, "
                "or a workspace to replace its tables"
            )
        self._path.mkdir(parents=True, exist_ok=True)
        (self._path / _MARKER).touch()
        shutil.rmtree(self._aside, ignore_errors=True)
        for name in TABLES:
            (self._aside / "tables" / name).mkdir(parents=True)
        (self._aside / "quarantine").mkdir()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for writer in self._quarantines.values():
            writer.close()
        self._quarantines.clear()
        shutil.rmtree(self._aside, ignore_errors=True)
        if (self._path / "workspace.json").exists() or not self._path.joinpath("tables").exists():
            (self._path / _MARKER).unlink(missing_ok=True)

    def keep(self, table: str, rows: pl.DataFrame) -> None:
        """Write the rows as the next part of a table."""
        part = self._aside / "tables" / table / f"part-{self._parts[table]:05}.parquet"
        rows.write_parquet(part, compression="zstd")
        self._parts[table] += 1

    def reject(self, table: str, rows: pl.DataFrame) -> None:
        """
        Add rows to a table's quarantine file.

        Raises:
            SourceError: The raw columns are not those of the rejected rows before.
        """
        if not rows.height:
            return
        arrow = rows.to_arrow(compat_level=pl.CompatLevel.oldest())
        if table not in self._quarantines:
            file = self._aside / "quarantine" / f"{table}.parquet"
            self._quarantines[table] = pq.ParquetWriter(file, arrow.schema, compression="zstd")
        writer = self._quarantines[table]
        if writer.schema != arrow.schema:
            raise SourceError(
                f"the files of the table {table} have different columns: {', '.join(writer.schema.names)} and "
                f"{', '.join(arrow.schema.names)}; make them the same"
            )
        writer.write_table(arrow)

    def finish(self, workspace: Workspace, report: Mapping[str, object], policy: str) -> None:
        """Put tables, quarantine and, where there is none, the policy in place; then write workspace.json."""
        for writer in self._quarantines.values():
            writer.close()
        self._quarantines.clear()
        text = json.dumps(report, indent=1, sort_keys=True) + "\n"
        (self._aside / "quarantine" / "report.json").write_text(text, encoding="utf-8")
        facts = self._path / "workspace.json"
        facts.unlink(missing_ok=True)  # between here and the end the folder is no workspace, rather than half of two
        for name in ("tables", "quarantine"):
            shutil.rmtree(self._path / name, ignore_errors=True)
            os.replace(self._aside / name, self._path / name)
        if not workspace.policy_path.exists():
            workspace.policy_path.write_text(policy, encoding="utf-8")
        workspace.write()
