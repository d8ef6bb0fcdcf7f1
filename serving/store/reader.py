"""The hot path's one read: the live facts of a request's members, without blocking the event loop for long."""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

from recsys.errors import StoreError
from recsys.members import NO_FACTS, LiveFacts
from recsys.types import EpochSeconds
from serving.store.database import Database, FileIdentity, file_identity
from serving.store.facts import member_key, read_facts
from serving.store.members import MemberStore

_COLUMNS = "member_key, consent, tier, erased, recent"
_ONE = f"SELECT {_COLUMNS} FROM member_facts WHERE member_key = ?"  # noqa: S608 (a constant)
_KEYS_A_QUERY = 500
_LOCKED_S = 0.002
_REST_S = 1.0
_READERS = 4


class FactsReader(Protocol):
    """Reads members' live facts for decisions."""

    async def fetch(self, member_ids: Sequence[str], *, since: EpochSeconds) -> list[LiveFacts]:
        """
        The facts of members in the order given, as `MemberStore.fetch` gives them.

        Raises:
            StoreError: The store did not answer in time.
        """

    def close(self) -> None:
        """Let go of connections."""


class SqliteFactsReader:
    """
    Reads inline: a lookup by key in a local file costs some ten microseconds, a thread would cost more.

    In WAL mode a reader never waits for the writer.
    """

    def __init__(self, file: Path) -> None:
        self._file = str(file)
        self._connection: sqlite3.Connection | None = None
        self._identity: FileIdentity | None = None

    async def fetch(self, member_ids: Sequence[str], *, since: EpochSeconds) -> list[LiveFacts]:
        """See `FactsReader.fetch`."""
        keys = [member_key(member_id) for member_id in member_ids]
        try:
            rows = self._rows(keys)
        except sqlite3.Error as error:
            self.close()
            raise StoreError(
                f"the store {self._file} does not answer: {error}; is the file there and whole?"
            ) from error
        if not rows:
            return [NO_FACTS] * len(keys)
        found = {
            key: read_facts(consent, tier, erased=bool(erased), recent=recent, since=since)
            for key, consent, tier, erased, recent in rows
        }
        return [found.get(key, NO_FACTS) for key in keys]

    def close(self) -> None:
        """See `FactsReader.close`."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _rows(self, keys: list[str]) -> list[tuple[str, int | None, str | None, int, str]]:
        found = file_identity(self._file)
        if found != self._identity:
            self.close()  # the file was taken away or replaced: an open one would go on answering of old
        if self._connection is None:
            # The event loop's thread is not always the one that opened it: tests and reloads move loops.
            self._connection = sqlite3.connect(
                f"{Path(self._file).absolute().as_uri()}?mode=ro", uri=True, isolation_level=None,
                check_same_thread=False, timeout=_LOCKED_S,
            )  # fmt: skip
            self._identity = found
        if len(keys) == 1:
            return self._connection.execute(_ONE, keys).fetchall()
        rows: list[tuple[str, int | None, str | None, int, str]] = []
        for start in range(0, len(keys), _KEYS_A_QUERY):
            part = keys[start : start + _KEYS_A_QUERY]
            marks = ",".join("?" * len(part))
            query = f"SELECT {_COLUMNS} FROM member_facts WHERE member_key IN ({marks})"  # noqa: S608 (question marks)
            rows += self._connection.execute(query, part).fetchall()
        return rows


class ThreadedFactsReader:
    """
    Reads over the network in threads, with a deadline.

    After a failure the store is left alone for a second, so that an outage costs one deadline a second and not one a
    request, and no more reads wait than there are threads.
    """

    def __init__(
        self, members: MemberStore, *, deadline_s: float, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._members = members
        self._deadline_s = deadline_s
        self._monotonic = monotonic
        self._pool = ThreadPoolExecutor(_READERS, thread_name_prefix="facts")
        self._resting_until = 0.0

    async def fetch(self, member_ids: Sequence[str], *, since: EpochSeconds) -> list[LiveFacts]:
        """See `FactsReader.fetch`."""
        if self._monotonic() < self._resting_until:
            raise StoreError("the store did not answer a moment ago; it is asked again within a second")
        loop = asyncio.get_running_loop()
        reading = loop.run_in_executor(self._pool, lambda: self._members.fetch(member_ids, since=since))
        try:
            async with asyncio.timeout(self._deadline_s):
                return await reading
        except TimeoutError as error:
            self._resting_until = self._monotonic() + _REST_S
            raise StoreError(f"the store did not answer within {self._deadline_s * 1_000:.0f} ms") from error
        except StoreError:
            self._resting_until = self._monotonic() + _REST_S
            raise

    def close(self) -> None:
        """See `FactsReader.close`."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def facts_reader(database: Database, members: MemberStore, *, deadline_s: float) -> FactsReader:
    """The reader that fits a database."""
    if database.is_sqlite:
        return SqliteFactsReader(database.file)
    return ThreadedFactsReader(members, deadline_s=deadline_s)
