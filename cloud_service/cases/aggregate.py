"""Keeps the rows of cases true: worked out anew in each transaction that changes captures.

Two transactions may change images of one case at the same time. So the case's row is locked first, and its images are
read after that, by a statement of its own: what another one committed meanwhile is then seen (PostgreSQL takes a new
snapshot with each statement). Rows are locked in the order of site and pseudonym, after those of captures and jobs and
before the counter of events; whoever locks cases keeps to that, or two transactions block each other.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Row, bindparam, func, select, update
from sqlalchemy.orm import Session

from cloud_service.cases.schemas import CaseSummary
from cloud_service.cases.standing import Findings, Hands, Image, findings, standing
from cloud_service.cases.summary import summary_of
from cloud_service.database import table_of, upsert
from cloud_service.models import KEPT, Capture, Case, Prediction
from shared.vocabulary import CaseState

_Key = tuple[str, str]

_CASE = table_of(Case)
_KEPT_COLUMNS = (
    Case.id,
    Case.site_id,
    Case.pseudonym,
    Case.version,
    Case.state,
    Case.images,
    Case.images_since_signature,
    Case.held_by,
    Case.held_since,
    Case.second_read,
    Case.signed_by,
    Case.signed_at,
)
_WORKED_OUT = (*(field.name for field in fields(Findings)), "state", "queue", "images_since_signature")
_WRITE = (
    update(_CASE)
    .where(_CASE.c.id == bindparam("case_id"))
    .values({name: bindparam(f"new_{name}") for name in _WORKED_OUT})
)


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
        # Counted by what has come on top under the lock, not by the clocks of those who sign and those who store.
        later = row.images_since_signature + found.images - row.images if row.signed_at else 0
        state, queue = standing(found.answer, found.waiting_images, _hands(row, later))
        told = asdict(found) | {"state": state, "queue": queue, "images_since_signature": later}
        changes.append({"case_id": row.id} | {f"new_{name}": told[name] for name in _WORKED_OUT})
        summaries.append(summary_of({**row._mapping, **told}))  # noqa: SLF001 - SQLAlchemy's public name for it
    session.execute(_WRITE, changes)
    return summaries


def _lock(session: Session, captures: Collection[Capture]) -> dict[_Key, Row[*tuple[Any, ...]]]:
    """The cases' rows, locked in one order, made where they are missing."""
    wanted = {(capture.site_id, capture.case_pseudonym): capture for capture in captures}
    rows = [_new_row(key, wanted[key]) for key in sorted(wanted)]
    locked = upsert(session, Case).on_conflict_do_update(
        index_elements=[Case.site_id, Case.pseudonym],
        set_={"version": Case.version},  # an update that changes nothing takes the lock
    )
    found = session.execute(locked.returning(*_KEPT_COLUMNS), rows)
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
    rows = session.execute(
        select(
            Capture.site_id,
            Capture.case_pseudonym,
            Capture.id,
            Capture.device_id,
            Capture.smear,
            Capture.state,
            Capture.quality["verdict"].as_string(),
            Capture.announced_at,
            Prediction.label,
            Prediction.probability,
            func.json_array_length(Prediction.doubts) > 0,
        )
        .outerjoin(Prediction, Prediction.capture_id == Capture.id)
        .where(Capture.case_pseudonym.in_({pseudonym for _, pseudonym in cases}), Capture.state.in_(KEPT))
        .order_by(Prediction.created_at, Prediction.id.desc())
    )
    found: defaultdict[_Key, dict[UUID, Image]] = defaultdict(dict)
    for site, pseudonym, *image in rows:
        if (site, pseudonym) in cases:  # another site may share the key that makes pseudonyms
            found[site, pseudonym][image[0]] = Image(*image)  # in the order of time, so that the newest answer stays
    return {key: list(images.values()) for key, images in found.items()}


def _hands(row: Row[*tuple[Any, ...]], later_images: int) -> Hands:
    return Hands(
        is_held=row.held_by is not None,
        is_signed=row.signed_at is not None,
        is_amended=row.state == CaseState.AMENDED,
        second_read=row.second_read,
        later_images=later_images,
    )
