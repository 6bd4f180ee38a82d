"""What a clinician finds in a case: drafts of a reading and of its images, saved while they are made."""

from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud_service.accounts.identity import Identity
from cloud_service.audit.actions import Action
from cloud_service.audit.trail import record
from cloud_service.cases.changes import case_to_change, finish_change, lock_case, short_name
from cloud_service.cases.judged_images import is_at_work
from cloud_service.cases.schemas import CaseDetail, ImageFindingDraft, ReadingDraft, SavedReading
from cloud_service.cases.service import detail, reading_view
from cloud_service.errors import ConflictError, NotFoundError
from cloud_service.models import KEPT, Capture, Case, CaseReading, ImageFinding, now


def save_reading(session: Session, who: Identity, case_id: UUID, draft: ReadingDraft) -> CaseDetail:
    """Keep what the holder of a case has decided so far.

    Raises:
        NotFoundError: there is no such case.
        ConflictError: it has changed, or somebody else holds it, or nobody.
    """
    case = case_to_change(session, who, case_id, draft.version)
    reading = _reading_at_work(session, who, case)
    reading.verdict = draft.verdict
    reading.reason, reading.conclusion = _said(draft.reason), _said(draft.conclusion)
    reading.saved_at = now()
    finish_change(session, who, case, Action.READING_SAVED, reading=reading.number, verdict=draft.verdict)
    return detail(session, who, case)


def save_finding(
    session: Session, who: Identity, case_id: UUID, capture_id: UUID, draft: ImageFindingDraft
) -> SavedReading:
    """Keep what the holder of a case says of one image; without a verdict, what was said is taken back.

    Raises:
        NotFoundError: there is no such case, or no such image in it.
        ConflictError: the case has changed, or somebody else holds it, or nobody.
    """
    case = case_to_change(session, who, case_id, draft.version)
    reading = _reading_at_work(session, who, case)
    finding = _finding(session, case, reading, capture_id)
    finding.verdict = draft.verdict
    finding.reason = _said(draft.reason) if draft.verdict else None
    finding.saved_at = reading.saved_at = now()
    finish_change(
        session,
        who,
        case,
        Action.FINDING_SAVED,
        reading=reading.number,
        capture=str(capture_id),
        verdict=draft.verdict,
    )
    return _saved(session, case, reading)


def note_opened(session: Session, who: Identity, case_id: UUID, capture_id: UUID) -> SavedReading:
    """Note that the holder of a case has opened one of its images; the first time stands.

    The case's version stays and is not compared: to look at an image is in nobody's way, and changes no decision.

    Raises:
        NotFoundError: there is no such case, or no such image in it.
        ConflictError: somebody else holds the case, or nobody.
    """
    case = lock_case(session, who, case_id)
    reading = _reading_at_work(session, who, case)
    finding = _finding(session, case, reading, capture_id)
    if finding.opened_at is None:
        finding.opened_at = now()
        record(session, who.actor, Action.IMAGE_OPENED, str(case_id), reading=reading.number, capture=str(capture_id))
    return _saved(session, case, reading)


def _said(words: str | None) -> str | None:
    """The words as they were typed; blanks alone say nothing."""
    return words if words and words.strip() else None


def _reading_at_work(session: Session, who: Identity, case: Case) -> CaseReading:
    """The holder's reading, begun where there is none."""
    if case.held_by != who.user:
        holder = f"{case.held_by} holds it" if case.held_by else "nobody holds it: claim it first"
        raise ConflictError(f"Case {short_name(case)} is not yours to read; {holder}.")
    readings = select(CaseReading).where(CaseReading.case_id == case.id)
    last = session.scalars(readings.order_by(CaseReading.number.desc()).limit(1)).one_or_none()
    if last is not None and is_at_work(last, who.user):
        return last
    begun = CaseReading(id=uuid4(), case_id=case.id, number=last.number + 1 if last else 1, reader=who.user)
    session.add(begun)
    session.flush()
    return begun


def _finding(session: Session, case: Case, reading: CaseReading, capture_id: UUID) -> ImageFinding:
    capture = session.get(Capture, capture_id)
    of_case = capture is not None and (capture.site_id, capture.case_pseudonym) == (case.site_id, case.pseudonym)
    if capture is None or not of_case or capture.state not in KEPT:
        raise NotFoundError(f"Case {short_name(case)} has no image {capture_id}.")
    finding = session.get(ImageFinding, (reading.id, capture_id))
    if finding is None:
        finding = ImageFinding(reading_id=reading.id, capture_id=capture_id, saved_at=now())
        session.add(finding)
    return finding


def _saved(session: Session, case: Case, reading: CaseReading) -> SavedReading:
    session.flush()
    findings = select(ImageFinding).where(ImageFinding.reading_id == reading.id).order_by(ImageFinding.capture_id)
    view = reading_view(reading, session.scalars(findings).all())
    return SavedReading(**dict(view), case_version=case.version)
