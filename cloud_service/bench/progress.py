"""What a benchmark is at, for the person who waits: on standard error, as standard output holds the result alone."""

import typer


def tell(text: str) -> None:
    """Say one line."""
    typer.echo(text, err=True)
