"""Runs the migrations on the connection that `serving.store.database` hands over."""

from alembic import context

from serving.store.schema import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    # SQLite cannot alter most things in place; batch mode copies the table instead.
    render_as_batch=True,
)
context.run_migrations()
