"""Alembic's way in: run by ``feeds.store.migrate`` over a connection that it hands in."""

from alembic import context

from feeds.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
