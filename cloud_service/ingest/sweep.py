"""What ingest clears away once in a while: parts that nobody announced, and what crashes left in the staging area."""

from datetime import timedelta

from sqlalchemy import Engine, delete, select

from cloud_service.blob_store import BlobStore
from cloud_service.database import transaction
from cloud_service.ingest.processor import database_errors
from cloud_service.models import Capture, StagedPart, WireRefusal, now
from shared.logs import get_logger
from shared.vocabulary import CaptureState

UNANNOUNCED_FOR = timedelta(days=1)
REFUSALS_FOR = timedelta(days=90)

log = get_logger(__name__)


def sweep(engine: Engine, blob_store: BlobStore) -> int:
    """Remove staged parts older than a day whose capture is not on its way, and old refusals; return how many captures.

    Raises:
        TransientError: database or blob store are away; the next sweep does it.
    """
    limit = now() - UNANNOUNCED_FOR
    on_their_way = select(Capture.id).where(Capture.state == CaptureState.ANNOUNCED)
    swept = 0
    with database_errors():
        with transaction(engine) as session:
            session.execute(
                delete(StagedPart).where(StagedPart.arrived_at < limit, StagedPart.capture_id.not_in(on_their_way))
            )
            session.execute(delete(WireRefusal).where(WireRefusal.last_at < now() - REFUSALS_FOR))
        for capture_id, at in list(blob_store.staged_captures()):
            if at >= limit:
                continue
            with transaction(engine) as session:
                wanted = session.get(Capture, capture_id)
                if wanted is not None and wanted.state == CaptureState.ANNOUNCED:
                    continue
                session.execute(delete(StagedPart).where(StagedPart.capture_id == capture_id))
            blob_store.discard(capture_id)
            swept += 1
    if swept:
        log.info("staged parts swept", captures=swept)
    return swept
