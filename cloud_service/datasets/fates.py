"""What became of the images of signed cases: used in a data set, excluded, or still waiting for the next one."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, exists, literal, select, tuple_
from sqlalchemy.orm import Session

from cloud_service.accounts.identity import Identity
from cloud_service.cases import queries as cases
from cloud_service.cases.cursors import moment, read_cursor, write_cursor
from cloud_service.database import portions
from cloud_service.datasets.schemas import CandidateFate, LabelCandidates, LabelCandidateView
from cloud_service.models import Dataset, DatasetImage, LabelCandidate
from cloud_service.vocabulary import DatasetPurpose

_Use = tuple[Dataset, bool]  # a data set that holds an image, and the label that the image has there
_MOST_NAMED = 3  # data sets in one sentence


def page(session: Session, *, fate: CandidateFate | None, after: str | None, limit: int) -> LabelCandidates:
    """At most `limit` candidates behind `after`, the newest signature first; one of each image of a signed case.

    Raises:
        BadCursorError: `after` is none that such a page gave.
    """
    query = select(LabelCandidate)
    if fate is not None:
        query = query.where(*_conditions(fate))
    key = (LabelCandidate.signed_at, LabelCandidate.capture_id)
    if after is not None:
        place = zip(_read(after), key, strict=True)
        query = query.where(tuple_(*key) < tuple_(*(literal(value, column.type) for value, column in place)))
    query = query.order_by(*(column.desc() for column in key)).limit(limit + 1)
    rows = session.scalars(query).all()
    shown = rows[:limit]
    more = write_cursor(shown[-1].signed_at, shown[-1].capture_id) if len(rows) > limit else None
    return LabelCandidates(candidates=_views(session, shown), next=more)


def of_case(session: Session, who: Identity, case_id: UUID) -> list[LabelCandidateView]:
    """What a case's signed report says of each image, in the order of capture ids.

    Raises:
        NotFoundError: there is no such case.
    """
    case = cases.case_by_id(session, case_id, within=who.site)
    query = select(LabelCandidate).where(LabelCandidate.case_id == case.id).order_by(LabelCandidate.capture_id)
    return _views(session, session.scalars(query).all())


def _conditions(fate: CandidateFate) -> list[ColumnElement[bool]]:
    used = exists().where(DatasetImage.capture_id == LabelCandidate.capture_id)
    match fate:
        case CandidateFate.EXCLUDED:
            return [LabelCandidate.is_all.is_(None)]
        case CandidateFate.USED:
            return [LabelCandidate.is_all.is_not(None), used]
        case CandidateFate.WAITING:
            return [LabelCandidate.is_all.is_not(None), ~used]


def _read(after: str) -> tuple[datetime, UUID]:
    at, capture_id = read_cursor(after, moment, UUID)
    return at, capture_id


def _views(session: Session, candidates: Sequence[LabelCandidate]) -> list[LabelCandidateView]:
    uses = _uses(session, [candidate.capture_id for candidate in candidates])
    return [_view(candidate, uses.get(candidate.capture_id, [])) for candidate in candidates]


def _uses(session: Session, captures: Sequence[UUID]) -> Mapping[UUID, list[_Use]]:
    """The data sets that hold each capture, the newest first."""
    found: dict[UUID, list[_Use]] = {}
    for portion in portions(captures):
        rows = session.execute(
            select(DatasetImage.capture_id, DatasetImage.is_all, Dataset)
            .join(Dataset, Dataset.id == DatasetImage.dataset_id)
            .where(DatasetImage.capture_id.in_(portion))
            .order_by(Dataset.created_at.desc(), Dataset.id)
        )
        for capture_id, is_all, dataset in rows:
            assert capture_id is not None  # noqa: S101 - the rows were asked for by it
            found.setdefault(capture_id, []).append((dataset, is_all))
    return found


def _view(candidate: LabelCandidate, uses: Sequence[_Use]) -> LabelCandidateView:
    if candidate.is_all is None:
        fate, words = CandidateFate.EXCLUDED, f"Excluded: {candidate.excluded_because}"
    elif uses:
        fate, words = CandidateFate.USED, f"Used as {_label(candidate.is_all)}."
    else:
        fate, words = CandidateFate.WAITING, f"Waits for the next data set, as {_label(candidate.is_all)}."
    if uses:
        words += f" In {_named(uses)}."
        if any(is_all is not candidate.is_all for _, is_all in uses):
            words += " The report was amended since: the next version takes what it says now."
    return LabelCandidateView(
        capture_id=candidate.capture_id,
        case_id=candidate.case_id,
        site=candidate.site_id,
        is_all=candidate.is_all,
        fate=fate,
        words=words,
        signed_at=candidate.signed_at,
    )


def _named(uses: Sequence[_Use]) -> str:
    names = [_dataset(dataset) for dataset, _ in uses[:_MOST_NAMED]]
    if len(uses) > _MOST_NAMED:
        names.append(f"{len(uses) - _MOST_NAMED} more")
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _dataset(dataset: Dataset) -> str:
    kind = "the locked test set " if dataset.purpose == DatasetPurpose.LOCKED_TEST else ""
    return f"version {dataset.number} of {kind}{dataset.name!r}{', removed since' if dataset.removed_at else ''}"


def _label(is_all: bool) -> str:  # noqa: FBT001 - the label itself
    return "ALL" if is_all else "not ALL"
