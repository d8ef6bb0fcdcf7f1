"""Who moved which model when and on what figures, in a chain where a changed row breaks all after it."""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from recsys.errors import StoreError
from recsys.hash_chain import NO_HASH, chained, first_broken
from recsys.types import EpochSeconds

_TABLE = """
CREATE TABLE IF NOT EXISTS audit (
    seq INTEGER PRIMARY KEY,
    content TEXT NOT NULL,
    hash TEXT NOT NULL UNIQUE
) STRICT
"""


@dataclass(frozen=True, slots=True)
class AuditRow:
    """
    One attempt to move the champion.

    Attributes:
        at: Epoch seconds.
        actor: Who did it.
        action: ``publish`` or ``rollback``.
        outcome: ``moved``, ``forced``, ``refused``, ``unchanged`` or ``failed``.
        from_bundle, to_bundle: Ids of the champion before and of the bundle that was to follow; empty where none.
        reason: Why it was refused, forced or failed; empty otherwise.
        figures: What the gate saw.
    """

    at: EpochSeconds
    actor: str
    action: str
    outcome: str
    from_bundle: str
    to_bundle: str
    reason: str
    figures: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AuditTrail:
    """
    The chain in one SQLite file: each hash is over the hash before it and the row's content.

    Example:
        >>> import tempfile
        >>> trail = AuditTrail(Path(tempfile.mkdtemp()) / "audit.db")
        >>> trail.append(AuditRow(9, "ann", "publish", "moved", "", "b1", "", {}))
        >>> [row.actor for row in trail.read()]
        ['ann']
    """

    path: Path

    def append(self, row: AuditRow) -> None:
        """
        Add a row at the end.

        Raises:
            StoreError: The file cannot be written, or is no audit trail.
        """
        content = json.dumps(asdict(row), sort_keys=True, ensure_ascii=False)
        with self._open() as connection:
            connection.execute("BEGIN IMMEDIATE")
            last = connection.execute("SELECT hash FROM audit ORDER BY seq DESC LIMIT 1").fetchone()
            previous = last[0] if last else NO_HASH
            connection.execute("INSERT INTO audit (content, hash) VALUES (?, ?)", (content, chained(previous, content)))
            connection.commit()

    def read(self) -> list[AuditRow]:
        """
        All rows, oldest first.

        Raises:
            StoreError: A row was changed or taken out, or the file cannot be read.
        """
        with self._open() as connection:
            stored = connection.execute("SELECT seq, content, hash FROM audit ORDER BY seq").fetchall()
        broken = first_broken((content, digest) for _, content, digest in stored)
        missing = next((place for place, (seq, *_) in enumerate(stored, start=1) if seq != place), None)
        places = [place for place in (broken, missing) if place is not None]
        if places:
            raise StoreError(
                f"the audit trail {self.path} was altered at row {min(places)}; "
                "restore it from a backup and find out who did"
            )
        return [AuditRow(**json.loads(content)) for _, content, _ in stored]

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(self.path, timeout=10.0, isolation_level=None)) as connection:
                connection.execute("PRAGMA synchronous = FULL")
                connection.execute(_TABLE)
                yield connection
        except (sqlite3.Error, OSError) as error:
            raise StoreError(
                f"the audit trail {self.path} cannot be used: {error}; "
                "make the folder writable, or move a broken file away"
            ) from error
