"""`smearflow device add | list | remove`, and `smearflow device code …`."""

import json
from typing import Annotated

import typer

from cloud_service.devices import code_commands

app = typer.Typer(help="Enrol microscope workstations, list them, shut them out.", no_args_is_help=True)
app.add_typer(code_commands.app, name="code")

Json = Annotated[bool, typer.Option("--json", help="Print JSON alone.")]


@app.command(epilog="Example: smearflow device add NORTH scope-1 --json > scope-1.json")
def add(site: str, device: str, *, json_: Json = False) -> None:
    """Enrol DEVICE for SITE and print its password, once. For a known device: a new password."""
    from cloud_service.audit.trail import Actor
    from cloud_service.config import settings
    from cloud_service.database import transaction
    from cloud_service.devices import service
    from cloud_service.devices.broker_admin import BrokerAdmin

    with BrokerAdmin(settings()) as access, transaction() as session:
        credentials = service.enrol(session, access, Actor.at_command_line(), site=site, device=device)
    if json_:
        given = {"site": credentials.site, "device": credentials.device, "password": credentials.password}
        broker = {"host": settings().public_broker_host, "port": settings().public_broker_port}
        typer.echo(json.dumps({**given, "broker": broker}))
        return
    typer.echo(f"Device {device} is enrolled for site {site}.")
    typer.echo(f"Password (shown only now): {credentials.password}")


@app.command(name="list", epilog="Example: smearflow device list --json")
def list_(*, json_: Json = False) -> None:
    """List the enrolled devices."""
    from cloud_service.database import snapshot
    from cloud_service.devices.queries import all_devices

    with snapshot() as session:
        devices = all_devices(session)
    if json_:
        rows = [
            {
                "site": device.site_id,
                "device": device.id,
                "presence": device.presence,
                "enrolled_at": device.enrolled_at.isoformat(),
                "disabled_at": device.disabled_at.isoformat() if device.disabled_at else None,
            }
            for device in devices
        ]
        typer.echo(json.dumps(rows))
        return
    for device in devices:
        state = "disabled" if device.disabled_at else device.presence
        typer.echo(f"{device.site_id:24} {device.id:24} {state}")
    if not devices:
        typer.echo("No device is enrolled. Enrol one with `smearflow device add SITE DEVICE`.")


@app.command(epilog="Example: smearflow device broker-roles > dynamic-security.json")
def broker_roles(
    *, ingests: Annotated[int, typer.Option(min=1, help="How many ingest replicas there are.")] = 1
) -> None:
    """Print the broker's first roles: the file `dynamic-security.json` of Mosquitto's plugin.

    The passwords of the administrator and of the ingest replicas come from the settings.
    """
    from cloud_service.config import settings
    from cloud_service.devices import broker_roles
    from shared.errors import ConfigurationError

    admin, password = settings().broker_admin_password, settings().broker_password.get_secret_value()
    if admin is None or not password:
        raise ConfigurationError("Set SMEARFLOW_BROKER_ADMIN_PASSWORD and SMEARFLOW_BROKER_PASSWORD first.")
    passwords = {f"ingest-{number}": password for number in range(ingests)}
    typer.echo(json.dumps(broker_roles.dynamic_security_document(admin.get_secret_value(), passwords), indent=1))


@app.command(epilog="Example: smearflow device remove scope-1")
def remove(device: str) -> None:
    """Shut DEVICE out. Its captures stay; `add` lets it in again."""
    from cloud_service.audit.trail import Actor
    from cloud_service.config import settings
    from cloud_service.database import transaction
    from cloud_service.devices import service
    from cloud_service.devices.broker_admin import BrokerAdmin

    with BrokerAdmin(settings()) as access, transaction() as session:
        service.disable(session, access, Actor.at_command_line(), device=device)
    typer.echo(f"Device {device} is shut out.")
