"""A capture's custody trail: which stages it has passed, and when."""

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from cloud_service.database import upsert
from cloud_service.models import CustodyEntry
from shared.vocabulary import CustodyStage


def stamp(session: Session, capture_ids: Collection[UUID], stages: Mapping[CustodyStage, datetime]) -> None:
    """Write that captures have passed stages. The first time stands: everything may be delivered twice.

    Args:
        session: the transaction that does what the stages tell of.
        capture_ids: of captures that are in the database, or in the session.
        stages: what each of them has passed, and when, with a time zone.

    Raises:
        sqlalchemy.exc.IntegrityError: there is no such capture.
    """
    stamp_each(session, dict.fromkeys(capture_ids, stages))


def stamp_each(session: Session, passed: Mapping[UUID, Mapping[CustodyStage, datetime]]) -> None:
    """As `stamp`, where each capture has passed stages of its own, or at times of its own."""
    entries = [
        {"capture_id": capture_id, "stage": stage, "at": at}
        for capture_id, stages in passed.items()
        for stage, at in stages.items()
    ]
    if entries:
        # As parameters, not as values of the statement: a statement of its own for each number of rows costs more to
        # compile than to run.
        session.execute(upsert(session, CustodyEntry).on_conflict_do_nothing(), entries)
