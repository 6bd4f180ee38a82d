"""The command `smearflow`: each slice brings its own commands, this module puts them together."""

import sys

import typer

from cloud_service.devices import commands as devices
from cloud_service.inference import commands as inference
from cloud_service.ingest import commands as ingest
from cloud_service.local_stack import commands as local_stack
from cloud_service.migrations import commands as migrations
from cloud_service.ml import commands as ml
from cloud_service.serve import app as serve
from shared.errors import SmearflowError
from shared.vocabulary import RESEARCH_USE_ONLY

app = typer.Typer(
    help=f"Blood-smear screening for acute lymphoblastic leukemia. {RESEARCH_USE_ONLY}",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
for part in (local_stack, ml, inference, ingest, migrations):
    app.add_typer(part.app)
app.add_typer(serve)
app.add_typer(devices.app, name="device")


def main() -> None:
    """Run the command; an error that Smearflow raises on purpose ends it with its text and exit code 1."""
    try:
        app()
    except SmearflowError as error:
        sys.exit(f"smearflow: {error}")
