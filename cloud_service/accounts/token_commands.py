"""`smearflow user token add | list | revoke`."""

import json
from datetime import timedelta
from typing import Annotated

import typer

app = typer.Typer(help="Tokens of programs, each with its user's rights.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print JSON alone.")]


@app.command(epilog="Example: smearflow user token add hospital-it reports --days 365 --json")
def add(
    user: str,
    name: str,
    *,
    days: Annotated[int | None, typer.Option(min=1, help="Until it expires; never where not given.")] = None,
    json_: Json = False,
) -> None:
    """Make a token NAME with the rights of USER and print it, once: sent as `Authorization: Bearer smf_…`."""
    from cloud_service.accounts.tokens import add_token
    from cloud_service.audit.trail import Actor
    from cloud_service.database import transaction

    lifetime = timedelta(days=days) if days else None
    with transaction() as session:
        row, secret = add_token(session, Actor.at_command_line(), user=user, name=name, lifetime=lifetime)
    if json_:
        until = row.expires_at.isoformat() if row.expires_at else None
        typer.echo(json.dumps({"user": user, "name": row.name, "expires_at": until, "token": secret}))
        return
    typer.echo(f"Token {name} of {user} (shown only now): {secret}")


@app.command(name="list", epilog="Example: smearflow user token list hospital-it --json")
def list_(user: Annotated[str | None, typer.Argument()] = None, *, json_: Json = False) -> None:
    """List the tokens, of USER or of all; never the secrets themselves, which are kept nowhere."""
    from cloud_service.accounts.tokens import all_tokens
    from cloud_service.database import snapshot

    with snapshot() as session:
        found = all_tokens(session, user)
    rows = [
        {"user": owner.name, "name": token.name}
        | {
            name: moment.isoformat() if (moment := getattr(token, name)) else None
            for name in ("created_at", "expires_at", "revoked_at", "last_used_at")
        }
        for owner, token in found
    ]
    if json_:
        typer.echo(json.dumps(rows))
        return
    for row in rows:
        state = f"revoked {row['revoked_at']}" if row["revoked_at"] else f"until {row['expires_at'] or 'revoked'}"
        typer.echo(f"{row['user']:24} {row['name']:24} {state}, last used {row['last_used_at'] or 'never'}")
    if not rows:
        typer.echo("There is no token. Make one with `smearflow user token add USER NAME`.")


@app.command(epilog="Example: smearflow user token revoke hospital-it reports")
def revoke(user: str, name: str) -> None:
    """Let the token NAME of USER open nothing any more, at once."""
    from cloud_service.accounts.tokens import revoke_token
    from cloud_service.audit.trail import Actor
    from cloud_service.database import transaction

    with transaction() as session:
        revoke_token(session, Actor.at_command_line(), user=user, name=name)
    typer.echo(f"Token {name} of {user} is revoked.")
