"""`smearflow report list | show`."""

import json
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

app = typer.Typer(help="Signed reports: who diagnosed what, verified against its digest.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print JSON alone.")]


@app.command(name="list", epilog="Example: smearflow report list --limit 20 --json")
def list_(
    *,
    case: Annotated[UUID | None, typer.Option(help="Only of this case, by its id.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 100,
    json_: Json = False,
) -> None:
    """List signed reports, newest first."""
    from cloud_service.cases.schemas import ReportSummary
    from cloud_service.database import snapshot
    from cloud_service.reports.service import reports

    with snapshot() as session:
        found = reports(session, case_id=case, limit=limit)
    if json_:
        rows = [{"case": str(row.case_id)} | ReportSummary.model_validate(row).model_dump(mode="json") for row in found]
        typer.echo(json.dumps(rows))
        return
    for row in found:
        told = f"report {row.number}, {row.status}"
        typer.echo(f"{row.id}  {row.signed_at:%Y-%m-%d %H:%M:%S}  case {row.case_id}  {told:18} {row.signed_by}")
    if not found:
        typer.echo("Nothing was signed yet that is asked for here.")


@app.command(epilog="Example: smearflow report show 3f0e9c1a-7d52-4c3e-9d0b-2f6f1f3f8a11 --pdf report.pdf")
def show(
    report: Annotated[UUID, typer.Argument(help="Its id, as `smearflow report list` prints it.")],
    *,
    pdf: Annotated[Path | None, typer.Option(help="Write the PDF here.")] = None,
    json_: Json = False,
) -> None:
    """Show a report as it was signed; whatever was altered since is refused. Audited."""
    from cloud_service.audit.trail import Actor
    from cloud_service.blob_store import open_blob_store
    from cloud_service.config import settings
    from cloud_service.database import transaction
    from cloud_service.reports.service import seen, seen_pdf

    actor = Actor.at_command_line()
    with transaction() as session:
        view = seen(session, actor, report)
        if pdf is not None:
            _, data = seen_pdf(session, open_blob_store(settings()), actor, report)
            _write(pdf, data)
    if json_:
        typer.echo(view.model_dump_json())
        return
    content = view.content
    typer.echo(f"Report {content.number} ({content.status}) of case {content.pseudonym} at site {content.site}")
    typer.echo(f"Signed diagnosis: {content.wording}")
    if content.conclusion:
        typer.echo(f"Conclusion: {content.conclusion}")
    if content.amendment_reason:
        typer.echo(f"Amended because: {content.amendment_reason} (replaces the content {content.former_sha256})")
    for reading in content.readings:
        verdict = reading.verdict.wording if reading.verdict else ""
        typer.echo(f"Read by {reading.reader}, {reading.signed_at:%Y-%m-%d %H:%M:%S} UTC: {verdict}")
    typer.echo(f"Model: {content.model_wording}")
    typer.echo(f"SHA-256 of the content, verified: {view.content_sha256}")
    typer.echo(content.notice)


def _write(path: Path, data: bytes) -> None:
    from shared.errors import ConfigurationError

    try:
        path.write_bytes(data)
    except OSError as error:
        raise ConfigurationError(
            f"The PDF cannot be written to {path}: {error.strerror}. Name another file."
        ) from error
