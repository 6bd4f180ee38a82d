"""`smearflow ingest` and `smearflow check-archive`."""

import json
from typing import Annotated

import typer

from shared.wording import counted

app = typer.Typer()


@app.command(epilog="Example: smearflow ingest")
def ingest(
    shard: Annotated[int | None, typer.Option(help="Which replica this is, from 0.")] = None,
    of: Annotated[int | None, typer.Option(help="How many replicas divide the sites.")] = None,
) -> None:
    """Take captures in from the broker until told to stop."""
    from cloud_service.config import settings
    from cloud_service.ingest.service import run
    from shared.errors import ConfigurationError
    from shared.logs import configure

    given = {"shard": shard, "shard_count": of}
    chosen = settings().model_copy(update={name: value for name, value in given.items() if value is not None})
    if not 0 <= chosen.shard < chosen.shard_count:
        raise ConfigurationError(f"Shard {chosen.shard} of {chosen.shard_count} does not exist; shards count from 0.")
    configure(f"ingest-{chosen.shard}", chosen.log_level)
    run(chosen)


@app.command(epilog="Example: smearflow check-archive")
def check_archive(*, json_: Annotated[bool, typer.Option("--json", help="Print JSON alone.")] = False) -> None:
    """Compare all that is kept in the blob store with its digest; exit code 1 where something is lost or altered."""
    from cloud_service.blob_store import open_blob_store
    from cloud_service.config import settings
    from cloud_service.database import engine
    from cloud_service.ingest.archive import check_archive as check

    report = check(engine(), open_blob_store(settings()))
    if json_:
        typer.echo(json.dumps(report.as_json()))
    else:
        typer.echo(
            f"{counted(report.captures, 'capture')}, {counted(report.reports, 'report')}, "
            f"{counted(report.dataset_images, 'image')} of data sets, {counted(report.packages, 'model')}; "
            f"{counted(report.blobs, 'blob')}."
        )
        for title, found in (
            ("Missing blob", report.missing),
            ("Altered blob", report.altered),
            ("Blob of nothing that is kept", report.orphans),
        ):
            for one in found:
                typer.echo(f"{title}: {one}")
        typer.echo("DAMAGED: restore the blobs from a backup." if report.damaged else "All is well.")
    raise typer.Exit(1 if report.damaged else 0)
