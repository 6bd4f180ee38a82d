"""`smearflow-edge`: the commands of the microscope workstation.

Exit codes: 0 all is well · 1 something needs a person, or the agent failed · 2 the command was typed wrong ·
3 settings, secrets or outbox are wrong or missing.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer
from pydantic import SecretStr

from edge_agent.config import EdgeConfig, UnidentifiedRule, load_config
from edge_agent.outbox.outbox import Outbox
from shared.errors import ConfigurationError, SmearflowError
from shared.vocabulary import RESEARCH_USE_ONLY
from shared.wording import counted

if TYPE_CHECKING:
    from edge_agent.enrolment import Credentials

NEEDS_A_PERSON = 1
WRONG_SETTINGS = 3

app = typer.Typer(
    help=f"Sends captures of blood smears from this workstation to the cloud. {RESEARCH_USE_ONLY}",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    rich_markup_mode=None,
)
outbox_app = typer.Typer(help="What waits, what was answered, what is parked or refused.", no_args_is_help=True)
app.add_typer(outbox_app, name="outbox")

ConfigFile = Annotated[Path, typer.Option("--config", help="The settings of this device.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON alone.")]
DEFAULT_CONFIG = Path("edge.toml")


@app.command(epilog="Example: smearflow-edge run --config /var/lib/smearflow-edge/edge.toml")
def run(config: ConfigFile = DEFAULT_CONFIG) -> None:
    """Watch the folders and send what appears, until Ctrl-C or SIGTERM. Logs JSON lines to standard error."""
    from edge_agent import agent
    from shared.logs import configure

    configure("edge", load_config(config).log_level)
    if agent.run(config) is agent.Ending.FAILED:
        raise typer.Exit(NEEDS_A_PERSON)


@app.command(epilog="Example: smearflow-edge status --json | jq .captures")
def status(config: ConfigFile = DEFAULT_CONFIG, *, json_: Json = False) -> None:
    """Show connection, queue, parked and refused captures and the latest results. Exit code 1 if a person is needed."""
    from edge_agent.status import read_status, status_lines

    with _outbox(config) as (settings, outbox):
        found = read_status(settings, outbox)
    if json_:
        typer.echo(found.model_dump_json(indent=2))
    else:
        for line in status_lines(found):
            typer.echo(line)
    if not found.running or found.parked or found.refused_files:
        raise typer.Exit(NEEDS_A_PERSON)


@app.command(
    epilog="Example: smearflow-edge enrol --url https://smearflow.hospital.example --code 7KQ2-9XMB-T4VN-CYP3 "
    "--watch /captures"
)
def enrol(  # noqa: PLR0913 - the options of a command
    *,
    config: ConfigFile = DEFAULT_CONFIG,
    watch: Annotated[list[Path], typer.Option(help="Folder that the microscope's software saves into; repeatable.")],
    credentials: Annotated[
        str | None, typer.Option(help="File with what `smearflow device add --json` printed; - for standard input.")
    ] = None,
    url: Annotated[
        str | None, typer.Option(help="Address of Smearflow's page, where an enrolment code is redeemed.")
    ] = None,
    code: Annotated[str | None, typer.Option(help="The enrolment code that an administrator made.")] = None,
    site: Annotated[str | None, typer.Option(help="Site id, where no credentials file is given.")] = None,
    device: Annotated[str | None, typer.Option(help="Device id, where no credentials file is given.")] = None,
    password_file: Annotated[
        str | None, typer.Option(help="File with the device's password; - for standard input.")
    ] = None,
    host: Annotated[str | None, typer.Option(help="Name or address of the broker.")] = None,
    port: Annotated[int | None, typer.Option(help="Port of the broker.")] = None,
    ca_file: Annotated[Path | None, typer.Option(help="The broker's authority (PEM); turns TLS on.")] = None,
    pseudonym_key_file: Annotated[
        Path | None, typer.Option(help="The site's pseudonym key (64 hexadecimal digits), where it has one already.")
    ] = None,
    unidentified: Annotated[
        UnidentifiedRule, typer.Option(help="What becomes of images whose accession nobody names.")
    ] = UnidentifiedRule.REFUSE,
    force: Annotated[bool, typer.Option("--force", help="Replace a former enrolment, but its key.")] = False,
) -> None:
    """Write this device's settings, and its secrets for this account alone."""
    from edge_agent import enrolment

    given = _credentials(url=url, code=code, file=credentials, ids=(site, device, password_file), authority=ca_file)
    address = given.broker or enrolment.BrokerAddress(host="127.0.0.1", port=8883 if ca_file else 1883)
    address = enrolment.BrokerAddress(host=host or address.host, port=port or address.port)
    key = SecretStr(_read(str(pseudonym_key_file)).strip()) if pseudonym_key_file else None
    choices = enrolment.Choices(watch=tuple(watch), unidentified=unidentified, ca_file=ca_file, pseudonym_key=key)
    secrets_file = enrolment.enrol(config, given.model_copy(update={"broker": address}), choices, force=force)
    typer.echo(f"Device {given.device} of site {given.site} is enrolled: {config}, secrets in {secrets_file}.")
    typer.echo("Keep a copy of the secrets in a safe place: without the pseudonym key no case can be recognised again.")
    typer.echo(f"Next: smearflow-edge doctor --config {config}")


