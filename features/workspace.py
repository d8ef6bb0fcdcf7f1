"""A workspace is the one folder that holds everything of one retailer; only this file knows its layout."""

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import polars as pl

from features.tables import ADDED, TABLES
from recsys.errors import InputError

FORMAT = 2
_FACTS = "workspace.json"


@dataclass(frozen=True, slots=True)
class Workspace:
    """
    The folder of one retailer and what `recsys ingest` said of it.

    Attributes:
        path: The folder.
        source: Name of the adapter that filled it.
        currency: ISO 4217 code of every amount in the tables.
        tiers: Tier names, low to high.
        ingested_at: Epoch seconds: the `now` of the ingest.
        now: Epoch seconds: one second after the latest purchase, event, exposure or redemption kept.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> made = Workspace(folder, "tables", "GBP", ("basic",), ingested_at=9, now=8)
        >>> made.write()
        >>> Workspace.open(folder) == made
        True
    """

    path: Path
    source: str
    currency: str
    tiers: tuple[str, ...]
    ingested_at: int
    now: int

    @classmethod
    def open(cls, path: Path) -> "Workspace":
        """
        Read the facts of an existing workspace.

        Raises:
            InputError: The folder is not a workspace, or is one of another format.
        """
        file = path / _FACTS
        if not file.is_file():
            raise InputError(
                f"{path} is not a workspace: it has no {_FACTS}; "
                f"make one with `recsys ingest SOURCE --data DIR --out {path}`"
            )
        try:
            facts = json.loads(file.read_text(encoding="utf-8"))
            if facts["format"] != FORMAT:
                raise InputError(
                    f"{file} has format {facts['format']!r}, this version reads {FORMAT}; run `recsys ingest` again"
                )
            return cls(
                path=path,
                source=str(facts["source"]),
                currency=str(facts["currency"]),
                tiers=tuple(str(tier) for tier in facts["tiers"]),
                ingested_at=int(facts["ingested_at"]),
                now=int(facts["now"]),
            )
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"{file} cannot be read ({error!r}); run `recsys ingest` again") from error

    def write(self) -> None:
        """Write workspace.json aside and rename it, so that a reader sees the old facts or the new ones."""
        facts = {"format": FORMAT} | {name: value for name, value in asdict(self).items() if name != "path"}
        self.path.mkdir(parents=True, exist_ok=True)
        aside = self.path / f"{_FACTS}.tmp"
        aside.write_text(json.dumps(facts, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        os.replace(aside, self.path / _FACTS)

    @property
    def quarantine(self) -> Path:
        """Rows that ingest rejected, one Parquet file a table, and report.json with the counts."""
        return self.path / "quarantine"

    @property
    def consents(self) -> Path:
        """Channel consents of members without personalisation, whom no bundle knows; see `features.consents`."""
        return self.path / "consents"

    @property
    def policy_path(self) -> Path:
        """The policy that the retailer edits; ingest writes the packaged default when it is absent."""
        return self.path / "policy.yaml"

    @property
    def programme_path(self) -> Path:
        """The rules of tiers and points that the retailer edits; absent where nobody has written them down."""
        return self.path / "programme.yaml"

    @property
    def bundles(self) -> Path:
        """Trained bundles, one folder each."""
        return self.path / "bundles"

    @property
    def serving(self) -> Path:
        """Published bundles, and `current`, the pointer file that serving watches."""
        return self.path / "serving"

    @property
    def tracking_db(self) -> Path:
        """The SQLite file of MLflow, where no other tracking server is set."""
        return self.path / "mlflow.db"

    @property
    def artifacts(self) -> Path:
        """MLflow's artifacts, where no other tracking server is set."""
        return self.path / "artifacts"

    @property
    def store_db(self) -> Path:
        """The serving store, where no other store is set."""
        return self.path / "store.db"

    @property
    def tuning(self) -> Path:
        """The studies of `recsys tune`, and the report of the last one."""
        return self.path / "tuning"

    @property
    def tuned_config(self) -> Path:
        """The best settings that `recsys tune` found, where it is told of no other file."""
        return self.path / "tuned.yaml"

    def table_files(self, name: str) -> list[Path]:
        """
        The parts of a canonical table, in order; an empty table has one empty part.

        Raises:
            InputError: There is no such table, or the workspace lost its files.
        """
        if name not in TABLES:
            raise InputError(f"there is no table {name!r}; the tables are {', '.join(TABLES)}")
        files = sorted((self.path / "tables" / name).glob("part-*.parquet"))
        if not files:
            raise InputError(f"{self.path} has no files of the table {name!r}; run `recsys ingest` again")
        return files

    def read_table(self, name: str, columns: Sequence[str] | None = None) -> pl.LazyFrame:
        """
        All parts of a canonical table as one lazy frame.

        Rows have no promised order (Polars runs queries in streams): sort where order matters. What came to the tables
        after the workspace was made is not told there: a column that may be null is null, and a table of `ADDED` empty.

        Raises:
            InputError: As `table_files`.
        """
        definitions = TABLES[name].columns() if name in TABLES else {}
        if name in ADDED and not (self.path / "tables" / name).exists():
            frame = pl.LazyFrame(schema={column: one.dtype for column, one in definitions.items()})
        else:
            frame = pl.scan_parquet(self.table_files(name))
        with self.reading():
            present = frame.collect_schema().names()
        later = [column for column, one in definitions.items() if one.nullable and column not in present]
        if later:
            frame = frame.with_columns(pl.lit(None, dtype=definitions[column].dtype).alias(column) for column in later)
        return frame if columns is None else frame.select(columns)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """
        A context for collecting tables.

        Raises:
            InputError: A file of a table is broken, lacks a column, or went away meanwhile.
        """
        try:
            yield
        except (pl.exceptions.PolarsError, OSError) as error:
            raise InputError(
                f"the tables of {self.path} cannot be read ({str(error).splitlines()[0][:200]}); "
                "is an ingest running? If not, run `recsys ingest` again"
            ) from error

    def n_not_personal(self) -> int:
        """How many members did not agree to personalisation; models know nothing of them."""
        refusing = self.read_table("members", ["consent_personalisation"]).filter(~pl.col("consent_personalisation"))
        return int(refusing.select(pl.len()).collect().item())

    def n_rows(self, name: str) -> int:
        """How many rows a canonical table has."""
        return int(self.read_table(name).select(pl.len()).collect().item())
