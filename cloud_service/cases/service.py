"""What is done with cases on behalf of people: the worklist, one case, who holds it, comments.

Each function takes who asks and shows nothing beyond that user's site. Who saw a case is audited; lists are not, since
they would be most of the trail and say least.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from cloud_service.accounts.identity import Identity
from cloud_service.audit.actions import Action
from cloud_service.audit.trail import record
from cloud_service.captures.summary import capture_summaries
from cloud_service.cases import queries, worklist
from cloud_service.cases.changes import case_to_change, finish_change, lock_case, short_name
from cloud_service.cases.counting import CaseCounter
from cloud_service.cases.cursors import read_cursor, write_cursor
from cloud_service.cases.judged_images import signature_checks
from cloud_service.cases.model_facts import facts_of
from cloud_service.cases.schemas import (
    CaseCounts,
    CaseDetail,
    CaseImages,
    CasePage,
    CaseSummary,
    CommentView,
    ImageFindingView,
    ReadingView,
    ReportSummary,
)
from cloud_service.cases.summary import case_summary, summary_of
from cloud_service.cases.worklist import Filters, Sort
from cloud_service.delivery.events import latest_position, record_case_event
from cloud_service.errors import ConflictError
from cloud_service.models import Case, CaseComment, CaseReading, ImageFinding, now

UNTOUCHED = timedelta(hours=12)
"""Another clinician may release a case that its holder has not touched for so long."""


def page(session: Session, who: Identity, *, filters: Filters, sort: Sort, after: str | None, limit: int) -> CasePage:
    """One page of the worklist, with the event position at which it is true.

    Raises:
        BadCursorError: `after` is none that such a page gave.
    """
    filters = replace(filters, within=who.site, user=who.user)
    position = latest_position(session)  # first: what changes from here on, an event behind it tells
    rows, following = worklist.page(session, filters, sort=sort, after=after, limit=limit)
    return CasePage(cases=[summary_of(row) for row in rows], next=following, position=position)


def counts(session: Session, counter: CaseCounter, who: Identity, *, filters: Filters) -> CaseCounts:
    """How many cases stand in each part of the worklist."""
    found = counter.count(session, replace(filters, within=who.site, user=who.user))
    queues = {queue.value: count for queue, count in found.queues.items()}
    return CaseCounts(failed=found.failed, position=found.position, **queues)


def seen(session: Session, who: Identity, case_id: UUID, *, ahead: bool = False) -> CaseDetail:
    """`detail`, audited as seen, or as loaded ahead of that; `session` has to be one that writes.

    Raises:
        NotFoundError: there is none with this id.
    """
    found = detail(session, who, queries.case_by_id(session, case_id, within=who.site))
    record(session, who.actor, Action.CASE_LOADED_AHEAD if ahead else Action.CASE_SEEN, str(case_id))
    return found


def detail(session: Session, who: Identity, case: Case) -> CaseDetail:
    """All that is known of one case but its images."""
    position = latest_position(session)
    earlier = queries.same_pseudonym(session, case, within=who.site)
    readings = queries.readings_of(session, case.id)
    return CaseDetail(
        **dict(case_summary(case)),
        readings=[reading_view(*read) for read in readings],
        comments=[CommentView.model_validate(comment) for comment in queries.comments_of(session, case.id)],
        reports=[ReportSummary.model_validate(report) for report in queries.reports_of(session, case.id)],
        checks=signature_checks(session, case, readings, who.user),
        models=[facts_of(model) for model in queries.models_of(session, case)],
        earlier=[case_summary(other) for other in earlier],
        position=position,
    )


def images(session: Session, who: Identity, case_id: UUID, *, after: str | None, limit: int) -> CaseImages:
    """Some of a case's images, the most suspicious first.

    Raises:
        NotFoundError: there is no such case.
        BadCursorError: `after` is none that such a page gave.
    """
    case = queries.case_by_id(session, case_id, within=who.site)
    captures, last = queries.images_page(session, case, after=_image_key(after) if after else None, limit=limit)
    following = write_cursor(*last) if last else None
    return CaseImages(images=capture_summaries(session, captures), next=following)


def claim(session: Session, who: Identity, case_id: UUID, version: int) -> CaseSummary:
    """Give a case to who asks, so that nobody else reads it meanwhile. Whoever holds it already keeps it.

    Raises:
        NotFoundError: there is no such case.
        ConflictError: it has changed, somebody else holds it, or who asks has signed the first of two reads.
    """
    case = case_to_change(session, who, case_id, version)
    if case.held_by == who.user:
        return case_summary(case)
    if case.held_by is not None:
        raise ConflictError(f"Case {short_name(case)} is held by {_holder(case)}. Take another one, or ask for it.")
    if case.second_read and who.user in queries.signed_readers(session, case_id)[:1]:
        raise ConflictError(f"You have signed the first read of case {short_name(case)}: another person reads it now.")
    case.held_by, case.held_since = who.user, now()
    return finish_change(session, who, case, Action.CASE_CLAIMED)


def release(session: Session, who: Identity, case_id: UUID, version: int) -> CaseSummary:
    """Let go of a case: by its holder, or by any clinician once it was not touched for `UNTOUCHED`.

    What the holder has saved stays.

    Raises:
        NotFoundError: there is no such case.
        ConflictError: it has changed, nobody holds it, or somebody else does who has touched it not long ago.
    """
    case = case_to_change(session, who, case_id, version)
    holder = case.held_by
    if holder is None:
        raise ConflictError(f"Nobody holds case {short_name(case)}.")
    free_at = _touched_at(session, case) + UNTOUCHED
    if holder != who.user and now() < free_at:
        raise ConflictError(
            f"Case {short_name(case)} is held by {_holder(case)}, who alone may release it; "
            f"anyone may from {free_at:%Y-%m-%d %H:%M} UTC on, if it is not touched until then."
        )
    case.held_by = case.held_since = None
    return finish_change(session, who, case, Action.CASE_RELEASED, holder=holder)


def comments(session: Session, who: Identity, case_id: UUID) -> list[CommentView]:
    """What was written about a case, oldest first.

    Raises:
        NotFoundError: there is no such case.
    """
    case = queries.case_by_id(session, case_id, within=who.site)
    return [CommentView.model_validate(comment) for comment in queries.comments_of(session, case.id)]


def add_comment(session: Session, who: Identity, case_id: UUID, text: str) -> CommentView:
    """Write something about a case; its version stays, so that a comment is in nobody's way.

    Raises:
        NotFoundError: there is no such case.
    """
    case = lock_case(session, who, case_id)
    comment = CaseComment(id=uuid4(), case_id=case.id, author=who.user, text=text, created_at=now())
    session.add(comment)
    record_case_event(session, case_summary(case))
    record(session, who.actor, Action.CASE_COMMENTED, str(case_id), comment=str(comment.id))
    return CommentView.model_validate(comment)


def reading_view(reading: CaseReading, findings: Sequence[ImageFinding]) -> ReadingView:
    """One person's read of a case, with what it says of images."""
    said = [ImageFindingView.model_validate(finding) for finding in findings]
    columns = {name: getattr(reading, name) for name in ReadingView.model_fields if name != "findings"}
    return ReadingView(**columns, findings=said)


def _image_key(cursor: str) -> tuple[float, UUID]:
    probability, capture_id = read_cursor(cursor, float, UUID)
    return probability, capture_id


def _holder(case: Case) -> str:
    return f"{case.held_by} since {case.held_since:%Y-%m-%d %H:%M} UTC"


def _touched_at(session: Session, case: Case) -> datetime:
    """When the holder did something with a case last."""
    saved = [
        reading.saved_at
        for reading, _ in queries.readings_of(session, case.id)
        if reading.reader == case.held_by and reading.signed_at is None
    ]
    return max([*saved, case.held_since or now()])
