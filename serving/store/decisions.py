"""The decision log as a table: append in batches, find one, forget the old."""

from collections.abc import Sequence
from dataclasses import dataclass

import orjson
from sqlalchemy import delete, select

from recsys.decision import Context
from recsys.members import Subject
from recsys.types import EpochSeconds
from serving.store.database import Database
from serving.store.facts import member_key
from serving.store.schema import decisions, member_facts


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """
    One answered request as the log keeps it.

    Attributes:
        answer: The bytes that were answered.
        subject, context: What the engine was asked, so that the decision can be replayed.
    """

    decision_id: str
    member_id: str
    placement: str
    decided_at: EpochSeconds
    bundle_id: str
    policy_id: str
    answer: bytes
    subject: Subject
    context: Context


class DecisionStore:
    """Reads and writes ``decisions``; blocking, so the service calls it from worker threads."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def append(self, batch: Sequence[DecisionRow]) -> None:
        """
        Write decisions in one transaction, passing over ids that are there and members erased since.

        Raises:
            StoreError: The store does not answer; nothing was written.
        """
        if not batch:
            return
        with self._database.transaction() as connection:
            self._database.lock_erasure(connection, shared=True)
            keys = {member_key(row.member_id) for row in batch}
            tombstones = select(member_facts.c.member_key).where(
                member_facts.c.member_key.in_(sorted(keys)) & member_facts.c.erased
            )
            erased = set(connection.execute(tombstones).scalars())
            rows = [_columns(row) for row in batch if member_key(row.member_id) not in erased]
            if rows:
                connection.execute(self._database.insert_new(decisions), rows)

    def fetch_answer(self, decision_id: str) -> bytes | None:
        """
        The bytes that were answered; ``None`` where the log has no such decision.

        Raises:
            StoreError: The store does not answer.
        """
        with self._database.reading() as connection:
            query = select(decisions.c.answer).where(decisions.c.decision_id == decision_id)
            answer = connection.execute(query).scalar_one_or_none()
            return None if answer is None else bytes(answer)

    def purge(self, *, before: EpochSeconds) -> int:
        """Delete decisions taken before an instant; returns how many."""
        with self._database.transaction() as connection:
            return connection.execute(delete(decisions).where(decisions.c.decided_at < before)).rowcount


def _columns(row: DecisionRow) -> dict[str, object]:
    inputs = {"subject": row.subject, "context": row.context}
    return {
        "decision_id": row.decision_id,
        "member_id": row.member_id,
        "placement": row.placement,
        "decided_at": row.decided_at,
        "bundle_id": row.bundle_id,
        "policy_id": row.policy_id,
        "answer": row.answer,
        "inputs": orjson.dumps(inputs, default=_plain),
    }


def _plain(value: object) -> object:
    if isinstance(value, frozenset):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} has no place in the decision log")
