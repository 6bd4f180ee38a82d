"""Signed reports for people: read with their digests verified, audited."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud_service.audit.actions import Action
from cloud_service.audit.trail import Actor, record
from cloud_service.blob_store import BlobStore
from cloud_service.cases.schemas import ReportSummary
from cloud_service.errors import AlteredError, NotFoundError
from cloud_service.models import Case, Report
from cloud_service.reports.content import digest_of
from cloud_service.reports.schemas import ReportContent, ReportView
from shared.identifiers import sha256_of_bytes
from shared.logs import get_logger

log = get_logger(__name__)


def reports(session: Session, *, case_id: UUID | None, limit: int) -> Sequence[Report]:
    """Reports, newest first; of one case where one is named."""
    query = select(Report).order_by(Report.signed_at.desc(), Report.id).limit(limit)
    return session.scalars(query if case_id is None else query.where(Report.case_id == case_id)).all()


def seen(session: Session, actor: Actor, report_id: UUID, *, within: str | None = None) -> ReportView:
    """A report with its content, as it was signed. Audited, so `session` has to be one that writes.

    Args:
        session: the transaction.
        actor: who is shown it.
        report_id: which.
        within: the site beyond which who asks sees nothing; None sees all.

    Raises:
        NotFoundError: there is none, or it belongs to another site, which is not told apart.
        AlteredError: the content is not what was signed.
    """
    report = _verified(session, report_id, within)
    record(session, actor, Action.REPORT_SEEN, str(report_id))
    summary = ReportSummary.model_validate(report)
    return ReportView(**dict(summary), content=report.content, pdf_sha256=report.pdf_sha256)


def seen_pdf(
    session: Session, blobs: BlobStore, actor: Actor, report_id: UUID, *, within: str | None = None
) -> tuple[Report, bytes]:
    """A report with its PDF, the very bytes that were kept when it was signed. Audited as `seen`.

    Raises:
        NotFoundError: there is no such report, or it belongs to another site.
        AlteredError: content or PDF are not what was signed, or the PDF is lost.
        TransientError: the blob store is away.
    """
    report = _verified(session, report_id, within)
    try:
        data = blobs.get(report.pdf_sha256)
    except FileNotFoundError as error:
        raise _altered(report, "its PDF is missing from the blob store") from error
    if sha256_of_bytes(data) != report.pdf_sha256:
        raise _altered(report, "its PDF holds other bytes than were signed")
    record(session, actor, Action.REPORT_SEEN, str(report_id), form="pdf")
    return report, data


def _verified(session: Session, report_id: UUID, within: str | None) -> Report:
    report = session.get(Report, report_id)
    site = session.scalar(select(Case.site_id).where(Case.id == report.case_id)) if report else None
    if report is None or within not in {None, site}:
        raise NotFoundError(f"There is no report {report_id}.")
    if digest_of(ReportContent.model_validate(report.content)) != report.content_sha256:
        raise _altered(report, "its content is not the one that was signed")
    return report


def _altered(report: Report, how: str) -> AlteredError:
    log.critical("a signed report is damaged", report=str(report.id), how=how)
    return AlteredError(f"Report {report.id} is not shown: {how}. Tell the administrator.")
