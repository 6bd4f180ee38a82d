"""Reads of the audit trail."""

from collections.abc import Sequence

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from cloud_service.audit.actions import Action
from cloud_service.models import AuditEntry


def newest_entries(
    session: Session, *, limit: int, user: str | None = None, subject: str | None = None, action: Action | None = None
) -> Sequence[AuditEntry]:
    """What was done last, newest first; by or to one user, about one subject, of one kind, where these are given."""
    query = select(AuditEntry).order_by(AuditEntry.position.desc()).limit(limit)
    if user is not None:
        query = query.where(or_(AuditEntry.actor == user, AuditEntry.subject == user))
    if subject is not None:
        query = query.where(AuditEntry.subject == subject)
    if action is not None:
        query = query.where(AuditEntry.action == action)
    return session.scalars(query).all()
