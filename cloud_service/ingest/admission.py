"""Admission: the rows of captures that were announced for the first time, written together when a batch is finished.

In a burst nearly all announcements are first ones. Only where the database objects is each capture looked at alone, to
find the one at fault.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import and_, insert, or_, select

from cloud_service.captures.custody import stamp_each
from cloud_service.database import table_of
from cloud_service.ingest.announcing import drop_unfit_parts, take_again
from cloud_service.ingest.batch import Admission, Batch, RefusedCaptureError
from cloud_service.ingest.refusals import objections, refusing
from cloud_service.models import Capture, StagedPart
from shared.errors import ProtocolError
from shared.messages import Announce
from shared.vocabulary import CustodyStage

_SET_LATER = {"announced_at", "reason", "received_at"}
_COLUMNS = [column for column in Capture.__mapper__.columns.keys() if column not in _SET_LATER]  # noqa: SIM118 - no dict


def admit(batch: Batch) -> None:
    """Write the rows; what the database cannot take is refused, and its parts are dropped.

    Raises:
        sqlalchemy.exc.OperationalError: the database is away; the whole batch is to be tried again.
    """
    if not batch.admissions:
        return
    admissions = [batch.admissions[capture_id] for capture_id in sorted(batch.admissions)]  # no two replicas block
    try:
        _insert(batch, admissions)
    except ProtocolError:
        for admission in admissions:
            with refusing(batch, admission.topic, admission.address):
                _admit_alone(batch, admission)


def _admit_alone(batch: Batch, admission: Admission) -> None:
    try:
        try:
            _admit_or_compare(batch, admission)
        except RefusedCaptureError:
            raise
        except ProtocolError:
            _admit_or_compare(batch, admission)  # another replica may have written at the same moment: its row is seen
    except ProtocolError:
        _forget(batch, admission.announce.capture_id)
        raise


def _admit_or_compare(batch: Batch, admission: Admission) -> None:
    announce = admission.announce
    known = batch.session.get(Capture, announce.capture_id)
    if known is None:
        _refuse_conflict(batch, announce)
        _insert(batch, [admission])
    else:
        batch.held[announce.capture_id] = known
        take_again(batch, admission.address, known, announce)


def _insert(batch: Batch, admissions: Sequence[Admission]) -> None:
    """Write the rows of these captures, or none of them.

    Raises:
        ProtocolError: the database does not take them.
    """
    rows = [{name: getattr(admission.capture, name) for name in _COLUMNS} for admission in admissions]
    passed = {
        admission.announce.capture_id: {
            CustodyStage.CAPTURED: admission.announce.captured_at,
            CustodyStage.QUEUED: admission.announce.queued_at,
        }
        for admission in admissions
    }
    with objections(), batch.session.begin_nested():
        batch.session.execute(insert(table_of(Capture)), rows)
        stamp_each(batch.session, passed)
        early = select(StagedPart.capture_id).where(StagedPart.capture_id.in_(passed)).distinct()
        for capture_id in batch.session.scalars(early).all():
            drop_unfit_parts(batch, batch.admissions[capture_id].capture)


def _refuse_conflict(batch: Batch, announce: Announce) -> None:
    """Refuse what the database would: a count or a content that the device has announced as another capture."""
    same_count = and_(Capture.outbox_id == announce.outbox_id, Capture.sequence == announce.sequence)
    other = batch.session.scalars(
        select(Capture)
        .where(Capture.device_id == announce.device, or_(same_count, Capture.sha256 == announce.sha256))
        .limit(1)
    ).first()
    if other is None:
        return
    if other.sha256 == announce.sha256:
        reason = f"The same image was announced before, as capture {other.id} ({other.state})."
    else:
        reason = (
            f"The device's count {announce.sequence} belongs to capture {other.id} already: was its disk copied"
            " or set back? Give the copy an outbox of its own."
        )
    raise RefusedCaptureError(announce.capture_id, reason)


def _forget(batch: Batch, capture_id: UUID) -> None:
    """Drop what came with an announcement that is refused."""
    batch.held[capture_id] = None
    batch.touched.discard(capture_id)
    batch.asked.discard(capture_id)
    for key in [key for key in batch.parts if key[0] == capture_id]:
        del batch.parts[key]
