"""`smearflow up` and `smearflow demo`: the whole chain on this machine."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer()

DataFolder = Annotated[Path, typer.Option("--data", help="Folder for database, images, logs and secrets.")]


@app.command()
def up(
    data: DataFolder = Path("smearflow-data"),
    captures: Annotated[
        Path | None,
        typer.Option(help="Folder that the edge agent watches; <data>/captures where not given."),
    ] = None,
    port: Annotated[int | None, typer.Option(help="Port of the page; any free one where not given.")] = None,
    ingests: Annotated[int, typer.Option(min=1, help="Ingest replicas, which divide the sites.")] = 1,
    workers: Annotated[int, typer.Option(min=1, help="Inference workers.")] = 1,
    unidentified: Annotated[
        str,
        typer.Option(help="An image without an accession: 'refuse' it, or make it an 'own-case'."),
    ] = "refuse",
) -> None:
    """Run the whole stack on this machine until Ctrl-C.

    Broker, Redis, ingest, workers for inference and for training, beat, API with its page, and an edge agent that
    watches a folder. What dies is started again. Prints the page's address and its log-in.

    Example: smearflow up --data /srv/smearflow --port 8000
    """
    from cloud_service.local_stack.stack import StackOptions
    from cloud_service.local_stack.up import run_up

    run_up(
        StackOptions(
            data=data,
            captures=captures or data / "captures",
            unidentified=unidentified,
            ingests=ingests,
            workers=workers,
            api_port=port,
        ),
    )


@app.command()
def demo(
    captures: Annotated[
        Path | None,
        typer.Option(help="Folder of images to send; a mixed set of procedural ones is made where not given."),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(help="Keep database, images and logs here; a temporary folder where not given."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")] = False,  # noqa: FBT002 - a flag
) -> None:
    """Send a folder of captures through the whole chain, show what came back, and end.

    Exit code 0 only if every good capture was diagnosed and every bad one refused with a reason.

    Examples: smearflow demo; smearflow demo --captures ~/smears --json > results.json
    """
    from cloud_service.local_stack.demo import run_demo

    raise typer.Exit(run_demo(captures=captures, data=data, as_json=as_json))
