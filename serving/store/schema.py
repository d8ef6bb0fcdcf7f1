"""The store's tables as SQLAlchemy Core knows them; the migrations make them."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, MetaData, String, Table, Text

METADATA = MetaData()

ID_LENGTH = 128
"""Longest member, product, offer, event and decision id, in characters."""

KEY_LENGTH = 40
"""Characters of a member's key, see `serving.store.facts.member_key`."""

decisions = Table(
    "decisions",
    METADATA,
    Column("decision_id", String(ID_LENGTH), primary_key=True),
    Column("member_id", String(ID_LENGTH), nullable=False),
    Column("placement", String(ID_LENGTH), nullable=False),
    Column("decided_at", BigInteger, nullable=False),
    Column("bundle_id", String(64), nullable=False),
    Column("policy_id", String(64), nullable=False),
    # The exact bytes that were answered, and what the engine was asked: enough to attribute and to replay.
    Column("answer", LargeBinary, nullable=False),
    Column("inputs", LargeBinary, nullable=False),
    Index("decisions_by_member", "member_id"),
    Index("decisions_by_time", "decided_at"),
)

events = Table(
    "events",
    METADATA,
    Column("event_id", String(ID_LENGTH), primary_key=True),
    Column("member_id", String(ID_LENGTH), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("occurred_at", BigInteger, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("product_id", String(ID_LENGTH)),
    Column("offer_id", String(ID_LENGTH)),
    Column("channel", String(16), nullable=False),
    Column("decision_id", String(ID_LENGTH)),
    Column("quantity", Integer),
    Column("value_minor", BigInteger),
    Index("events_by_member", "member_id"),
    Index("events_by_time", "occurred_at"),
)

member_facts = Table(
    "member_facts",
    METADATA,
    Column("member_key", String(KEY_LENGTH), primary_key=True),
    Column("consent", Integer),
    Column("tier", String(ID_LENGTH)),
    Column("erased", Boolean, nullable=False),
    # Recent product facts, contacts and held offers as one JSON text, so that a decision costs one read by key.
    Column("recent", Text, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Index("member_facts_by_update", "updated_at"),
)

api_keys = Table(
    "api_keys",
    METADATA,
    Column("key_id", String(16), primary_key=True),
    Column("secret_sha256", String(64), nullable=False),
    Column("name", String(ID_LENGTH), nullable=False),
    Column("scopes", String(256), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("revoked_at", BigInteger),
)
