"""`smearflow user add | list | change | disable | enable | reset | bind | unbind`, and `smearflow user token …`."""

import json
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from cloud_service.accounts import token_commands
from cloud_service.accounts.permissions import Role

if TYPE_CHECKING:
    from cloud_service.models import UserAccount

app = typer.Typer(help="Users: who may use the page and the API, and as what.", no_args_is_help=True)
app.add_typer(token_commands.app, name="token")

Json = Annotated[bool, typer.Option("--json", help="Print JSON alone.")]
Ask = Annotated[bool, typer.Option("--ask", help="Ask for the password. A random one is printed once where not given.")]
FromStdin = Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input, one line.")]


@app.command(epilog="Example: smearflow user add h.meier --role technician --site NORTH")
def add(
    name: str,
    *,
    role: Annotated[Role, typer.Option(help="What the user is here for.")],
    site: Annotated[str | None, typer.Option(help="A technician's site.")] = None,
    ask: Ask = False,
    password_stdin: FromStdin = False,
    json_: Json = False,
) -> None:
    """Add the user NAME. Without --ask or --password-stdin a random password is printed, once."""
    from cloud_service.accounts import users
    from cloud_service.audit.trail import Actor
    from cloud_service.database import transaction

    given, password_hash = _new_password(name, ask=ask, stdin=password_stdin) if role.logs_in else (None, None)
    with transaction() as session:
        user = users.add_user(
            session, Actor.at_command_line(), name=name, role=role, site=site, password_hash=password_hash
        )
    _tell(user, given, f"User {user.name} is added as {user.role}.", json_=json_)
    if not role.logs_in and not json_:
        typer.echo(f"It comes by token: smearflow user token add {user.name} PROGRAM")


@app.command(name="list", epilog="Example: smearflow user list --json")
def list_(*, json_: Json = False) -> None:
    """List the users."""
    from cloud_service.accounts.users import all_users
    from cloud_service.database import snapshot

    with snapshot() as session:
        found = all_users(session)
    if json_:
        typer.echo(json.dumps([_row(user) for user in found]))
        return
    for user in found:
        state = "disabled" if user.disabled_at else "enabled"
        seen = f"last log-in {user.last_log_in_at:%Y-%m-%d %H:%M}" if user.last_log_in_at else "never logged in"
        typer.echo(f"{user.name:24} {user.role:14} {user.site_id or '(all sites)':24} {state:9} {seen}")
    if not found:
        typer.echo("There is no user. Add one with `smearflow user add NAME --role administrator`.")


@app.command(epilog="Example: smearflow user change h.meier --role technician --site NORTH")
def change(
    name: str,
    *,
    role: Annotated[Role | None, typer.Option(help="What the user is here for from now on.")] = None,
    site: Annotated[str | None, typer.Option(help="A technician's site.")] = None,
    json_: Json = False,
) -> None:
    """Give NAME another role or site, and end its sessions at once. Its tokens go on, with the new rights."""
    from cloud_service.accounts.users import change_user, known_user
    from cloud_service.audit.trail import Actor
    from cloud_service.database import transaction

    with transaction() as session:
        former = known_user(session, name)
        wanted = role or Role(former.role)
        of_site = site or (former.site_id if wanted.is_bound_to_a_site else None)
        user = change_user(session, Actor.at_command_line(), name, role=wanted, site=of_site)
    where = f" of site {user.site_id}" if user.site_id else ""
    _tell(user, None, f"User {user.name} is a {user.role}{where} from now on.", json_=json_)


@app.command(epilog="Example: smearflow user disable h.meier")
def disable(name: str, *, json_: Json = False) -> None:
    """Let NAME in no more, with neither password nor token, and end its sessions at once."""
    from cloud_service.accounts.users import disable_user
    from cloud_service.audit.trail import Actor
    from cloud_service.database import transaction

    with transaction() as session:
        user = disable_user(session, Actor.at_command_line(), name)
    _tell(user, None, f"User {user.name} is disabled and logged out everywhere.", json_=json_)


