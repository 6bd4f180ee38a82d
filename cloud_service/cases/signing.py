"""Signing and amending: a reading becomes a report that never changes, or the wish for a second read.

A report's PDF takes longer to draw than a transaction should hold its locks. So everything is decided twice: once to
draw and keep the PDF, which lies in the blob store under its digest and binds nobody; and again under the case's lock,
where the report is only written if it says the very same.
"""

from collections.abc import Callable
from uuid import UUID

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from cloud_service.accounts.identity import Identity
from cloud_service.audit.actions import Action
from cloud_service.captures.custody import stamp
from cloud_service.cases.changes import finish_change
from cloud_service.cases.deciding import Decided, Settled, decide
from cloud_service.cases.schemas import CaseDetail, SignatureRequest
from cloud_service.cases.service import detail
from cloud_service.database import snapshot, transaction
from cloud_service.datasets.candidates import write_candidates
from cloud_service.delivery.events import record_capture_events
from cloud_service.errors import ConflictError
from cloud_service.models import KEPT, Capture, Case, CaseReading, Report
from cloud_service.reports.content import digest_of
from cloud_service.reports.delivering import deliver
from cloud_service.reports.schemas import ReportContent
from shared.vocabulary import CustodyStage

KeepPdf = Callable[[ReportContent], str]
"""Draws a report's PDF, keeps it, and returns its SHA-256."""


def sign(engine: Engine, keep_pdf: KeepPdf, who: Identity, case_id: UUID, request: SignatureRequest) -> CaseDetail:
    """Sign a case's reading, or amend its report.

    Where the first reader differs from the model, the case goes to another person, and no report is made yet.

    Args:
        engine: of the database; two transactions are made.
        keep_pdf: draws and keeps the report's PDF.
        who: signs.
        case_id: which case.
        request: a signature, or an amendment.

    Raises:
        NotFoundError: there is no such case.
        ConflictError: it has changed, is another one's to sign, is not ready to be signed, or the digits are not its.
        TransientError: the blob store is away.
    """
    settled = Settled()
    with snapshot(engine) as session:
        drawn = decide(session, who, case_id, request, settled).content
    pdf_sha256 = keep_pdf(drawn) if drawn else None
    with transaction(engine) as session:
        decided = decide(session, who, case_id, request, settled)
        if decided.content != drawn:
            raise ConflictError("Images or answers came while you signed: look at the case again, then sign.")
        if decided.content is None or pdf_sha256 is None:
            _ask_for_second_read(session, who, decided)
        else:
            _write_report(session, who, decided, settled.report_id, pdf_sha256)
        return detail(session, who, decided.case)


def _ask_for_second_read(session: Session, who: Identity, decided: Decided) -> None:
    case, reading = decided.case, _sign_reading(session, decided)
    case.held_by = case.held_since = None
    case.second_read = True
    captures = _captures(session, case)
    stamp(session, [capture.id for capture in captures], {CustodyStage.REVIEWED: decided.at})
    record_capture_events(session, captures)
    finish_change(session, who, case, Action.SECOND_READ_ASKED, reading=reading.number, verdict=reading.verdict)


def _write_report(session: Session, who: Identity, decided: Decided, report_id: UUID, pdf_sha256: str) -> None:
    content, case = decided.content, decided.case
    assert content is not None  # noqa: S101 - the caller has seen to it
    _sign_reading(session, decided)
    content_sha256 = digest_of(content)
    report = Report(
        id=report_id,
        case_id=case.id,
        number=content.number,
        status=content.status,
        content=content.model_dump(mode="json"),
        content_sha256=content_sha256,
        pdf_sha256=pdf_sha256,
        signed_by=content.signed_by,
        signed_at=content.signed_at,
        amendment_reason=content.amendment_reason,
    )
    session.add(report)
    write_candidates(session, case, report, decided.images)
    case.held_by = case.held_since = None
    case.second_read, case.images_since_signature = False, 0
    case.signed_by, case.signed_at = content.signed_by, content.signed_at
    captures = _captures(session, case)
    stages = {CustodyStage.REVIEWED: decided.at, CustodyStage.SIGNED: decided.at}
    stamp(session, [capture.id for capture in captures], stages)
    deliver(session, captures, report_id, content)
    record_capture_events(session, captures)
    told = {"report": str(report_id), "number": content.number, "verdict": content.verdict, "sha256": content_sha256}
    if content.former_sha256 is None:
        finish_change(session, who, case, Action.DIAGNOSIS_SIGNED, **told)
    else:
        finish_change(session, who, case, Action.DIAGNOSIS_AMENDED, **told, former_sha256=content.former_sha256)


def _sign_reading(session: Session, decided: Decided) -> CaseReading:
    """Write the reading as it is signed; an amendment that was no draft before brings a new one."""
    view = decided.reading
    reading = session.get(CaseReading, view.id)
    if reading is None:
        reading = CaseReading(id=view.id, case_id=decided.case.id, number=view.number, reader=view.reader)
        reading.started_at = decided.at
        session.add(reading)
    reading.verdict, reading.reason, reading.conclusion = view.verdict, view.reason, view.conclusion
    reading.saved_at, reading.signed_at = view.saved_at, decided.at
    session.flush()
    return reading


def _captures(session: Session, case: Case) -> list[Capture]:
    of_case = (Capture.site_id == case.site_id, Capture.case_pseudonym == case.pseudonym)
    kept = select(Capture).where(*of_case, Capture.state.in_(KEPT)).order_by(Capture.id)
    return list(session.scalars(kept))
