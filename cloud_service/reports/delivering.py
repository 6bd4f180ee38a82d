"""A signed diagnosis on its way to the devices that took the case's captures."""

from collections.abc import Sequence
from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from cloud_service.delivery.results import add_delivery
from cloud_service.models import Capture
from cloud_service.reports.schemas import ReportContent
from shared.messages import Result, ResultKind
from shared.vocabulary import Label, PersonVerdict, ReportStatus

_LABELS = {
    PersonVerdict.SUSPICIOUS: Label.SUSPICIOUS,
    PersonVerdict.NO_BLAST_FEATURES: Label.NO_BLAST_FEATURES,
}


def deliver(session: Session, captures: Sequence[Capture], report_id: UUID, content: ReportContent) -> None:
    """Send a diagnosis to the device of each capture, in the transaction that signs it.

    A capture's newest result alone is sent, so that an amendment takes the place of what still waits.
    """
    label = _LABELS.get(content.verdict)
    for capture in captures:
        result = Result(
            delivery_id=uuid4(),
            capture_id=capture.id,
            sha256=capture.sha256,
            kind=ResultKind.DIAGNOSIS,
            label=label,
            reason=None if label else content.verdict.wording,
            verdict=content.verdict,
            report_id=report_id,
            report_number=content.number,
            report_status=ReportStatus(content.status),
            signed_by=content.signed_by,
            created_at=content.signed_at,
        )
        add_delivery(session, capture, result)
