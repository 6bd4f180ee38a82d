"""`smearflow dataset import | imports | confirm | drop | list | show | remove`: the data sets of the cloud."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from cloud_service.ml.datasets.reading import Layout
from cloud_service.printing import print_json
from cloud_service.vocabulary import DatasetPurpose
from shared.wording import counted

if TYPE_CHECKING:
    from cloud_service.datasets.schemas import DatasetImportDetail

app = typer.Typer()

Json = Annotated[bool, typer.Option("--json", help="Print JSON alone.")]
ImportId = Annotated[UUID, typer.Argument(help="Of the import, as `smearflow dataset imports` lists it.")]
DatasetId = Annotated[UUID, typer.Argument(help="Of the version, as `smearflow dataset list` lists it.")]


@app.command(name="import", epilog="Example: smearflow dataset import ALL-IDB2 --name all-idb2 --wait")
def import_(  # noqa: PLR0913 - the options of a command
    source: Annotated[Path | None, typer.Argument(help="A folder, or a ZIP, tar or tar.gz file.")] = None,
    *,
    name: Annotated[str, typer.Option(help="What the data set is called; its versions share the name.")],
    purpose: Annotated[DatasetPurpose, typer.Option(help="On a locked test set nothing is ever trained.")] = (
        DatasetPurpose.TRAINING
    ),
    site: Annotated[str | None, typer.Option(help="Whose images it holds; by default those of all sites.")] = None,
    layout: Annotated[Layout | None, typer.Option(help="How it is arranged; by default recognised.")] = None,
    signed_cases: Annotated[bool, typer.Option("--signed-cases", help="Images of signed cases, not SOURCE.")] = False,
    since: Annotated[datetime | None, typer.Option(help="Cases signed then or later (UTC).")] = None,
    confirm: Annotated[bool, typer.Option("--confirm", help="Keep it, if nothing stands in the way.")] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Until a training worker has checked it, or kept it.")] = False,
    json_: Json = False,
) -> None:
    """Let a data set be checked: a dry run says what it holds and what stands in its way; `confirm` keeps it."""
    from cloud_service.audit.trail import Actor
    from cloud_service.blob_store import open_blob_store
    from cloud_service.config import settings
    from cloud_service.database import transaction
    from cloud_service.datasets import service, taking
    from cloud_service.datasets.schemas import NewSignedImport
    from cloud_service.wakeup import wake_up

    if (source is None) is not signed_cases:
        raise typer.BadParameter("name a folder or an archive, or say --signed-cases")
    wanted = NewSignedImport(
        name=name, purpose=purpose, site=site, since=since.replace(tzinfo=UTC) if since is not None else None
    )
    taken = None if source is None else taking.take(source, open_blob_store(settings()), settings())
    actor = Actor.at_command_line()
    with transaction() as session:
        begun = (
            service.begin_signed_import(session, actor, **dict(wanted), confirm=confirm)
            if taken is None
            else service.begin_archive_import(
                session, actor, **wanted.model_dump(exclude={"since"}), layout=layout, confirm=confirm, **taken
            )
        )
    wake_up(training=True)
    _tell(taking.ended(begun.id) if wait else taking.detail(begun.id), json_=json_)


@app.command(epilog="Example: smearflow dataset imports 0f8fad5b-d9cb-469f-a165-70867728950e")
def imports(
    import_id: Annotated[UUID | None, typer.Argument(help="Of one import, for its report.")] = None,
    *,
    sheet: Annotated[Path | None, typer.Option(help="Of one import: a PNG file to write its pictures into.")] = None,
    json_: Json = False,
) -> None:
    """List data sets on their way in, newest first; or show the report of one."""
    from cloud_service.database import snapshot
    from cloud_service.datasets import queries, taking

    if import_id is not None:
        _tell(taking.detail(import_id), json_=json_)
        if sheet is not None:
            with snapshot() as session:
                _write_sheet(queries.known_import(session, import_id).sheet_sha256, sheet)
        return
    with snapshot() as session:
        rows = [queries.import_view(row) for row in queries.newest_imports(session, 100)]
    if json_:
        print_json(rows)
        return
    for row in rows:
        typer.echo(f"{row.id} {row.state:10} {row.purpose:12} {row.name}{f': {row.reason}' if row.reason else ''}")
    if not rows:
        typer.echo("No data set is on its way in. Begin with `smearflow dataset import`.")


@app.command(epilog="Example: smearflow dataset confirm 0f8fad5b-d9cb-469f-a165-70867728950e --wait")
def confirm(
    import_id: ImportId,
    *,
    wait: Annotated[bool, typer.Option("--wait", help="Until a training worker has kept it.")] = False,
    json_: Json = False,
) -> None:
    """Keep a checked data set, as the next version of its name."""
    from cloud_service.audit.trail import Actor
    from cloud_service.database import transaction
    from cloud_service.datasets import service, taking
    from cloud_service.wakeup import wake_up

    with transaction() as session:
        service.confirm_import(session, Actor.at_command_line(), import_id)
    wake_up(training=True)
    _tell(taking.ended(import_id) if wait else taking.detail(import_id), json_=json_)


@app.command(epilog="Example: smearflow dataset drop 0f8fad5b-d9cb-469f-a165-70867728950e")
def drop(import_id: ImportId, *, json_: Json = False) -> None:
    """Decide against a data set that waits or is checked."""
    from cloud_service.audit.trail import Actor
    from cloud_service.database import transaction
    from cloud_service.datasets import service, taking
    from cloud_service.wakeup import wake_up

    with transaction() as session:
        service.drop_import(session, Actor.at_command_line(), import_id)
    wake_up(training=True)
    _tell(taking.detail(import_id), json_=json_)


@app.command(name="list", epilog="Example: smearflow dataset list --json")
def list_(*, json_: Json = False) -> None:
    """List every version of every data set, the newest of each name first."""
    from cloud_service.database import snapshot
    from cloud_service.datasets import queries

    with snapshot() as session:
        rows = [queries.dataset_view(row) for row in queries.all_datasets(session)]
    if json_:
        print_json(rows)
        return
    for row in rows:
        site = f", of {row.site}" if row.site else ""
        gone = f", removed by {row.removed_by}" if row.removed_by else ""
        typer.echo(
            f"{row.id} {row.name} {row.number}: {row.purpose}, {counted(row.images, 'image')} "
            f"({row.positives:,} with ALL), {counted(row.groups, 'group')}{site}{gone}"
        )
    if not rows:
        typer.echo("There is no data set. Begin with `smearflow dataset import`.")


@app.command(epilog="Example: smearflow dataset show 7c9e6679-7425-40de-944b-e07fc1f90ae7 --sheet sheet.png")
def show(
    dataset_id: DatasetId,
    *,
    sheet: Annotated[Path | None, typer.Option(help="A PNG file to write pictures of each class into.")] = None,
    json_: Json = False,
) -> None:
    """Show the report of one version of a data set."""
    from cloud_service.database import snapshot
    from cloud_service.datasets import queries
    from cloud_service.datasets.report_text import report_lines

    with snapshot() as session:
        row = queries.known_dataset(session, dataset_id)
        found = queries.dataset_detail(row)
    if sheet is not None:
        _write_sheet(row.sheet_sha256, sheet)
    if json_:
        typer.echo(found.model_dump_json(indent=2))
        return
    typer.echo(f"Version {found.number} of {found.name}, {found.purpose}; kept by {found.created_by}")
    for line in report_lines(found.report):
        typer.echo(line)


@app.command(epilog="Example: smearflow dataset remove 7c9e6679-7425-40de-944b-e07fc1f90ae7")
def remove(dataset_id: DatasetId, *, json_: Json = False) -> None:
    """Remove a version that no job needs. What it held stays known, so that it never trains and tests a model both."""
    from cloud_service.audit.trail import Actor
    from cloud_service.database import transaction
    from cloud_service.datasets import queries, removal
    from cloud_service.wakeup import wake_up

    with transaction() as session:
        removed = queries.dataset_view(removal.remove_dataset(session, Actor.at_command_line(), dataset_id))
    wake_up(training=True)
    typer.echo(removed.model_dump_json() if json_ else f"Version {removed.number} of {removed.name} is removed.")


def _tell(found: "DatasetImportDetail", *, json_: bool) -> None:
    """Say where an import stands, with its report where there is one; one that is refused ends the command with 1."""
    from cloud_service.datasets.report_text import report_lines
    from cloud_service.vocabulary import DatasetImportState

    if json_:
        typer.echo(found.model_dump_json(indent=2))
    else:
        for line in report_lines(found.report) if found.report else ():
            typer.echo(line)
        typer.echo(f"Import {found.id} of {found.name} is {found.state}{f': {found.reason}' if found.reason else '.'}")
        if found.state == DatasetImportState.CHECKED:
            typer.echo(f"Keep it with `smearflow dataset confirm {found.id}`, or drop it.")
    if found.state == DatasetImportState.REFUSED:
        raise typer.Exit(1)


def _write_sheet(sha256: str | None, sheet: Path) -> None:
    from cloud_service.blob_store import open_blob_store
    from cloud_service.config import settings
    from cloud_service.ml.datasets.writing import write_whole
    from shared.errors import PermanentError

    if sha256 is None:
        raise PermanentError("There is no picture of it yet; it comes with the report.")
    write_whole(sheet, open_blob_store(settings()).get(sha256))
