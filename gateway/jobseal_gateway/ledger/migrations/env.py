"""Alembic's entry: run the revisions over the connection, and in the transaction, that ``migrate`` hands over."""

from alembic import context

from jobseal_gateway.ledger.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite alters a table by making it anew
)
context.run_migrations()
