"""Keeps the rows of cases true: worked out anew in each transaction that changes captures.

Two transactions may change images of one case at the same time. So the case's row is locked first, and its images are
read after that, by a statement of its own: what another one committed meanwhile is then seen (PostgreSQL takes a new
snapshot with each statement). Rows are locked in the order of site and pseudonym, after those of captures and jobs and
before the counter of events; whoever locks cases keeps to that, or two transactions block each other.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Row, bindparam, func, select, update
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningInsert

from cloud_service.cases.schemas import CaseSummary
from cloud_service.cases.standing import Findings, Hands, Image, findings, standing
from cloud_service.cases.summary import summary_of
from cloud_service.database import insert_into, table_of
from cloud_service.models import KEPT, Capture, Case, Prediction
from shared.vocabulary import CaseState

_Key = tuple[str, str]

# Statements on tables, made once: to build them anew, or to have the session look at them, costs more than they do.
_CASE, _CAPTURE, _PREDICTION = table_of(Case).c, table_of(Capture).c, table_of(Prediction).c
_KEPT_COLUMNS = (
    _CASE.id,
    _CASE.site_id,
    _CASE.pseudonym,
    _CASE.version,
    _CASE.state,
    _CASE.images,
    _CASE.failed_images,
    _CASE.images_since_signature,
    _CASE.held_by,
    _CASE.held_since,
    _CASE.second_read,
    _CASE.signed_by,
    _CASE.signed_at,
)
_IMAGES = (
    select(
        _CAPTURE.site_id,
        _CAPTURE.case_pseudonym,
        _CAPTURE.id,
        _CAPTURE.device_id,
        _CAPTURE.smear,
        _CAPTURE.state,
        _CAPTURE.quality["verdict"].as_string(),
        _CAPTURE.announced_at,
        _PREDICTION.label,
        _PREDICTION.probability,
        func.json_array_length(_PREDICTION.doubts) > 0,
    )
    .outerjoin_from(table_of(Capture), table_of(Prediction), _PREDICTION.capture_id == _CAPTURE.id)
    # Not by state as well: SQLite would look up all captures that are kept, to find those of a few pseudonyms.
    .where(_CAPTURE.case_pseudonym.in_(bindparam("pseudonyms", expanding=True)))
    .order_by(_PREDICTION.created_at, _PREDICTION.id.desc())
)
_WRITE = update(table_of(Case)).where(_CASE.id == bindparam("case_id"))


def refresh_cases(session: Session, captures: Collection[Capture]) -> list[CaseSummary]:
    """Work out anew the cases of captures that have just changed, making those that are missing.

    Three statements, however many captures and cases. To be called after all else that the transaction changes, and
    before its events, which are to carry what is returned.

    Args:
        session: the transaction of the change.
        captures: stored, analysed or failed ones, whose states are as they will be committed.

    Returns:
        The cases, in the order in which they were locked.
    """
    if not captures:
        return []
    held = _lock(session, captures)
    images = _images(session, held)
    summaries, changes = [], []
    for key, row in held.items():
        found = findings(images[key])
        later = _images_since_signature(row, found)
        state, queue = standing(found.answer, found.waiting_images, _hands(row, later))
        told = found._asdict() | {"state": state, "queue": queue, "images_since_signature": later}
        changes.append({"case_id": row.id, **told})
        summaries.append(summary_of({**row._mapping, **told}))  # noqa: SLF001 - SQLAlchemy's public name for it
    session.connection().execute(_WRITE, changes)
    return summaries


@cache
def _locking(dialect: str) -> ReturningInsert[*tuple[Any, ...]]:
    return (
        insert_into(dialect, Case)
        .on_conflict_do_update(
            index_elements=[_CASE.site_id, _CASE.pseudonym],
            set_={"version": _CASE.version},  # an update that changes nothing takes the lock
        )
        .returning(*_KEPT_COLUMNS)
    )


def _lock(session: Session, captures: Collection[Capture]) -> dict[_Key, Row[*tuple[Any, ...]]]:
    """The cases' rows, locked in one order, made where they are missing."""
    wanted = {(capture.site_id, capture.case_pseudonym): capture for capture in captures}
    rows = [_new_row(key, wanted[key]) for key in sorted(wanted)]
    session.flush()
    connection = session.connection()
    found = connection.execute(_locking(connection.dialect.name), rows)
    by_key = {(row.site_id, row.pseudonym): row for row in found}
    return {key: by_key[key] for key in sorted(by_key)}


def _new_row(key: _Key, capture: Capture) -> dict[str, Any]:
    site, pseudonym = key
    return {
        "id": uuid4(),
        "site_id": site,
        "pseudonym": pseudonym,
        "device_id": capture.device_id,
        "opened_at": capture.announced_at,
        "latest_at": capture.announced_at,
    }


def _images(session: Session, cases: Mapping[_Key, object]) -> dict[_Key, Sequence[Image]]:
    """The images of each case, each once, with its newest answer."""
    pseudonyms = list({pseudonym for _, pseudonym in cases})
    rows = session.connection().execute(_IMAGES, {"pseudonyms": pseudonyms})
    found: defaultdict[_Key, dict[UUID, Image]] = defaultdict(dict)
    for site, pseudonym, *columns in rows:
        image = Image(*columns)
        if image.state in KEPT and (site, pseudonym) in cases:  # another site may share the key that makes pseudonyms
            found[site, pseudonym][image.id] = image  # in the order of time, so that the newest answer stays
    return {key: list(images.values()) for key, images in found.items()}


def _images_since_signature(row: Row[*tuple[Any, ...]], found: Findings) -> int:
    """Images that the signer did not have: new ones, and such whose analysis had failed and was tried again.

    Counted by what has come on top under the lock, not by the clocks of those who sign and those who store.
    """
    if row.signed_at is None:
        return 0
    tried_again = max(0, row.failed_images - found.failed_images)
    return int(row.images_since_signature + found.images - row.images + tried_again)


def _hands(row: Row[*tuple[Any, ...]], later_images: int) -> Hands:
    return Hands(
        is_held=row.held_by is not None,
        is_signed=row.signed_at is not None,
        is_amended=row.state == CaseState.AMENDED,
        second_read=row.second_read,
        later_images=later_images,
    )
