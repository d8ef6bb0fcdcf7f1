"""Writes answered decisions to the store in the background: in batches, bounded, and drained on a graceful stop."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable

import structlog

from recsys.errors import StoreError
from serving.store.decisions import DecisionRow, DecisionStore
from serving.store.store import Store

_RETRY_S = 1.0
_LOG = structlog.get_logger(__name__)


class DecisionLog:
    """
    A queue in front of `DecisionStore`.

    What is lost, and when: nothing on a graceful stop while the store answers; on a hard kill the decisions of the
    last flush interval; during an outage of the store the decisions beyond *capacity*, each counted and named in its
    answer as ``decision_not_logged``.

    Attributes:
        n_lost: Decisions that will never be in the log.
    """

    def __init__(
        self, store: Store, *, capacity: int, batch: int, flush_s: float, note_error: Callable[[], None]
    ) -> None:
        self._store = store
        self._capacity = capacity
        self._batch = batch
        self._flush_s = flush_s
        self._note_error = note_error
        self._waiting: deque[DecisionRow] = deque()
        self._pending: dict[str, DecisionRow] = {}
        self._wake = asyncio.Event()
        self._writing = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self._n_singly = 0
        self.n_lost = 0

    @property
    def n_pending(self) -> int:
        """Decisions answered and not yet in the store."""
        return len(self._pending)

    @property
    def is_full(self) -> bool:
        """The next decision would be lost."""
        return self.n_free <= 0

    @property
    def n_free(self) -> int:
        """Decisions for which there is room."""
        return self._capacity - len(self._waiting)

    def put(self, row: DecisionRow) -> None:
        """
        Take a decision for the log, or count it as lost where there is no room.

        A decision that waits already is the same one, asked for again.
        """
        if row.decision_id in self._pending:
            return
        if self.is_full:
            self.n_lost += 1
            return
        self._waiting.append(row)
        self._pending[row.decision_id] = row
        if len(self._waiting) >= self._batch:
            self._wake.set()

    def count_lost(self, n: int) -> None:
        """Decisions were answered that the log had no room for."""
        self.n_lost += n

    def find_pending(self, decision_id: str) -> bytes | None:
        """The answer of a decision that is not in the store yet."""
        row = self._pending.get(decision_id)
        return None if row is None else row.answer

    def forget(self, member_id: str) -> None:
        """Drop the waiting decisions of a member who was erased; the store passes over those being written."""
        self._waiting = deque(row for row in self._waiting if row.member_id != member_id)
        self._pending = {key: row for key, row in self._pending.items() if row.member_id != member_id}

    def start(self) -> None:
        """Begin to write in the background; needs a running event loop."""
        self._task = asyncio.create_task(self._run(), name="decision-log")

    async def stop(self) -> None:
        """Write what waits, once, and stop. What the store does not take now is counted as lost."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        try:
            await self.flush()
        except StoreError:
            self._note_error()
            self.n_lost += len(self._waiting)
            self._waiting.clear()
            self._pending.clear()

    async def flush(self) -> None:
        """
        Write all that waits now.

        Raises:
            StoreError: The store does not answer; what was not written still waits.
        """
        async with self._writing:
            while self._waiting:
                await self._write(self._store.decisions)

    async def _run(self) -> None:
        while True:
            # Not wait_for: in Python 3.11 it swallows a cancellation that comes together with the wake.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._flush_s):
                    await self._wake.wait()
            self._wake.clear()
            try:
                await self.flush()
            except StoreError:
                self._note_error()
                await asyncio.sleep(_RETRY_S)

    async def _write(self, decisions: DecisionStore) -> None:
        n_rows = 1 if self._n_singly else min(self._batch, len(self._waiting))
        self._n_singly = max(0, self._n_singly - 1)
        rows = [self._waiting.popleft() for _ in range(n_rows)]
        # Shielded, so that a stop in mid-write waits for the outcome instead of writing the batch a second time.
        writing = asyncio.ensure_future(self._store.work(lambda: decisions.append(rows)))
        try:
            await asyncio.shield(writing)
        except asyncio.CancelledError:
            await asyncio.gather(writing, return_exceptions=True)
            if writing.exception() is not None:
                self._waiting.extendleft(reversed(rows))
            else:
                self._written(rows)
            raise
        except StoreError:
            self._waiting.extendleft(reversed(rows))
            raise
        except Exception as error:  # noqa: BLE001 (one row that cannot be written must not hold up all others)
            if len(rows) > 1:
                self._waiting.extendleft(reversed(rows))
                self._n_singly = len(rows)
                return
            self._note_error()
            self.n_lost += 1
            _LOG.error("decision_unwritable", decision_id=rows[0].decision_id, exc_info=error)
        self._written(rows)

    def _written(self, rows: list[DecisionRow]) -> None:
        for row in rows:
            self._pending.pop(row.decision_id, None)
