"""Tells dashboards of changed models."""

from collections.abc import Collection

from sqlalchemy.orm import Session

from cloud_service.delivery.events import EventKind, record_event
from cloud_service.registry.queries import model_summaries


def record_model_events(session: Session, digests: Collection[str]) -> None:
    """Write an event with the summary of each of these models, as they now stand; for every site.

    From here to the commit all other writers of events wait.
    """
    for summary in model_summaries(session, digests):
        record_event(session, EventKind.MODEL, summary.digest, summary.model_dump(mode="json"), None)
