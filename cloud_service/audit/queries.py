"""Reads of the audit trail."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from cloud_service.audit.actions import Action
from cloud_service.models import AuditEntry


@dataclass(frozen=True, slots=True)
class Filters:
    """Which entries; None stands for all.

    Args:
        user: who did it, or to whom it was done.
        actor: who did it.
        action: what was done.
        subject: to whom or what.
        since: at or after this moment.
        until: before this moment.
        before: behind this position, on the way back.
    """

    user: str | None = None
    actor: str | None = None
    action: Action | None = None
    subject: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    before: int | None = None

    def apply(self, query: Select[AuditEntry]) -> Select[AuditEntry]:
        """`query` with these conditions."""
        if self.user is not None:
            query = query.where(or_(AuditEntry.actor == self.user, AuditEntry.subject == self.user))
        for column, wanted in (
            (AuditEntry.actor, self.actor),
            (AuditEntry.action, self.action),
            (AuditEntry.subject, self.subject),
        ):
            if wanted is not None:
                query = query.where(column == wanted)
        if self.since is not None:
            query = query.where(AuditEntry.at >= self.since)
        if self.until is not None:
            query = query.where(AuditEntry.at < self.until)
        if self.before is not None:
            query = query.where(AuditEntry.position < self.before)
        return query


def newest_entries(session: Session, filters: Filters, *, limit: int) -> Sequence[AuditEntry]:
    """What was done last, newest first, at most `limit`."""
    query = filters.apply(select(AuditEntry)).order_by(AuditEntry.position.desc()).limit(limit)
    return session.scalars(query).all()
