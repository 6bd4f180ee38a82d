"""Alembic's entry: runs the versions on the connection that `upgrade` hands over."""

from alembic import context

from cloud_service.migrations import configure_options

connection = context.config.attributes["connection"]
context.configure(connection=connection, **configure_options(connection))
# The transaction is the caller's, so that lock, changes and version number are one.
context.run_migrations()
