"""`smearflow device code list | withdraw`."""

import json
from typing import Annotated

import typer

app = typer.Typer(help="Codes that enrol a workstation and were not used yet.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print JSON alone.")]


@app.command(name="list", epilog="Example: smearflow device code list --json")
def list_(*, json_: Json = False) -> None:
    """List who made a code for which device, and until when it is good; the codes themselves are kept nowhere."""
    from cloud_service.database import snapshot
    from cloud_service.devices.enrolment_codes import open_codes

    with snapshot() as session:
        found = open_codes(session)
    if json_:
        rows = [
            {
                "site": row.site_id,
                "device": row.device_id,
                "created_by": row.created_by,
                "created_at": row.created_at.isoformat(),
                "expires_at": row.expires_at.isoformat(),
            }
            for row in found
        ]
        typer.echo(json.dumps(rows))
        return
    for row in found:
        until = f"until {row.expires_at:%Y-%m-%d %H:%M} UTC"
        typer.echo(f"{row.site_id:24} {row.device_id:24} made by {row.created_by:24} {until}")
    if not found:
        typer.echo("No code is open. Codes are made on the page, under Devices.")


@app.command(epilog="Example: smearflow device code withdraw scope-1")
def withdraw(device: str) -> None:
    """Let the code that was made for DEVICE enrol nothing any more."""
    from cloud_service.audit.trail import Actor
    from cloud_service.database import transaction
    from cloud_service.devices.enrolment_codes import withdraw_code

    with transaction() as session:
        withdraw_code(session, Actor.at_command_line(), device=device)
    typer.echo(f"The code for device {device} opens nothing any more.")
