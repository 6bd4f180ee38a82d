"""Signed reports over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request, Response

from cloud_service.accounts.dependencies import requires
from cloud_service.accounts.identity import Identity
from cloud_service.accounts.permissions import Permission
from cloud_service.reports import service
from cloud_service.reports.schemas import ReportView
from cloud_service.web.services import Writing, services

router = APIRouter(prefix="/api/v1/reports", tags=["reports"])

Viewer = Annotated[Identity, requires(Permission.SEE_CASES)]


@router.get("/{report_id}")
def get_report(who: Viewer, session: Writing, report_id: UUID) -> ReportView:
    """A signed report with its content, which is verified against its digest."""
    return service.seen(session, who.actor, report_id, within=who.site)


@router.get("/{report_id}/pdf", response_class=Response, responses={200: {"content": {"application/pdf": {}}}})
def get_pdf(who: Viewer, request: Request, session: Writing, report_id: UUID) -> Response:
    """A signed report as PDF: always the bytes that were made when it was signed."""
    report, data = service.seen_pdf(session, services(request).blobs, who.actor, report_id, within=who.site)
    tag = f'"{report.pdf_sha256}"'
    headers = {
        # It never changes, but whether its user may see it still is asked each time.
        "Cache-Control": "private, no-cache",
        "Content-Disposition": f'inline; filename="report-{report.id}.pdf"',
        "ETag": tag,
    }
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(data, media_type="application/pdf", headers=headers)