def _credentials(
    *,
    url: str | None,
    code: str | None,
    file: str | None,
    ids: tuple[str | None, str | None, str | None],
    authority: Path | None,
) -> "Credentials":
    """What the cloud gives for a code, what a file holds, or what the options say, whichever was given."""
    from edge_agent import enrolment, redemption

    site, device, password_file = ids
    if url is not None and code is not None:
        return redemption.redeem(url, code, authority)
    if file is not None:
        return enrolment.Credentials.read(_read(file))
    if site and device and password_file:
        return enrolment.Credentials.read(
            json.dumps({"site": site, "device": device, "password": _read(password_file).strip()})
        )
    raise typer.BadParameter("give --url and --code, or --credentials, or --site, --device and --password-file")


@outbox_app.command(name="list", epilog="Example: smearflow-edge outbox list --all --json")
def list_(
    config: ConfigFile = DEFAULT_CONFIG,
    *,
    all_: Annotated[bool, typer.Option("--all", help="All captures, not the latest hundred.")] = False,
    json_: Json = False,
) -> None:
    """List captures with their files, state, reason and result, and the files that were refused."""
    from edge_agent.status import list_outbox, listing_lines

    with _outbox(config) as (_, outbox):
        listing = list_outbox(outbox, limit=None if all_ else 100)
    if json_:
        typer.echo(listing.model_dump_json(indent=2))
        return
    for line in listing_lines(listing):
        typer.echo(line)


@outbox_app.command(epilog="Example: smearflow-edge outbox retry --all")
def retry(
    capture: Annotated[UUID | None, typer.Argument(help="The id of a parked capture.")] = None,
    config: ConfigFile = DEFAULT_CONFIG,
    *,
    all_: Annotated[bool, typer.Option("--all", help="Every parked capture.")] = False,
    refused: Annotated[bool, typer.Option("--refused", help="Look at every refused file again.")] = False,
) -> None:
    """Let parked captures be sent again, or refused files be read again, after what was wrong is mended."""
    if not (capture or all_ or refused):
        raise typer.BadParameter("name a capture, or say --all or --refused")
    with _outbox(config) as (_, outbox):
        retried = outbox.retry(capture) if capture or all_ else []
        forgotten = outbox.forget_refusals() if refused else 0
    if capture and not retried:
        typer.echo(f"Capture {capture} is not parked, or its bytes are gone: see `outbox list`.", err=True)
        raise typer.Exit(NEEDS_A_PERSON)
    if capture or all_:
        typer.echo(f"{counted(len(retried), 'capture')} will be sent again within a minute.")
    if refused:
        typer.echo(f"{counted(forgotten, 'refused file')} will be read again at the next scan.")


@app.command(epilog="Example: smearflow-edge doctor --config edge.toml")
def doctor(config: ConfigFile = DEFAULT_CONFIG) -> None:
    """Check settings, secrets, folders, disk, clock and the way to the broker; each finding says what to do."""
    from edge_agent.doctor import examine

    bad = False
    for check in examine(config):
        bad = bad or not check.good
        typer.echo("\n".join(check.lines()))
    if bad:
        raise typer.Exit(NEEDS_A_PERSON)


@contextmanager
def _outbox(config_file: Path) -> Iterator[tuple[EdgeConfig, Outbox]]:
    """The settings and the outbox, which the agent may be using at the same time."""
    config = load_config(config_file)
    outbox = Outbox(config.state_dir)
    try:
        yield config, outbox
    finally:
        outbox.close()


def _read(source: str) -> str:
    """The content of a file, or of standard input where it is called -."""
    if source == "-":
        return sys.stdin.read()
    try:
        return Path(source).read_text("utf-8")
    except OSError as error:
        raise ConfigurationError(f"{source} cannot be read ({error.strerror}).") from error


def main() -> None:
    """The console script."""
    try:
        app()
    except ConfigurationError as error:
        typer.echo(str(error), err=True)
        sys.exit(WRONG_SETTINGS)
    except SmearflowError as error:
        typer.echo(str(error), err=True)
        sys.exit(NEEDS_A_PERSON)
