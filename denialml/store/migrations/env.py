"""Alembic's entry: runs inside the transaction that `database.migrate` opened."""

from alembic import context

from denialml.store.columns import Base

connection = context.config.attributes["connection"]
# SQLite's DDL is transactional once the driver does not commit behind our back.
context.configure(
    connection=connection, target_metadata=Base.metadata, transactional_ddl=True
)
with context.begin_transaction():
    context.run_migrations()
