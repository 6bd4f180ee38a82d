"""`smearflow migrate`."""

import typer

app = typer.Typer()


@app.command()
def migrate() -> None:
    """Bring the database's tables up to date. Safe to run at every start, and by several at a time."""
    from cloud_service.config import settings  # noqa: PLC0415 - Alembic takes a while to import
    from cloud_service.migrations import upgrade  # noqa: PLC0415

    upgrade(settings().database_url)
    typer.echo("The database is up to date.")
