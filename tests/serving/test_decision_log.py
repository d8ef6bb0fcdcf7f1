"""The decision log in front of the store: batched, bounded, drained."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from recsys.decision import Context
from recsys.errors import StoreError
from recsys.members import Subject
from serving.decision_log import DecisionLog
from serving.store.decisions import DecisionRow, DecisionStore
from serving.store.store import Store


def row(number: int, member_id: str = "m1") -> DecisionRow:
    key = f"d{number}"
    return DecisionRow(key, member_id, "home", 1, "b", "p", key.encode(), Subject(member_id), Context("home", 1))


class Recording(DecisionStore):
    """Keeps the sizes of batches, and is down when told so."""

    def __init__(self, real: DecisionStore) -> None:
        self.real, self.sizes, self.is_down = real, [], False

    def append(self, batch: Sequence[DecisionRow]) -> None:
        if self.is_down:
            raise StoreError("down")
        self.sizes.append(len(batch))
        self.real.append(batch)

    def fetch_answer(self, decision_id: str) -> bytes | None:
        return self.real.fetch_answer(decision_id)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    one = Store.at(f"sqlite:///{tmp_path / 'store.db'}")
    one.database.migrate()
    one.decisions = Recording(one.decisions)
    return one


def log_of(store: Store, *, capacity: int = 100, batch: int = 10, flush_s: float = 3_600) -> DecisionLog:
    return DecisionLog(store, capacity=capacity, batch=batch, flush_s=flush_s, note_error=lambda: None)


def test_a_graceful_stop_loses_nothing(store: Store) -> None:
    async def scenario() -> None:
        log = log_of(store)
        log.start()
        for number in range(25):
            log.put(row(number))
        await log.stop()
        assert (log.n_pending, log.n_lost) == (0, 0)

    asyncio.run(scenario())
    assert [store.decisions.fetch_answer(f"d{number}") for number in (0, 24)] == [b"d0", b"d24"]
    assert store.decisions.sizes == [10, 10, 5]
    store.close()


def test_a_stop_that_comes_with_the_wake_ends(store: Store) -> None:
    async def scenario() -> None:
        for _ in range(20):
            log = log_of(store, batch=1)
            log.start()
            await asyncio.sleep(0)
            log.put(row(1))
            await asyncio.wait_for(log.stop(), 10)

    asyncio.run(scenario())
    store.close()


def test_a_full_batch_is_written_without_waiting_for_the_interval(store: Store) -> None:
    async def scenario() -> None:
        log = log_of(store, batch=5)
        log.start()
        for number in range(5):
            log.put(row(number))
        async with asyncio.timeout(10):
            while log.n_pending:
                await asyncio.sleep(0)
        await log.stop()

    asyncio.run(scenario())
    assert store.decisions.sizes == [5]
    store.close()


def test_a_decision_is_found_before_it_is_written_and_not_after_its_member_is_erased(store: Store) -> None:
    async def scenario() -> None:
        log = log_of(store)
        log.put(row(1, "m1"))
        log.put(row(2, "m2"))
        assert log.find_pending("d1") == b"d1"
        log.forget("m1")
        assert (log.find_pending("d1"), log.find_pending("d2")) == (None, b"d2")
        await log.flush()

    asyncio.run(scenario())
    assert (store.decisions.fetch_answer("d1"), store.decisions.fetch_answer("d2")) == (None, b"d2")
    store.close()


def test_beyond_its_capacity_decisions_are_lost_and_counted(store: Store) -> None:
    async def scenario() -> None:
        log = log_of(store, capacity=3)
        for number in range(5):
            log.put(row(number))
        assert (log.is_full, log.n_pending, log.n_lost) == (True, 3, 2)

    asyncio.run(scenario())
    store.close()


def test_an_outage_keeps_what_waits_in_order_until_the_store_is_back(store: Store) -> None:
    async def scenario() -> None:
        log = log_of(store)
        for number in range(12):
            log.put(row(number))
        store.decisions.is_down = True
        with pytest.raises(StoreError):
            await log.flush()
        assert log.n_pending == 12
        store.decisions.is_down = False
        await log.flush()
        assert (log.n_pending, log.n_lost) == (0, 0)

    asyncio.run(scenario())
    store.close()


def test_a_decision_that_cannot_be_written_holds_up_no_other(store: Store) -> None:
    def append(batch: Sequence[DecisionRow]) -> None:
        if any(one.decision_id == "d3" for one in batch):
            raise TypeError("a row that no store takes")
        store.decisions.real.append(batch)

    async def scenario() -> None:
        log = log_of(store)
        for number in range(7):
            log.put(row(number))
        store.decisions.append = append
        await log.flush()
        assert (log.n_pending, log.n_lost) == (0, 1)

    asyncio.run(scenario())
    assert [store.decisions.fetch_answer(f"d{n}") is not None for n in range(7)] == [n != 3 for n in range(7)]
    store.close()


def test_what_cannot_be_written_at_the_stop_is_counted_as_lost(store: Store) -> None:
    async def scenario() -> None:
        log = log_of(store)
        log.start()
        log.put(row(1))
        store.decisions.is_down = True
        await log.stop()
        assert (log.n_pending, log.n_lost) == (0, 1)

    asyncio.run(scenario())
    store.close()
