"""The first tables: decisions, events, live facts of members, keys."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this version."""
    op.create_table(
        "decisions",
        sa.Column("decision_id", sa.String(128), primary_key=True),
        sa.Column("member_id", sa.String(128), nullable=False),
        sa.Column("placement", sa.String(128), nullable=False),
        sa.Column("decided_at", sa.BigInteger, nullable=False),
        sa.Column("bundle_id", sa.String(64), nullable=False),
        sa.Column("policy_id", sa.String(64), nullable=False),
        sa.Column("answer", sa.LargeBinary, nullable=False),
        sa.Column("inputs", sa.LargeBinary, nullable=False),
    )
    op.create_index("decisions_by_member", "decisions", ["member_id"])
    op.create_index("decisions_by_time", "decisions", ["decided_at"])
    op.create_table(
        "events",
        sa.Column("event_id", sa.String(128), primary_key=True),
        sa.Column("member_id", sa.String(128), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("occurred_at", sa.BigInteger, nullable=False),
        sa.Column("received_at", sa.BigInteger, nullable=False),
        sa.Column("product_id", sa.String(128)),
        sa.Column("offer_id", sa.String(128)),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("decision_id", sa.String(128)),
        sa.Column("quantity", sa.Integer),
        sa.Column("value_minor", sa.BigInteger),
    )
    op.create_index("events_by_member", "events", ["member_id"])
    op.create_index("events_by_time", "events", ["occurred_at"])
    op.create_table(
        "member_facts",
        sa.Column("member_key", sa.String(40), primary_key=True),
        sa.Column("consent", sa.Integer),
        sa.Column("tier", sa.String(128)),
        sa.Column("erased", sa.Boolean, nullable=False),
        sa.Column("recent", sa.Text, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
    )
    op.create_index("member_facts_by_update", "member_facts", ["updated_at"])
    op.create_table(
        "api_keys",
        sa.Column("key_id", sa.String(16), primary_key=True),
        sa.Column("secret_sha256", sa.String(64), nullable=False),
        sa.Column("name", sa.String(128), nullable=False),
        sa.Column("scopes", sa.String(256), nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("revoked_at", sa.BigInteger),
    )


def downgrade() -> None:
    """Back to an empty store."""
    for table in ("api_keys", "member_facts", "events", "decisions"):
        op.drop_table(table)
