"""The one loop that brings any source into a workspace: every row is kept or rejected, and counted."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from features.consents import not_personal
from features.landing import Landing
from features.merges import closes_circle, survivors
from features.offer_checks import SCOPE_TABLES, HeldOffers
from features.returns import RETURNED_TOO_MUCH, read_bought, refuse_unlike_bought, returned_too_much
from features.sources.base import REASON, Chunk, Source
from features.tables import DATED, REQUIRED, TABLES
from features.validate import MERGE_CYCLE, Checked, TableCheck
from features.workspace import Workspace
from recsys.errors import SourceError
from recsys.report import Progress
from recsys.types import EpochSeconds

_FACTS = ("purchases", "events", "exposures", "redemptions")
_Judge = tuple[str, Callable[[pl.DataFrame], NDArray[np.bool_]]]  # the reason, and which rows of a whole table get it
_NOUNS = {"members": "member_id", "products": "product_id", "offers": "offer_id"}


@dataclass(slots=True)
class TableCount:
    """
    What became of the rows of one table.

    Attributes:
        kept: Rows stored.
        reasons: Rows rejected, by reason.
    """

    kept: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

    @property
    def rejected(self) -> int:
        """Rows in quarantine."""
        return self.reasons.total()

    @property
    def rows_in(self) -> int:
        """Rows that the source gave: kept and rejected, there is no third way."""
        return self.kept + self.rejected


@dataclass(frozen=True, slots=True)
class Ingested:
    """
    The outcome of an ingest.

    Attributes:
        workspace: The workspace as written.
        counts: One count a canonical table.
        assumptions: What the source does not say and the adapter assumed.
        n_not_personal: Members kept who did not agree to personalisation.
        n_before_joining: Purchases kept that are earlier than the day their member joined.
    """

    workspace: Workspace
    counts: Mapping[str, TableCount]
    assumptions: tuple[str, ...]
    n_not_personal: int
    n_before_joining: int


def ingest_source(source: Source, out: Path, *, now: EpochSeconds, policy: str, progress: Progress) -> Ingested:
    """
    Read a source, part its rows, and write the workspace; a former one in *out* keeps policy, programme and bundles.

    Args:
        source: The adapter, opened on its data.
        out: A new or empty folder, or a workspace.
        now: Epoch seconds; facts later than this are rejected as ``future_date``.
        policy: The policy file to write where the workspace has none.
        progress: Told of each table.

    Raises:
        SourceError: The source cannot be read, or no row of a required table is left.
        InputError: *out* holds something else.
    """
    with Landing(out) as landing:
        run = _Run(source, landing, now, progress)
        for table in TABLES:
            run.take(table)
        n_before_joining = _n_before_joining(landing)
        workspace = Workspace(
            path=out,
            source=source.name,
            currency=source.currency,
            tiers=source.tiers,
            ingested_at=now,
            now=run.latest + 1,
        )
        landing.finish(workspace, counts_report(run.counts), policy, run.not_personal)
        if source.programme is not None and not workspace.programme_path.exists():
            workspace.programme_path.write_text(source.programme, encoding="utf-8")
    return Ingested(
        workspace=workspace,
        counts=run.counts,
        assumptions=source.assumptions,
        n_not_personal=sum(part.height for part in run.not_personal),
        n_before_joining=n_before_joining,
    )


def counts_report(counts: Mapping[str, TableCount]) -> dict[str, object]:
    """The counts as JSON-able facts: rows in, kept, rejected and rejected by reason, for each table."""
    return {
        name: {
            "rows_in": count.rows_in,
            "kept": count.kept,
            "rejected": count.rejected,
            "reasons": dict(sorted(count.reasons.items())),
        }
        for name, count in counts.items()
    }


@dataclass(slots=True)
class _Run:
    """The state of one ingest. Rows whose fate depends on other rows than themselves and earlier ones are held back."""

    source: Source
    landing: Landing
    now: EpochSeconds
    progress: Progress
    counts: dict[str, TableCount] = field(default_factory=lambda: {name: TableCount() for name in TABLES})
    known: dict[str, pl.Series] = field(default_factory=dict)
    latest: int = 0
    not_personal: list[pl.DataFrame] = field(default_factory=list)
    _held: HeldOffers = field(default_factory=HeldOffers)

    def take(self, table: str) -> None:
        """Bring one table in."""
        self.progress.step(f"ingest {table}")
        if table == "returns":
            self._take_returns()
        elif table == "merges":
            self._take_whole(table, self.source.chunks(table), self._check_of(table), (MERGE_CYCLE, closes_circle))
        else:
            self._take_parts(table)
        if table != "offers":
            self._close(table)

    def _take_parts(self, table: str) -> None:
        check = self._check_of(table)
        ids: list[pl.Series] = []
        for chunk in self.source.chunks(table):
            checked = check.check(chunk)
            self.progress.advance(checked.rows.height)
            if table in _NOUNS:
                ids.append(checked.kept()[_NOUNS[table]])
            if table in SCOPE_TABLES:
                self._held.add_scope(checked)
            if table == "offers":
                self._held.parts.append(checked)
            else:
                self._store(table, checked)
        if table in _NOUNS:
            self.known[table.removesuffix("s")] = pl.concat(ids) if ids else pl.Series(dtype=pl.String)
        if table == SCOPE_TABLES[-1]:
            self._release_offers()
            self._close("offers")

    def _take_returns(self) -> None:
        """Returns against the purchases kept, of which only those that a return names are held."""
        chunks = list(self.source.chunks("returns"))
        if not chunks:
            return
        bought = read_bought(self.landing.files("purchases"), chunks)
        merged = survivors(pl.read_parquet(self.landing.files("merges")), self.now)
        check = self._check_of("returns", partial(refuse_unlike_bought, bought=bought, merged=merged))
        self._take_whole("returns", chunks, check, (RETURNED_TOO_MUCH, partial(returned_too_much, bought=bought)))

    def _take_whole(self, table: str, chunks: Iterable[Chunk], check: TableCheck, judge: _Judge) -> None:
        """Bring in a small table whose rows must fit together: the judge sees all of them at once."""
        reason, judged = judge
        parts = []
        for chunk in chunks:
            parts.append(check.check(chunk))
            self.progress.advance(parts[-1].rows.height)
        if not parts:
            return
        refused = judged(pl.concat([part.rows for part in parts]))
        for part, mask in zip(parts, np.split(refused, np.cumsum([part.rows.height for part in parts])), strict=False):
            self._store(table, part.refuse(reason, pl.lit(pl.Series(mask))))

    def _check_of(self, table: str, further: Callable[[pl.DataFrame], pl.DataFrame] | None = None) -> TableCheck:
        source = self.source
        return TableCheck(
            table=table,
            now=self.now,
            max_quantity=source.max_quantity,
            tiers=source.tiers,
            currency=source.currency,
            known=self.known,
            further=further,
        )

    def _store(self, table: str, checked: Checked) -> None:
        kept, rejected, count = checked.kept(), checked.rejected(), self.counts[table]
        count.kept += kept.height
        count.reasons.update(dict(rejected[REASON].value_counts().iter_rows()))
        self.landing.reject(table, rejected)
        if not kept.height:
            return
        self.landing.keep(table, kept)
        if table == "members":
            self.not_personal.append(not_personal(kept))
        if table in _FACTS:
            self.latest = max(self.latest, int(kept[DATED[table]].dt.epoch("s").to_numpy().max()))

    def _close(self, table: str) -> None:
        count = self.counts[table]
        if count.kept:
            return
        if table in REQUIRED:
            raise SourceError(_nothing_left(table, self.source.name, count))
        columns = TABLES[table].columns()
        self.landing.keep(table, pl.DataFrame(schema={name: column.dtype for name, column in columns.items()}))

    def _release_offers(self) -> None:
        """Store the offers whose scope arrived and that fit together, and forget the ids of the others."""
        kept = []
        for checked in self._held.judged():
            self._store("offers", checked)
            kept.append(checked.kept()["offer_id"])
        if kept:
            self.known["offer"] = pl.concat(kept)


def _n_before_joining(landing: Landing) -> int:
    joined = pl.scan_parquet(landing.files("members")).select("member_id", "joined_at").drop_nulls()
    bought = pl.scan_parquet(landing.files("purchases")).select("member_id", "purchased_at")
    early = bought.join(joined, on="member_id").filter(pl.col("purchased_at") < pl.col("joined_at"))
    return int(early.select(pl.len()).collect(engine="streaming").item())


def _nothing_left(table: str, source: str, count: TableCount) -> str:
    if not count.rows_in:
        return f"the source {source} gives no {table}, and a workspace needs some: check the files and the mapping"
    reasons = ", ".join(f"{reason} {n:,}" for reason, n in count.reasons.most_common(3))
    return f"all {count.rows_in:,} rows of {table} were rejected ({reasons}); correct them or the mapping and try again"
