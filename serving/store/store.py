"""The whole store as the service holds it: its tables, its hot read, and the threads that do blocking work."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from recsys.errors import StoreError
from serving.store.database import Database, open_database
from serving.store.decisions import DecisionStore
from serving.store.events import EventStore
from serving.store.keys import KeyStore
from serving.store.members import MemberStore
from serving.store.reader import FactsReader, facts_reader
from serving.store.restrictions import Restrictions

Result = TypeVar("Result")

_WRITERS_SQLITE = 1
_WRITERS_NETWORKED = 4
_PATIENCE_S = 5.0


class Store:
    """
    All that the service remembers.

    Attributes:
        database: Where.
        decisions, events, members, keys: The tables; blocking, to be called through `work` or `work_for_request`.
        reader: The hot read; not blocking.
        restrictions: Consents and erasures for the time the store is down.
    """

    def __init__(self, database: Database, *, deadline_s: float, max_waiting: int) -> None:
        self.database = database
        self._max_waiting = max_waiting
        self._n_waiting = 0
        self.decisions = DecisionStore(database)
        self.events = EventStore(database)
        self.members = MemberStore(database)
        self.keys = KeyStore(database)
        self.reader: FactsReader = facts_reader(database, self.members, deadline_s=deadline_s)
        self.restrictions = Restrictions()
        # SQLite has one writer anyway; more threads would only wait for its lock.
        n_writers = _WRITERS_SQLITE if database.is_sqlite else _WRITERS_NETWORKED
        self._pool = ThreadPoolExecutor(n_writers, thread_name_prefix="store")

    @classmethod
    def at(cls, url: str, *, deadline_s: float = 0.03, max_waiting: int = 32) -> "Store":
        """
        A store by its URL; nothing is connected yet.

        Args:
            url: SQLAlchemy's.
            deadline_s: Of a read for a decision over the network.
            max_waiting: Requests that may wait for the store's threads.

        Raises:
            StoreError: The URL is not one of a supported database.
        """
        return cls(open_database(url), deadline_s=deadline_s, max_waiting=max_waiting)

    async def work(self, blocking: Callable[[], Result]) -> Result:
        """Do blocking work on the store in one of its threads; what it raises is raised here."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, blocking)

    async def work_for_request(self, blocking: Callable[[], Result]) -> Result:
        """
        The same for a request that waits for the outcome, within bounds.

        A store that stands still (locked, or a network that swallows everything) must not gather so many waiting
        requests that those that need no store are shed with them.

        Raises:
            StoreError: Too many wait already, or the store took too long; then the work may still be done later.
        """
        if self._n_waiting >= self._max_waiting:
            raise StoreError(f"{self._n_waiting} requests wait for the store already; try again")
        self._n_waiting += 1
        working = asyncio.ensure_future(self.work(blocking))
        working.add_done_callback(self._note_end)
        try:
            async with asyncio.timeout(_PATIENCE_S):
                return await asyncio.shield(working)
        except TimeoutError as error:
            raise StoreError(f"the store did not answer within {_PATIENCE_S:g} s") from error

    def _note_end(self, working: "asyncio.Future[Any]") -> None:
        self._n_waiting -= 1
        if not working.cancelled():
            working.exception()  # looked at, also where nobody waits any more

    def close(self) -> None:
        """Finish what was begun, then let go of threads and connections."""
        self._pool.shutdown(wait=True)
        self.reader.close()
        self.database.close()
