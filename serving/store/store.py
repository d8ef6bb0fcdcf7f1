"""The whole store as the service holds it: its tables, its hot read, and the threads that do blocking work."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

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


class Store:
    """
    All that the service remembers.

    Attributes:
        database: Where.
        decisions, events, members, keys: The tables; blocking, to be called through `work`.
        reader: The hot read; not blocking.
        restrictions: Consents and erasures for the time the store is down.
    """

    def __init__(self, database: Database, *, deadline_s: float) -> None:
        self.database = database
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
    def at(cls, url: str, *, deadline_s: float = 0.03) -> "Store":
        """
        A store by its URL; nothing is connected yet.

        Raises:
            StoreError: The URL is not one of a supported database.
        """
        return cls(open_database(url), deadline_s=deadline_s)

    async def work(self, blocking: Callable[[], Result]) -> Result:
        """Do blocking work on the store in one of its threads; what it raises is raised here."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, blocking)

    def close(self) -> None:
        """Finish what was begun, then let go of threads and connections."""
        self._pool.shutdown(wait=True)
        self.reader.close()
        self.database.close()
