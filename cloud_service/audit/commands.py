"""`smearflow audit list | verify`."""

import json
from typing import Annotated

import typer

from cloud_service.audit.actions import Action

app = typer.Typer(help="The audit trail: who did or saw what, and whether it was tampered with.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print JSON alone.")]


@app.command(name="list", epilog="Example: smearflow audit list --user h.meier --limit 50 --json")
def list_(
    *,
    user: Annotated[str | None, typer.Option(help="Only what this user did, and what was done to it.")] = None,
    subject: Annotated[str | None, typer.Option(help="Only what concerns this capture, device or user.")] = None,
    action: Annotated[Action | None, typer.Option(help="Only this kind.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 100,
    json_: Json = False,
) -> None:
    """List what was done or seen last, newest first."""
    from cloud_service.audit.queries import Filters, newest_entries
    from cloud_service.database import snapshot

    with snapshot() as session:
        entries = newest_entries(session, Filters(user=user, subject=subject, action=action), limit=limit)
    if json_:
        columns = ("position", "actor", "role", "token", "action", "subject", "details", "previous_hash", "hash")
        rows = [{"at": entry.at.isoformat()} | {name: getattr(entry, name) for name in columns} for entry in entries]
        typer.echo(json.dumps(rows))
        return
    for entry in entries:
        who = f"{entry.actor} ({entry.token})" if entry.token else entry.actor
        more = " ".join(f"{name}={value}" for name, value in entry.details.items())
        typer.echo(
            f"{entry.position:>8}  {entry.at:%Y-%m-%d %H:%M:%S}  {who:24} {entry.action:18} {entry.subject}  {more}"
        )
    if not entries:
        typer.echo("Nothing was done yet that is asked for here.")


@app.command(epilog="Example: smearflow audit verify --noted 812:9f2c…")
def verify(
    *,
    noted: Annotated[
        str | None, typer.Option(help="A head that was printed earlier, as POSITION:HASH; it must still be there.")
    ] = None,
    json_: Json = False,
) -> None:
    """Check that no entry was changed, removed or added; print the head, to be noted outside this database."""
    from cloud_service.audit.verify import EMPTY, Head, verify
    from cloud_service.database import snapshot

    with snapshot() as session:
        head = verify(session, Head.parse(noted) if noted else EMPTY)
    if json_:
        typer.echo(json.dumps({"position": head.position, "hash": head.hash}))
    else:
        typer.echo(f"The audit trail is whole: {head.position} entries. Note its head elsewhere: {head}")
