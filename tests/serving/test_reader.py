"""The hot read: bounded in time on a networked store, and never wrong on SQLite."""

import asyncio
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from recsys.errors import StoreError
from recsys.members import NO_FACTS, LiveFacts
from recsys.types import Consent
from serving.store.database import Database
from serving.store.members import MemberStore
from serving.store.reader import SqliteFactsReader, ThreadedFactsReader, facts_reader


class Slow(MemberStore):
    """Answers when allowed to, and counts how often it was asked."""

    def __init__(self) -> None:
        self.may_answer, self.n_asked = threading.Event(), 0

    def fetch(self, member_ids: Sequence[str], *, since: int) -> list[LiveFacts]:
        self.n_asked += 1
        self.may_answer.wait(30)
        return [NO_FACTS] * len(member_ids)


def test_both_readers_see_what_was_written_just_before(database: Database) -> None:
    members = MemberStore(database)
    members.set_consent("m1", Consent.EMAIL, now=1)
    reader = facts_reader(database, members, deadline_s=10)

    async def read() -> list[LiveFacts]:
        return await reader.fetch(["m2", "m1"], since=0)

    assert asyncio.run(read()) == [NO_FACTS, LiveFacts(consent=Consent.EMAIL)]
    members.erase("m1", now=2)
    assert asyncio.run(read())[1].erased
    reader.close()


def test_a_thousand_members_are_read_at_once(database: Database) -> None:
    members = MemberStore(database)
    members.set_consent("m999", Consent.SMS, now=1)
    reader = facts_reader(database, members, deadline_s=10)
    found = asyncio.run(reader.fetch([f"m{number}" for number in range(1_000)], since=0))
    assert [number for number, facts in enumerate(found) if facts != NO_FACTS] == [999]
    reader.close()


def test_a_slow_store_costs_one_deadline_and_is_then_left_alone() -> None:
    slow, at = Slow(), [0.0]
    reader = ThreadedFactsReader(slow, deadline_s=0.01, monotonic=lambda: at[0])

    async def scenario() -> None:
        with pytest.raises(StoreError, match="within 10 ms"):
            await reader.fetch(["m1"], since=0)
        with pytest.raises(StoreError, match="a moment ago"):
            await reader.fetch(["m1"], since=0)
        assert slow.n_asked == 1
        slow.may_answer.set()
        at[0] = 1.5
        assert await reader.fetch(["m1"], since=0) == [NO_FACTS]

    asyncio.run(scenario())
    reader.close()


def test_a_missing_file_is_a_store_error_and_a_later_one_is_read(tmp_path: Path) -> None:
    reader = SqliteFactsReader(tmp_path / "store.db")
    with pytest.raises(StoreError, match="does not answer"):
        asyncio.run(reader.fetch(["m1"], since=0))
    reader.close()
