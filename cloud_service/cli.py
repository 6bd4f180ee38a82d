"""The command `smearflow`: each slice brings its own commands, this module puts them together."""

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from cloud_service.accounts import commands as users
from cloud_service.audit import commands as audit
from cloud_service.bench import commands as bench
from cloud_service.datasets import commands as datasets
from cloud_service.devices import commands as devices
from cloud_service.gate import commands as gate
from cloud_service.inference import commands as inference
from cloud_service.ingest import commands as ingest
from cloud_service.local_stack import commands as local_stack
from cloud_service.ml import commands as ml
from cloud_service.ml.datasets import commands as folders
from cloud_service.registry import commands as registry
from cloud_service.reports import commands as reports
from cloud_service.training import commands as training
from shared.errors import SmearflowError
from shared.vocabulary import RESEARCH_USE_ONLY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cloud_service.config import Settings
    from shared.checks import Check

app = typer.Typer(
    help=f"Blood-smear screening for acute lymphoblastic leukemia. {RESEARCH_USE_ONLY}",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
ml.model_app.add_typer(gate.app)  # `smearflow model` speaks of packages, and of models before they come into service
folders.app.add_typer(datasets.app)  # `smearflow dataset` speaks of folders, and of what the cloud keeps
ml.model_app.add_typer(registry.commands)  # likewise `smearflow model`
for part in (local_stack.app, inference.commands, ingest.app, ml.app):
    app.add_typer(part)
app.add_typer(devices.app, name="device")
app.add_typer(users.app, name="user")
app.add_typer(audit.app, name="audit")
app.add_typer(reports.app, name="report")
app.add_typer(training.app, name="training")
app.add_typer(bench.app, name="bench")


@app.command(epilog="Example: SMEARFLOW_API_PORT=8000 smearflow serve")
def serve() -> None:
    """Serve the API and the page until SIGTERM or SIGINT; settings come from SMEARFLOW_… in the environment."""
    from cloud_service.web import serve

    serve.main()


@app.command(epilog="Example: SMEARFLOW_DATABASE_URL=sqlite:///smearflow.db smearflow migrate")
def migrate() -> None:
    """Bring the database's tables up to date. Safe to run at every start, and by several at a time."""
    from cloud_service.config import settings
    from cloud_service.migrations import upgrade

    upgrade(settings().database_url)
    typer.echo("The database is up to date.")


@app.command(epilog="Example: smearflow doctor --gpu")
def doctor(
    *,
    gpu: Annotated[
        bool,
        typer.Option(
            "--gpu",
            help="Instead: driver, GPU, TensorRT, other libraries and engine cache; then build or find the engine of "
            "the model in service, check its answers and measure it. May take minutes.",
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON list.")] = False,
) -> None:
    """Check settings, database, blob store, Redis, broker, model, runtime and disk; exit code 1 if one is amiss."""
    from cloud_service.doctor import examine, examine_by

    checks_by: Callable[[Settings], Iterator[Check]] = examine_by
    if gpu:
        from cloud_service.gpu_doctor import examine_gpu

        checks_by = examine_gpu
    checks = []
    for check in examine(checks_by):
        checks.append(check)
        if not as_json:
            typer.echo("\n".join(check.lines()))
    if as_json:
        typer.echo(json.dumps([asdict(check) for check in checks], indent=2, ensure_ascii=False))
    if not all(check.good for check in checks):
        raise typer.Exit(1)


def main() -> None:
    """Run the command; an error that Smearflow raises on purpose ends it with its text and exit code 1.

    So does a database that is away or has no tables yet. What nobody foresaw keeps its traceback.
    """
    try:
        app()
    except SmearflowError as error:
        sys.exit(f"smearflow: {error}")
    except Exception as error:
        if fault := _database_fault(error):
            sys.exit(f"smearflow: {fault}")
        raise


def _database_fault(error: Exception) -> str | None:
    """What is wrong with the database, where that is what stopped a command; SQLAlchemy is not loaded to ask."""
    known = sys.modules.get("sqlalchemy.exc")
    if known is None or not isinstance(error, known.OperationalError | known.ProgrammingError):
        return None
    return (
        f"The database cannot be used: {str(error.orig).strip()}. See that SMEARFLOW_DATABASE_URL names the right one, "
        "that it runs, and that `smearflow migrate` has made its tables."
    )
