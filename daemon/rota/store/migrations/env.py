"""Run by Alembic; the connection, and with it the transaction, is the caller's (`rota.store.schema`)."""

from __future__ import annotations

from alembic import context

from rota.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=True,
)
context.run_migrations()
