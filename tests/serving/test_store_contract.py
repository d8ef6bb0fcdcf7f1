"""What the store promises, on SQLite and on PostgreSQL alike."""

import threading
from pathlib import Path

import pytest
from sqlalchemy import inspect, text

from recsys.decision import Context
from recsys.errors import InputError, StoreError
from recsys.members import Contact, LiveFacts, ProductFact, Subject
from recsys.types import Channel, Consent, EventKind
from serving.scopes import Scope
from serving.store.database import Database, open_database
from serving.store.decisions import DecisionRow, DecisionStore
from serving.store.events import EventCounts, EventStore
from serving.store.facts import StoredEvent
from serving.store.keys import KeyStore, hash_secret, split_key
from serving.store.members import MemberStore
from serving.store.schema import METADATA

NOW = 1_000_000


def view(event_id: str, member_id: str = "m1", at: int = NOW, product: str = "p1") -> StoredEvent:
    return StoredEvent(event_id, member_id, EventKind.VIEW, at, NOW, product_id=product)


def logged(decision_id: str, member_id: str = "m1", at: int = NOW) -> DecisionRow:
    answer = f'{{"decision_id":"{decision_id}"}}'.encode()
    subject = Subject(member_id, LiveFacts((ProductFact("p1", EventKind.VIEW, at),)), exclude_ids=frozenset({"p2"}))
    return DecisionRow(decision_id, member_id, "home", at, "b", "p", answer, subject, Context("home", at))


def facts(database: Database, member_id: str = "m1", since: int = 0) -> LiveFacts:
    return MemberStore(database).fetch([member_id], since=since)[0]


def rows(database: Database, table: str) -> int:
    with database.transaction() as connection:
        return int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


def test_reading_waits_for_no_writer(database: Database) -> None:
    with database.transaction() as connection:
        connection.execute(text("DELETE FROM events"))
        assert facts(database) == LiveFacts()


def test_migrations_go_up_down_and_up_again(store_url: str) -> None:
    database = open_database(store_url)
    for revision, tables in (("head", set(METADATA.tables)), ("base", set()), ("head", set(METADATA.tables))):
        database.migrate(revision)
        with database.transaction() as connection:
            assert set(inspect(connection).get_table_names()) - {"alembic_version"} == tables
    database.close()


def test_migrating_twice_keeps_what_is_stored(database: Database) -> None:
    EventStore(database).add([view("e1")], now=NOW)
    database.migrate()
    assert rows(database, "events") == 1


def test_the_migrated_schema_is_the_one_the_program_uses(database: Database) -> None:
    with database.transaction() as connection:
        inspector = inspect(connection)
        for name, table in METADATA.tables.items():
            assert {column["name"] for column in inspector.get_columns(name)} == set(table.columns.keys())
            assert {index["name"] for index in inspector.get_indexes(name)} == {index.name for index in table.indexes}


def test_a_store_of_a_newer_version_is_refused(database: Database) -> None:
    with database.transaction() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match=r"'9999'.*start the newer version"):
        database.migrate()


def test_an_event_is_in_the_facts_when_add_returns(database: Database) -> None:
    assert EventStore(database).add([view("e1", at=NOW - 5)], now=NOW) == EventCounts(1, 0, 0)
    assert facts(database).product_facts == (ProductFact("p1", EventKind.VIEW, NOW - 5),)


def test_an_event_id_seen_before_changes_nothing(database: Database) -> None:
    store = EventStore(database)
    store.add([view("e1")], now=NOW)
    assert store.add([view("e1", product="p9"), view("e2"), view("e2", product="p8")], now=NOW) == EventCounts(1, 2, 0)
    assert {fact.product_id for fact in facts(database).product_facts} == {"p1"}
    assert rows(database, "events") == 2


def test_facts_before_the_cut_off_are_left_out(database: Database) -> None:
    EventStore(database).add([view("e1", at=10, product="old"), view("e2", at=20, product="new")], now=NOW)
    assert [fact.product_id for fact in facts(database, since=20).product_facts] == ["new"]


def test_facts_come_in_the_order_of_the_question_and_empty_for_strangers(database: Database) -> None:
    EventStore(database).add([view("e1", "a", product="pa"), view("e2", "b", product="pb")], now=NOW)
    found = MemberStore(database).fetch(["b", "nobody", "a"], since=0)
    assert [[fact.product_id for fact in one.product_facts] for one in found] == [["pb"], [], ["pa"]]


