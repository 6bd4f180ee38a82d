"""Gathers a case's images with what the model and a reader say of each."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud_service.cases.judging import Decision, JudgedImage, checks
from cloud_service.cases.schemas import SignatureCheck
from cloud_service.models import KEPT, Capture, Case, CaseReading, ImageFinding, Prediction
from shared.vocabulary import CaptureState, CaseAnswer, Label, PersonVerdict

Read = tuple[CaseReading, Sequence[ImageFinding]]
Reads = Sequence[Read]
"""The readings of a case in their order, each with what it says of images, as `queries.readings_of` gives them."""


def signature_checks(session: Session, case: Case, readings: Reads, reader: str) -> list[SignatureCheck]:
    """What must be so before somebody may sign a case, as it stands.

    Args:
        session: the transaction.
        case: which one.
        readings: of the case, as `readings_of` gives them.
        reader: who asks, by user name.
    """
    own = own_reading(readings, reader)
    reading = own[0] if own else None
    decision = Decision(
        verdict=PersonVerdict(reading.verdict) if reading and reading.verdict else None,
        reason=reading.reason if reading else None,
        obstacle=obstacle(case, readings, reader),
    )
    answer = CaseAnswer(case.answer) if case.answer else None
    return checks(answer, judged_images(session, case, readings, reader), decision)


def obstacle(case: Case, readings: Reads, reader: str) -> str | None:
    """Why it is not somebody's turn to sign a case; None: it is."""
    if case.second_read and reader in [reading.reader for reading, _ in readings if reading.signed_at][-1:]:
        return "You have signed the first read: another person has to sign the second."
    if case.held_by not in {None, reader}:
        return f"{case.held_by} holds the case: only the holder signs."
    if case.held_by is None and case.signed_at is None:
        return "Claim the case: only its holder signs."
    return None


def own_reading(readings: Reads, reader: str) -> Read | None:
    """The reading that somebody is at work on: the last one, if it is his and unsigned."""
    return readings[-1] if readings and is_at_work(readings[-1][0], reader) else None


def is_at_work(last: CaseReading, reader: str) -> bool:
    """Whether somebody is at work on the last reading of a case.

    Who takes a case over from somebody else begins another reading: nobody signs a stranger's words.
    """
    return last.reader == reader and last.signed_at is None


def judged_images(session: Session, case: Case, readings: Reads, reader: str) -> list[JudgedImage]:
    """The images of a case, the most suspicious first, those without an answer last; one query.

    Args:
        session: the transaction.
        case: which one.
        readings: of the case, as `readings_of` gives them.
        reader: whose verdicts count. Once a diagnosis stands, those of all signed readings count below them, since an
            amendment goes on from there; before, a second reader begins anew.
    """
    rows = session.execute(
        select(
            Capture.id,
            Capture.sha256,
            Capture.captured_at,
            Capture.state,
            Prediction.label,
            Prediction.probability,
            Prediction.doubts,
            Prediction.model_digest,
        )
        .outerjoin(Prediction, Prediction.capture_id == Capture.id)
        .where(Capture.case_pseudonym == case.pseudonym, Capture.site_id == case.site_id, Capture.state.in_(KEPT))
        .order_by(Prediction.created_at, Prediction.id.desc())
    )
    newest = {row.id: row for row in rows}  # in the order of time, so that the newest answer stays
    verdicts = _verdicts(case, readings, reader)
    opened = _opened(case, readings, reader)
    images = []
    for row in newest.values():
        is_answered = row.state == CaptureState.ANALYSED and row.label is not None
        finding = verdicts.get(row.id)
        images.append(
            JudgedImage(
                capture_id=row.id,
                sha256=row.sha256,
                captured_at=row.captured_at,
                state=CaptureState(row.state),
                label=Label(row.label) if is_answered else None,
                probability=row.probability if is_answered else None,
                doubts=tuple(row.doubts) if is_answered else (),
                model_digest=row.model_digest if is_answered else None,
                is_opened=row.id in opened,
                verdict=PersonVerdict(finding.verdict) if finding and finding.verdict else None,
                reason=finding.reason if finding else None,
            )
        )
    return sorted(
        images, key=lambda image: (-(-1.0 if image.probability is None else image.probability), image.capture_id)
    )


def _counted(case: Case, readings: Reads, reader: str) -> list[Read]:
    """The readings whose verdicts count; later ones above earlier ones."""
    own = own_reading(readings, reader)
    signed = [read for read in readings if read[0].signed_at is not None] if case.signed_at else []
    return [*signed, own] if own else signed


def _verdicts(case: Case, readings: Reads, reader: str) -> Mapping[UUID, ImageFinding]:
    return {
        finding.capture_id: finding
        for _, findings in _counted(case, readings, reader)
        for finding in findings
        if finding.verdict is not None
    }


def _opened(case: Case, readings: Reads, reader: str) -> set[UUID]:
    """What the reader himself has opened; that somebody else did does not count."""
    return {
        finding.capture_id
        for reading, findings in _counted(case, readings, reader)
        if reading.reader == reader
        for finding in findings
        if finding.opened_at is not None
    }
