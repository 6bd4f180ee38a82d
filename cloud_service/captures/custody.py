"""A capture's custody trail: which stages it has passed, and when."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from cloud_service.database import upsert
from cloud_service.models import CustodyEntry, now
from shared.vocabulary import CustodyStage


def stamp(session: Session, capture_id: UUID, stage: CustodyStage, at: datetime | None = None) -> None:
    """Write that a capture has passed a stage. The first time stands: everything may be delivered twice.

    Args:
        session: the transaction that does what the stage tells of.
        capture_id: of a capture that is in the database, or in the session.
        stage: what was passed.
        at: when, with a time zone; now, where nothing is given.

    Raises:
        sqlalchemy.exc.IntegrityError: there is no such capture.
    """
    entry = {"capture_id": capture_id, "stage": stage, "at": at or now()}
    session.execute(upsert(session, CustodyEntry).values(entry).on_conflict_do_nothing())
