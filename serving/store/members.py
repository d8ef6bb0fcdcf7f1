"""The members' live facts: consent, tier, erasure, contacts; and the same facts for many members at once."""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection, bindparam, delete, select, update

from recsys.members import LiveFacts
from recsys.types import Channel, Consent, EpochSeconds, EventKind
from serving.store.database import Database
from serving.store.facts import EMPTY, Recent, StoredEvent, member_key, read_facts
from serving.store.schema import decisions, events, member_facts

ALL_CONSENT = ~Consent.NONE
_KEYS_A_QUERY = 1_000


class MemberStore:
    """Reads and changes ``member_facts``; blocking, so the service calls it from worker threads."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def fetch(self, member_ids: Sequence[str], *, since: EpochSeconds) -> list[LiveFacts]:
        """
        The facts of members, in the order given; empty facts for members without any.

        Args:
            member_ids: Any number; a thousand are one query.
            since: Cut-off of the bundle: product facts before it are left out.

        Raises:
            StoreError: The store does not answer.
        """
        keys = [member_key(member_id) for member_id in member_ids]
        found: dict[str, LiveFacts] = {}
        columns = member_facts.c
        with self._database.reading() as connection:
            for start in range(0, len(keys), _KEYS_A_QUERY):
                wanted = columns.member_key.in_(keys[start : start + _KEYS_A_QUERY])
                rows = connection.execute(
                    select(columns.member_key, columns.consent, columns.tier, columns.erased, columns.recent).where(
                        wanted
                    )
                )
                for key, consent, tier, erased, recent in rows:
                    found[key] = read_facts(consent, tier, erased=erased, recent=recent, since=since)
        nothing = LiveFacts()
        return [found.get(key, nothing) for key in keys]

    def set_consent(
        self,
        member_id: str,
        consent: Consent,
        *,
        now: EpochSeconds,
        said: Consent = ALL_CONSENT,
        before: Consent = Consent.NONE,
    ) -> Consent | None:
        """
        Take down the member's word of today.

        Args:
            member_id: Whose.
            consent: What they agree to.
            now: When.
            said: What they spoke about; the rest stays as it is.
            before: As it is for a member who never spoke here.

        Returns:
            All that holds now; ``None`` for an erased member, of whom nothing is taken down.
        """
        with self._database.transaction() as connection:
            kept = lock_facts(connection, self._database, [member_id], now=now)
            if kept[member_id] is None:
                return None
            own = member_facts.c.member_key == member_key(member_id)
            stored = connection.execute(select(member_facts.c.consent).where(own)).scalar_one()
            holds = consent & said | (before if stored is None else Consent(stored)) & ~said
            connection.execute(update(member_facts).where(own).values(consent=int(holds), updated_at=now))
        return holds

    def erase(self, member_id: str, *, now: EpochSeconds) -> None:
        """Delete all that is known of a member and leave a tombstone without their id."""
        with self._database.transaction() as connection:
            self._database.lock_erasure(connection, shared=False)
            lock_facts(connection, self._database, [member_id], now=now)
            connection.execute(
                update(member_facts)
                .where(member_facts.c.member_key == member_key(member_id))
                .values(consent=0, tier=None, erased=True, recent=EMPTY, updated_at=now)
            )
            for table in (decisions, events):
                connection.execute(delete(table).where(table.c.member_id == member_id))
        self._database.note_deletion()
        self._database.clear_traces()

    def record_contacts(
        self, sent: Iterable[tuple[str, str, str | None]], *, channel: Channel, now: EpochSeconds
    ) -> None:
        """
        Take down messages that went out without passing the events endpoint, such as an export's.

        Args:
            sent: Member id, an id of the message (a decision id), and the offer in it or ``None``. The same message
                twice is one contact.
            channel: Where they went.
            now: When.
        """
        contacts: dict[str, list[StoredEvent]] = {}
        for member_id, message, offer_id in sent:
            event = StoredEvent(
                event_id=message, member_id=member_id, kind=EventKind.EXPOSURE, occurred_at=now, received_at=now,
                offer_id=offer_id, channel=channel, decision_id=message,
            )  # fmt: skip
            contacts.setdefault(member_id, []).append(event)
        member_ids = sorted(contacts)
        for start in range(0, len(member_ids), _KEYS_A_QUERY):
            with self._database.transaction() as connection:
                chunk = member_ids[start : start + _KEYS_A_QUERY]
                kept = lock_facts(connection, self._database, chunk, now=now)
                save_recent(connection, {one: (kept[one], contacts[one]) for one in chunk}, now=now)

    def fetch_restricted(self, *, since: EpochSeconds) -> dict[str, LiveFacts]:
        """By member key: consent and erasure of members whose row changed at or after *since* and says either."""
        columns = member_facts.c
        says = columns.consent.is_not(None) & (columns.updated_at >= since)
        with self._database.reading() as connection:
            rows = connection.execute(select(columns.member_key, columns.consent, columns.erased).where(says))
            return {key: LiveFacts(consent=Consent(consent), erased=erased) for key, consent, erased in rows}


def lock_facts(
    connection: Connection, database: Database, member_ids: Sequence[str], *, now: EpochSeconds
) -> dict[str, Recent | None]:
    """
    Lock the rows of members for the rest of the transaction, making those that are missing.

    Returns:
        By member id: the recent facts; ``None`` for an erased member.
    """
    keys = {member_key(member_id): member_id for member_id in member_ids}
    ordered = sorted(keys)  # one order for all writers, so that they cannot wait for each other in a circle
    connection.execute(
        database.insert_new(member_facts),
        [{"member_key": key, "erased": False, "recent": EMPTY, "updated_at": now} for key in ordered],
    )
    columns = member_facts.c
    rows = connection.execute(
        select(columns.member_key, columns.erased, columns.recent)
        .where(columns.member_key.in_(ordered))
        .order_by(columns.member_key)
        .with_for_update()
    )
    return {keys[key]: None if erased else Recent.parse(recent) for key, erased, recent in rows}


def save_recent(
    connection: Connection, changes: Mapping[str, tuple[Recent | None, Sequence[StoredEvent]]], *, now: EpochSeconds
) -> None:
    """Merge events into locked rows; by member id, with the facts that `lock_facts` gave. Erased members stay empty."""
    rows = [
        {"key": member_key(member_id), "text": recent.merged(new).dumps(), "at": now}
        for member_id, (recent, new) in changes.items()
        if recent is not None and new
    ]
    if rows:
        connection.execute(
            update(member_facts)
            .where(member_facts.c.member_key == bindparam("key"))
            .values(recent=bindparam("text"), updated_at=bindparam("at")),
            rows,
        )