def test_concurrent_events_of_one_member_are_all_kept(database: Database) -> None:
    store = EventStore(database)
    starts = threading.Barrier(4)

    def add(writer: int) -> None:
        starts.wait()
        for n in range(5):
            store.add([view(f"e{writer}.{n}", product=f"p{writer}.{n}")], now=NOW)

    threads = [threading.Thread(target=add, args=(writer,)) for writer in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert len(facts(database).product_facts) == 20


def test_consent_is_the_members_word_of_today(database: Database) -> None:
    members = MemberStore(database)
    assert facts(database).consent is None
    assert members.set_consent("m1", Consent.EMAIL | Consent.PUSH, now=NOW)
    assert facts(database).consent == Consent.EMAIL | Consent.PUSH


def test_erasure_leaves_a_tombstone_and_nothing_with_the_id(database: Database) -> None:
    members, store = MemberStore(database), EventStore(database)
    store.add([view("e1"), view("e2", "m2")], now=NOW)
    DecisionStore(database).append([logged("d1"), logged("d2", "m2")])
    members.erase("m1", now=NOW)
    assert facts(database) == LiveFacts(consent=Consent.NONE, erased=True)
    assert (rows(database, "events"), rows(database, "decisions")) == (1, 1)
    with database.transaction() as connection:
        kept = connection.execute(text("SELECT * FROM member_facts")).all()
    assert len(kept) == 2
    assert not any(value == "m1" for row in kept for value in row)


def test_nothing_more_is_kept_of_an_erased_member(database: Database) -> None:
    members, store = MemberStore(database), EventStore(database)
    members.erase("m1", now=NOW)
    assert store.add([view("e1"), view("e2", "m2")], now=NOW) == EventCounts(1, 0, 1)
    assert not members.set_consent("m1", Consent.EMAIL, now=NOW)
    DecisionStore(database).append([logged("d1")])
    assert DecisionStore(database).fetch_answer("d1") is None
    assert facts(database).erased


def test_contacts_of_one_message_count_once(database: Database) -> None:
    members = MemberStore(database)
    for _ in range(2):
        members.record_contacts([("m1", "d1", None), ("m1", "d1", "o1")], channel=Channel.EMAIL, now=NOW)
    assert facts(database).contacts == (Contact(Channel.EMAIL, NOW, "o1"),)


def test_restrictions_are_those_who_said_something(database: Database) -> None:
    members = MemberStore(database)
    EventStore(database).add([view("e1", "silent")], now=NOW)
    members.set_consent("m1", Consent.EMAIL, now=NOW)
    members.erase("m2", now=NOW + 5)
    assert sorted(one.erased for one in members.fetch_restricted(since=0).values()) == [False, True]
    assert [one.erased for one in members.fetch_restricted(since=NOW + 1).values()] == [True]


def test_a_logged_decision_is_read_back_byte_by_byte(database: Database) -> None:
    store = DecisionStore(database)
    store.append([logged("d1"), logged("d2")])
    store.append([logged("d1"), logged("d3")])
    assert store.fetch_answer("d3") == b'{"decision_id":"d3"}'
    assert store.fetch_answer("d9") is None
    assert rows(database, "decisions") == 3


def test_the_old_is_purged_and_the_young_kept(database: Database) -> None:
    DecisionStore(database).append([logged("d1", at=10), logged("d2", at=20)])
    EventStore(database).add([view("e1", at=10), view("e2", at=20)], now=NOW)
    assert (DecisionStore(database).purge(before=20), EventStore(database).purge(before=20)) == (1, 1)
    assert DecisionStore(database).fetch_answer("d2") is not None


def test_a_key_is_kept_as_a_hash_and_ends_when_revoked(database: Database) -> None:
    keys = KeyStore(database)
    key = keys.create("shop", [Scope.EVENTS_WRITE], now=NOW)
    parts = split_key(key)
    assert parts is not None
    (stored,) = keys.fetch_all().values()
    assert (stored.key_id, stored.secret_sha256, stored.scopes) == (
        parts[0], hash_secret(parts[1]), frozenset({Scope.EVENTS_WRITE}),
    )  # fmt: skip
    with database.transaction() as connection:
        assert parts[1] not in str(connection.execute(text("SELECT * FROM api_keys")).all())
    assert keys.revoke(parts[0], now=NOW)
    assert not keys.revoke(parts[0], now=NOW)
    assert (keys.fetch_all(), keys.count()) == ({}, 1)


def test_a_key_without_scopes_is_refused(database: Database) -> None:
    with pytest.raises(InputError, match="allowed are"):
        KeyStore(database).create("shop", [], now=NOW)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("mysql://host/db", "names 'mysql'; allowed are sqlite"),
        ("no url", "cannot be read"),
        ("sqlite://", "needs a file"),
    ],
    ids=["other-database", "no-url", "memory"],
)
def test_a_url_of_something_else_is_refused(url: str, message: str) -> None:
    with pytest.raises(StoreError, match=message):
        open_database(url)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_database_that_does_not_answer_is_a_store_error_without_the_password(kind: str, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/no/such/folder/store.db" if kind == "sqlite" else "postgresql://me:hush@127.0.0.1:1/x"
    database = open_database(url)
    with pytest.raises(StoreError, match="does not answer") as caught:
        database.ping()
    assert "hush" not in str(caught.value)
    database.close()
