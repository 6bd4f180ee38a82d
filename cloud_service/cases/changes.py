"""How people change a case: its row locked, the version compared, and the change told to all at its end."""

from typing import Any
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from cloud_service.accounts.identity import Identity
from cloud_service.audit.actions import Action
from cloud_service.audit.trail import record
from cloud_service.cases.schemas import CaseSummary
from cloud_service.cases.standing import Hands, standing
from cloud_service.cases.summary import case_summary
from cloud_service.delivery.events import record_case_event
from cloud_service.errors import ConflictError, NotFoundError
from cloud_service.models import AuditEntry, Case, Report
from shared.vocabulary import CaseAnswer, CaseState

AMENDED = "amended"
"""FHIR R4 DiagnosticReport.status of a report that has taken another one's place."""
_LAST_ENTRIES = 50  # among which the change of a case is looked for that somebody has not seen


def short_name(case: Case) -> str:
    """What people call a case: the first eight digits of its pseudonym."""
    return case.pseudonym[:8]


def lock_case(session: Session, who: Identity, case_id: UUID) -> Case:
    """A case as it is now, locked until the commit: an event that tells of it is then no older than those before.

    Nothing else may be locked by this transaction before.

    Raises:
        NotFoundError: there is none, or it belongs to another site, which is not told apart.
    """
    case = session.get(Case, case_id, with_for_update=True, populate_existing=True)
    if case is None or who.site not in {None, case.site_id}:
        raise NotFoundError(f"There is no case {case_id}.")
    return case


def case_to_change(session: Session, who: Identity, case_id: UUID, version: int) -> Case:
    """`lock_case` for a change by somebody who must have seen the case as it is.

    Args:
        session: the transaction of the change.
        who: wants to change it.
        case_id: which one.
        version: what `who` has seen.

    Raises:
        NotFoundError: there is none, or it belongs to another site, which is not told apart.
        ConflictError: it has changed since; the text says who did what, and when.
    """
    case = lock_case(session, who, case_id)
    if case.version != version:
        raise ConflictError(_what_changed(session, case))
    return case


def finish_change(session: Session, who: Identity, case: Case, action: Action, **details: Any) -> CaseSummary:
    """Raise the version, find out where the case stands now, and tell all; the last step of the transaction.

    Args:
        session: the transaction of the change.
        who: changes it.
        case: as `case_to_change` gave it, with its changes.
        action: what is done, for the audit trail.
        details: more for the trail, fit for JSON.
    """
    case.version += 1
    hands = Hands(
        is_held=case.held_by is not None,
        is_signed=case.signed_at is not None,
        is_amended=_is_amended(session, case),
        second_read=case.second_read,
        later_images=case.images_since_signature,
    )
    waiting = case.images - case.analysed_images - case.failed_images
    answer = CaseAnswer(case.answer) if case.answer else None
    case.state, case.queue = standing(answer, waiting, hands)
    session.flush()
    summary = case_summary(case)
    record_case_event(session, summary)
    record(session, who.actor, action, str(case.id), version=case.version, **details)
    return summary


def _is_amended(session: Session, case: Case) -> bool:
    if case.signed_at is None:
        return False
    amendment = exists().where(Report.case_id == case.id, Report.status == AMENDED)
    return case.state == CaseState.AMENDED or bool(session.scalar(select(amendment)))


def _what_changed(session: Session, case: Case) -> str:
    newest = select(AuditEntry).where(AuditEntry.subject == str(case.id)).order_by(AuditEntry.position.desc())
    changes = (entry for entry in session.scalars(newest.limit(_LAST_ENTRIES)) if "version" in entry.details)
    last = next(changes, None)
    told = ""
    if last is not None:
        action = last.action.replace("-", " ")
        told = f" The last change: {action} by {last.actor} on {last.at:%Y-%m-%d at %H:%M:%S} UTC."
    holder = f" {case.held_by} holds it." if case.held_by else ""
    return f"Case {short_name(case)} has changed since you loaded it.{told}{holder} Load it again."