@app.command(epilog="Example: smearflow user enable h.meier")
def enable(name: str, *, json_: Json = False) -> None:
    """Let NAME in again, with its former password and tokens."""
    from cloud_service.accounts.users import enable_user
    from cloud_service.audit.trail import Actor
    from cloud_service.database import transaction

    with transaction() as session:
        user = enable_user(session, Actor.at_command_line(), name)
    _tell(user, None, f"User {user.name} is enabled.", json_=json_)


@app.command(epilog="Example: smearflow user reset h.meier --ask")
def reset(name: str, *, ask: Ask = False, password_stdin: FromStdin = False, json_: Json = False) -> None:
    """Give NAME a new password and end its sessions at once. Its tokens go on."""
    from cloud_service.accounts.users import reset_password
    from cloud_service.audit.trail import Actor
    from cloud_service.database import transaction

    given, password_hash = _new_password(name, ask=ask, stdin=password_stdin)
    with transaction() as session:
        user = reset_password(session, Actor.at_command_line(), name, password_hash)
    _tell(user, given, f"User {user.name} has a new password and is logged out everywhere.", json_=json_)


@app.command(epilog="Example: smearflow user bind h.meier 248289761001")
def bind(name: str, subject: str, *, json_: Json = False) -> None:
    """Let SUBJECT, the `sub` of an account at the OpenID Connect provider of the settings, be NAME from now on."""
    from cloud_service.accounts.openid.admission import bind
    from cloud_service.accounts.openid.configuration import read_configuration
    from cloud_service.audit.trail import Actor
    from cloud_service.config import settings
    from cloud_service.database import transaction
    from shared.errors import ConfigurationError

    provider = read_configuration(settings())
    if provider is None:
        raise ConfigurationError("SMEARFLOW_OPENID_ISSUER is empty: there is no provider to bind users to.")
    with transaction() as session:
        user = bind(session, Actor.at_command_line(), name, issuer=provider.issuer, subject=subject)
    _tell(user, None, f"User {user.name} is {subject} at {provider.issuer} from now on.", json_=json_)


@app.command(epilog="Example: smearflow user unbind h.meier")
def unbind(name: str, *, json_: Json = False) -> None:
    """Let the next log-in through the OpenID Connect provider under this NAME be this user, whoever was so far."""
    from cloud_service.accounts.openid.admission import unbind
    from cloud_service.audit.trail import Actor
    from cloud_service.database import transaction

    with transaction() as session:
        user = unbind(session, Actor.at_command_line(), name)
    _tell(user, None, f"User {user.name} is bound anew at the next log-in through the provider.", json_=json_)


def _new_password(name: str, *, ask: bool, stdin: bool) -> tuple[str | None, str]:
    """The password, where it was made here and must be shown, and its hash."""
    from cloud_service.accounts.passwords import Passwords, check_password, random_password
    from cloud_service.accounts.users import normal_name

    shown = None
    if stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    elif ask:
        password = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    else:
        password = shown = random_password()
    check_password(password, user=normal_name(name))
    return shown, Passwords().hash(password)


def _tell(user: "UserAccount", password: str | None, said: str, *, json_: bool) -> None:
    if json_:
        typer.echo(json.dumps(_row(user) | ({"password": password} if password else {})))
        return
    typer.echo(said)
    if password:
        typer.echo(f"Password (shown only now): {password}")


def _row(user: "UserAccount") -> dict[str, str | None]:
    return {
        "name": user.name,
        "role": user.role,
        "site": user.site_id,
        "created_at": user.created_at.isoformat(),
        "changed_at": user.changed_at.isoformat(),
        "disabled_at": user.disabled_at.isoformat() if user.disabled_at else None,
        "last_log_in_at": user.last_log_in_at.isoformat() if user.last_log_in_at else None,
        "openid_issuer": user.openid_issuer,
        "openid_subject": user.openid_subject,
    }
