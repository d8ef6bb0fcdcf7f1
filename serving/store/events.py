"""Takes events in, each once, and brings the members' facts up to date in the same transaction."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete

from recsys.types import EpochSeconds
from serving.store.database import Database
from serving.store.facts import StoredEvent
from serving.store.members import lock_facts, save_recent
from serving.store.schema import events


@dataclass(frozen=True, slots=True)
class EventCounts:
    """
    What became of a batch of events; the three add up to its size.

    Attributes:
        accepted: New, and in effect.
        duplicates: Their id was known; nothing changed.
        ignored: Of members who asked to be forgotten; nothing was kept.
    """

    accepted: int
    duplicates: int
    ignored: int


class EventStore:
    """Writes ``events``; blocking, so the service calls it from worker threads."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, batch: Sequence[StoredEvent], *, now: EpochSeconds) -> EventCounts:
        """
        Store events whose ids are new. When this returns, they are durable and the next decision sees them.

        Raises:
            StoreError: The store does not answer; nothing was stored.
        """
        if not batch:
            return EventCounts(0, 0, 0)
        with self._database.transaction() as connection:
            kept = lock_facts(connection, self._database, list({event.member_id for event in batch}), now=now)
            wanted = {event.event_id: event for event in reversed(batch) if kept[event.member_id] is not None}
            rows = [_row(wanted[event_id]) for event_id in sorted(wanted)]
            new: set[str] = set()
            if rows:
                statement = self._database.insert_new(events).returning(events.c.event_id)
                new = set(connection.execute(statement, rows).scalars())
            of_member: dict[str, list[StoredEvent]] = {}
            for event_id in new:
                of_member.setdefault(wanted[event_id].member_id, []).append(wanted[event_id])
            save_recent(connection, {member: (kept[member], fresh) for member, fresh in of_member.items()}, now=now)
        ignored = sum(kept[event.member_id] is None for event in batch)
        return EventCounts(len(new), len(batch) - len(new) - ignored, ignored)

    def purge(self, *, before: EpochSeconds) -> int:
        """Delete events that occurred before an instant; returns how many."""
        with self._database.transaction() as connection:
            return connection.execute(delete(events).where(events.c.occurred_at < before)).rowcount


def _row(event: StoredEvent) -> dict[str, object]:
    return {
        "event_id": event.event_id,
        "member_id": event.member_id,
        "kind": event.kind.value,
        "occurred_at": event.occurred_at,
        "received_at": event.received_at,
        "product_id": event.product_id,
        "offer_id": event.offer_id,
        "channel": event.channel.value,
        "decision_id": event.decision_id,
        "quantity": event.quantity,
        "value_minor": event.value_minor,
    }
