"""Alembic's environment: runs on the connection that `schema.migrate` hands over."""

from alembic import context

from metric_pipelines.ledger.tables import metadata

context.configure(
    connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True
)
context.run_migrations()
