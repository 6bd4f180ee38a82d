"""The audit trail over HTTP: searched, and checked."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from cloud_service.accounts.dependencies import requires
from cloud_service.accounts.identity import Identity
from cloud_service.accounts.permissions import Permission
from cloud_service.audit.actions import Action
from cloud_service.audit.queries import Filters, newest_entries
from cloud_service.audit.schemas import AuditEntryView, AuditHead, AuditPage, AuditVerification
from cloud_service.audit.verify import BrokenTrailError, known_head, verify
from cloud_service.web.schemas import Moment
from cloud_service.web.services import Reading

router = APIRouter(prefix="/api/v1/audit", tags=["audit"])

MOST_CHECKED = 100_000
"""Entries that one request looks at, about two seconds; the nightly `smearflow audit verify` looks at all of them."""

Auditor = Annotated[Identity, requires(Permission.SEE_AUDIT)]


def _wanted(
    actor: Annotated[str | None, Query(max_length=100, description="who did it")] = None,
    action: Annotated[Action | None, Query(description="what was done")] = None,
    subject: Annotated[str | None, Query(max_length=200, description="to whom or what")] = None,
    since: Annotated[Moment | None, Query(alias="from", description="at or after")] = None,
    until: Annotated[Moment | None, Query(alias="to", description="before")] = None,
    before: Annotated[
        int | None, Query(ge=1, lt=2**63, description="position of the last entry of the page before this one")
    ] = None,
) -> Filters:
    """Which entries a request asks for."""
    return Filters(actor=actor, action=action, subject=subject, since=since, until=until, before=before)


@router.get("")
def list_audit_entries(
    _who: Auditor,
    session: Reading,
    filters: Annotated[Filters, Depends(_wanted)],
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> AuditPage:
    """What was done or seen, newest first; where there are more, ask for those `before` the last one."""
    found = newest_entries(session, filters, limit=limit + 1)
    return AuditPage(entries=[AuditEntryView.model_validate(entry) for entry in found[:limit]], more=len(found) > limit)


@router.get("/verification")
def verify_audit_trail(
    _who: Auditor, session: Reading, newest: Annotated[int, Query(ge=1, le=MOST_CHECKED)] = 10_000
) -> AuditVerification:
    """See whether the newest entries are as they were written; `first_checked` says from where on.

    `smearflow audit verify` checks the whole trail, and against a head that was noted elsewhere.
    """
    head = known_head(session)
    behind = max(0, head.position - newest)
    fault = None
    try:
        head = verify(session, behind=behind)
    except BrokenTrailError as error:
        fault = str(error)
    return AuditVerification(
        whole=fault is None,
        fault=fault,
        first_checked=min(behind + 1, head.position),
        checked=head.position - behind,
        head=AuditHead(position=head.position, hash=head.hash),
    )
