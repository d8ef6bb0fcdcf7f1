"""New tables are written aside and put in place at the end, so a failed ingest leaves the old workspace as it was."""

import fcntl
import json
import os
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

import polars as pl
import pyarrow.parquet as pq

from features.consents import write_consents
from features.tables import TABLES
from features.workspace import Workspace
from recsys.errors import InputError, SourceError
from recsys.policy.cases.example import write_examples
from recsys.policy.file.json_schema import write_schema

_MARKER = "ingest.incomplete"
_ASIDE = ".ingest"


class Landing:
    """
    The tables, the quarantine and the consents of one ingest, aside from the workspace until `finish`.

    Use it as a context: whatever leaves the context before `finish` removes what was written aside. Two at a time would
    mix their parts, so the second is refused; the lock of a process that was killed is gone with it.

    Raises:
        InputError: On entering: the folder holds something else than a workspace, cannot be written, or another ingest
            is writing to it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._aside = path / _ASIDE
        self._parts: Counter[str] = Counter()
        self._quarantines: dict[str, pq.ParquetWriter] = {}
        self._lock: int | None = None

    def __enter__(self) -> "Landing":
        if self._path.exists() and not self._path.is_dir():
            raise InputError(f"{self._path} is a file; give a folder for the workspace")
        try:
            return self._entered()
        except OSError as error:
            self._unlock()
            raise InputError(
                f"{self._path} cannot be written ({error.strerror or error}); make it writable or choose another folder"
            ) from error

    def _entered(self) -> "Landing":
        entries = {entry.name for entry in self._path.iterdir()} if self._path.is_dir() else set()
        if entries and not entries & {"workspace.json", _MARKER}:
            raise InputError(
                f"{self._path} holds {min(entries)!r} but no workspace.json; give an empty or new folder, "
                "or a workspace to replace its tables"
            )
        self._path.mkdir(parents=True, exist_ok=True)
        self._lock = os.open(self._path, os.O_RDONLY)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._unlock()
            raise InputError(
                f"another ingest is writing to {self._path}; wait for it, or choose another --out"
            ) from None
        (self._path / _MARKER).touch()
        shutil.rmtree(self._aside, ignore_errors=True)
        for name in TABLES:
            (self._aside / "tables" / name).mkdir(parents=True)
        for name in ("quarantine", "consents"):
            (self._aside / name).mkdir()
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
        self._unlock()

    def _unlock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def keep(self, table: str, rows: pl.DataFrame) -> None:
        """Write the rows as the next part of a table."""
        part = self._aside / "tables" / table / f"part-{self._parts[table]:05}.parquet"
        rows.write_parquet(part, compression="zstd")
        self._parts[table] += 1

    def files(self, table: str) -> list[Path]:
        """The parts of a table that were kept so far, in order."""
        return sorted((self._aside / "tables" / table).glob("part-*.parquet"))

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

    def finish(
        self, workspace: Workspace, report: Mapping[str, object], policy: str, refusing: Sequence[pl.DataFrame]
    ) -> None:
        """
        Put tables, quarantine, consents and, where there is none, the policy in place; then write workspace.json.

        Args:
            workspace: Its facts.
            report: Counts by table and reason.
            policy: Text of the policy for a workspace that has none; it also gets golden cases to start from.
            refusing: Who did not agree to personalisation, as `features.consents.not_personal` gives them.
        """
        for writer in self._quarantines.values():
            writer.close()
        self._quarantines.clear()
        text = json.dumps(report, indent=1, sort_keys=True) + "\n"
        (self._aside / "quarantine" / "report.json").write_text(text, encoding="utf-8")
        write_consents(self._aside / "consents", refusing)
        facts = self._path / "workspace.json"
        facts.unlink(missing_ok=True)  # between here and the end the folder is no workspace, rather than half of two
        for name in ("tables", "quarantine"):
            shutil.rmtree(self._path / name, ignore_errors=True)
            os.replace(self._aside / name, self._path / name)
        if workspace.consents.exists():  # a service may be looking: away only for as long as two renames take
            os.rename(workspace.consents, self._aside / "former-consents")
        os.rename(self._aside / "consents", workspace.consents)
        if not workspace.policy_path.exists():
            workspace.policy_path.write_text(policy, encoding="utf-8")
            write_examples(workspace.policy_path.parent)
        write_schema(self._path)  # of this release; editors look for it beside the policy
        workspace.write()
