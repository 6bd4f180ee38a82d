"""Cases over HTTP."""

from dataclasses import replace
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request

from cloud_service.accounts.dependencies import requires
from cloud_service.accounts.identity import Identity
from cloud_service.accounts.permissions import Permission
from cloud_service.cases import service
from cloud_service.cases.schemas import (
    CaseChange,
    CaseCounts,
    CaseDetail,
    CaseImages,
    CasePage,
    CaseSummary,
    CommentView,
    NewComment,
)
from cloud_service.cases.worklist import Filters, Holder, Sort
from cloud_service.database import transaction
from cloud_service.web.schemas import Moment
from cloud_service.web.services import Reading, Writing, services
from shared.identifiers import SlugId
from shared.vocabulary import CaseAnswer, CaseState, WorkQueue

router = APIRouter(prefix="/api/v1/cases", tags=["cases"])

Viewer = Annotated[Identity, requires(Permission.SEE_CASES)]
Reader = Annotated[Identity, requires(Permission.READ_CASES)]
Search = Annotated[
    str | None,
    Query(min_length=1, max_length=200, description="the beginning of the pseudonym, or of the smear's name"),
]
From = Annotated[Moment | None, Query(alias="from", description="cases whose newest image was announced then or later")]
To = Annotated[Moment | None, Query(alias="to", description="cases whose newest image was announced before")]
After = Annotated[str | None, Query(max_length=500, description="`next` of the page before this one")]


def _wanted(  # noqa: PLR0913 - one argument a filter
    *,
    state: Annotated[list[CaseState], Query()] = [],  # noqa: B006 - FastAPI copies defaults
    answer: Annotated[list[CaseAnswer], Query()] = [],  # noqa: B006
    holder: Holder = Holder.ALL,
    failed: bool | None = None,
    site: SlugId | None = None,
    device: SlugId | None = None,
    search: Search = None,
    since: From = None,
    until: To = None,
) -> Filters:
    """Which cases a request asks for, apart from the queue."""
    return Filters(
        states=state,
        answers=answer,
        holder=holder,
        failed=failed,
        site=site,
        device=device,
        search=search,
        since=since,
        until=until,
    )


def _wanted_in_queues(
    filters: Annotated[Filters, Depends(_wanted)],
    queue: Annotated[list[WorkQueue], Query()] = [],  # noqa: B006 - FastAPI copies defaults
) -> Filters:
    return replace(filters, queues=queue)


@router.get("")
def list_cases(
    who: Viewer,
    session: Reading,
    filters: Annotated[Filters, Depends(_wanted_in_queues)],
    sort: Sort = Sort.WORKLIST,
    after: After = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> CasePage:
    """The worklist, queue by queue, the most suspicious first and among equals the oldest; or by time."""
    return service.page(session, who, filters=filters, sort=sort, after=after, limit=limit)


@router.get("/counts")
def count_cases(
    who: Viewer, session: Reading, request: Request, filters: Annotated[Filters, Depends(_wanted)]
) -> CaseCounts:
    """How many cases stand in each part of the worklist, as it was at an event position of the last seconds."""
    return service.counts(session, services(request).case_counter, who, filters=filters)


@router.get("/{case_id}")
def get_case(who: Viewer, session: Writing, case_id: UUID, *, ahead: bool = False) -> CaseDetail:
    """One case with its readings, comments and reports, and the models behind its answer.

    The page asks for a neighbour `ahead` of its being opened, and once more when it is: the audit trail says which.
    """
    return service.seen(session, who, case_id, ahead=ahead)


@router.get("/{case_id}/images")
def list_images(
    who: Viewer,
    session: Reading,
    case_id: UUID,
    after: After = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> CaseImages:
    """A case's images, the most suspicious first, those without an answer last."""
    return service.images(session, who, case_id, after=after, limit=limit)


@router.post("/{case_id}/claim")
def claim_case(who: Reader, request: Request, case_id: UUID, change: CaseChange) -> CaseSummary:
    """Take a case to read it; nobody else can, until it is released or signed."""
    held = services(request)
    with transaction(held.engine) as session:
        summary = service.claim(session, who, case_id, change.version)
    held.notifier.changes()
    return summary


@router.post("/{case_id}/release")
def release_case(who: Reader, request: Request, case_id: UUID, change: CaseChange) -> CaseSummary:
    """Let go of a case; what was saved stays."""
    held = services(request)
    with transaction(held.engine) as session:
        summary = service.release(session, who, case_id, change.version)
    held.notifier.changes()
    return summary


@router.get("/{case_id}/comments")
def list_comments(who: Viewer, session: Reading, case_id: UUID) -> list[CommentView]:
    """What was written about a case, oldest first."""
    return service.comments(session, who, case_id)


@router.post("/{case_id}/comments")
def add_comment(who: Reader, request: Request, case_id: UUID, comment: NewComment) -> CommentView:
    """Write to the others about a case."""
    held = services(request)
    with transaction(held.engine) as session:
        added = service.add_comment(session, who, case_id, comment.text)
    held.notifier.changes()
    return added
