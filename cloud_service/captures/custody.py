"""A capture's custody trail: which stages it has passed, and when."""

from collections.abc import Collection
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
    stamp_all(session, [capture_id], stage, at)


def stamp_all(session: Session, capture_ids: Collection[UUID], stage: CustodyStage, at: datetime | None = None) -> None:
    """`stamp` for several captures in one statement; for none it does nothing."""
    if capture_ids:
        entries = [{"capture_id": capture_id, "stage": stage, "at": at or now()} for capture_id in capture_ids]
        # As parameters, not as values of the statement: a statement of its own for each number of rows costs more to
        # compile than to run.
        session.execute(upsert(session, CustodyEntry).on_conflict_do_nothing(), entries)
