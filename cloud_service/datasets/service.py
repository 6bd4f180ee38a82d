"""How people bring data sets in, decide on them after the dry run, and remove them."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud_service.audit.actions import Action
from cloud_service.audit.trail import Actor, record
from cloud_service.datasets.queries import import_view, known_import
from cloud_service.delivery.events import EventKind, record_event
from cloud_service.errors import ConflictError, NotFoundError
from cloud_service.models import Dataset, DatasetImport, Site, TrainingJob, now
from cloud_service.training import service as training
from cloud_service.vocabulary import (
    DatasetImportState,
    DatasetPurpose,
    DatasetSource,
    TrainingJobKind,
    TrainingJobState,
)

_LONGEST_REASON = 2000  # characters, as the database keeps it


def begin_archive_import(  # noqa: PLR0913 - what a data set is called, and where it lies
    session: Session,
    actor: Actor,
    *,
    name: str,
    purpose: DatasetPurpose,
    site: str | None,
    layout: str | None,
    file_name: str | None,
    archive_sha256: str,
    source: DatasetSource = DatasetSource.ARCHIVE,
    confirm: bool = False,
) -> DatasetImport:
    """Let an archive that lies in the blob store be checked.

    Args:
        session: the transaction.
        actor: who wants it.
        name: of the data set.
        purpose: what for.
        site: whose images a locked test set holds; None: of all sites.
        layout: how it is arranged; None: recognised.
        file_name: what the sender calls the archive or the folder.
        archive_sha256: where it lies in the blob store.
        source: an archive, or a folder that was packed into one.
        confirm: keep the data set without asking, where the dry run finds nothing that stands in the way.

    Raises:
        NotFoundError: there is no such site.
        ConflictError: versions of this name are for another purpose or site.
    """
    wanted = DatasetImport(
        name=name,
        purpose=purpose,
        site_id=site,
        source=source,
        file_name=file_name,
        layout=layout,
        archive_sha256=archive_sha256,
    )
    return _begin(session, actor, wanted, confirm=confirm)


def begin_signed_import(
    session: Session,
    actor: Actor,
    *,
    name: str,
    purpose: DatasetPurpose = DatasetPurpose.TRAINING,
    site: str | None = None,
    since: datetime | None = None,
    confirm: bool = False,
) -> DatasetImport:
    """Let the images of signed cases be checked, as a data set.

    Args:
        session: the transaction.
        actor: who wants it.
        name: of the data set.
        purpose: what for.
        site: of whose cases; None: of all sites.
        since: cases signed then or later.
        confirm: keep the data set without asking, where the dry run finds nothing that stands in the way.

    Raises:
        NotFoundError: there is no such site.
        ConflictError: versions of this name are for another purpose or site.
    """
    wanted = DatasetImport(name=name, purpose=purpose, site_id=site, source=DatasetSource.SIGNED_CASES)
    return _begin(session, actor, wanted, since=since.isoformat() if since else None, confirm=confirm)


def confirm_import(session: Session, actor: Actor, import_id: UUID) -> DatasetImport:
    """Keep a data set whose report somebody has read.

    Raises:
        NotFoundError: there is no such import.
        ConflictError: it is not checked, or somebody has decided on it already.
    """
    wanted = known_import(session, import_id, lock=True)
    _require_state(wanted, DatasetImportState.CHECKED)
    return keep(session, actor, wanted)


def keep(session: Session, actor: Actor, wanted: DatasetImport) -> DatasetImport:
    """Let a checked import, which is locked, become a data set."""
    wanted.state, wanted.reason = DatasetImportState.IMPORTING, None
    job = training.add_job(session, actor, TrainingJobKind.IMPORT, str(wanted.id), {})
    tell(session, wanted, job)
    return wanted


def refuse(session: Session, wanted: DatasetImport, reason: str) -> None:
    """End an import, which is locked, because it cannot be used."""
    wanted.state, wanted.reason, wanted.ended_at = DatasetImportState.REFUSED, reason[:_LONGEST_REASON], now()
    tell(session, wanted)


def drop_import(session: Session, actor: Actor, import_id: UUID) -> DatasetImport:
    """Decide against a data set; the job that checks it is cancelled.

    Raises:
        NotFoundError: there is no such import.
        ConflictError: it is being kept, or has ended.
    """
    known_import(session, import_id)
    unfinished = TrainingJob.state.in_([TrainingJobState.WAITING, TrainingJobState.RUNNING])
    checks = select(TrainingJob).where(TrainingJob.kind == TrainingJobKind.CHECK_IMPORT, unfinished)
    jobs = session.scalars(checks.where(TrainingJob.subject == str(import_id)).with_for_update()).all()
    wanted = known_import(session, import_id, lock=True)  # after its job, as whoever works on that locks them
    _require_state(wanted, DatasetImportState.WAITING, DatasetImportState.CHECKED)
    wanted.state, wanted.ended_at = DatasetImportState.DROPPED, now()
    tell(session, wanted)
    for job in jobs:
        if job.cancel_asked_by is None:
            training.cancel_job(session, actor, job.id)
    record(session, actor, Action.DATASET_IMPORT_DROPPED, str(wanted.id), name=wanted.name)
    return wanted


def tell(session: Session, wanted: DatasetImport, *jobs: TrainingJob) -> None:
    """Tell those who watch how far an import is, and its jobs; the audit trail's entry alone comes later."""
    session.flush()
    payload = import_view(wanted).model_dump(mode="json")
    record_event(session, EventKind.DATASET, str(wanted.id), payload, None)
    for job in jobs:
        training.tell(session, job)


def _begin(session: Session, actor: Actor, wanted: DatasetImport, **parameters: object) -> DatasetImport:
    if wanted.site_id is not None and session.get(Site, wanted.site_id) is None:
        raise NotFoundError(f"There is no site {wanted.site_id!r}; see `smearflow device list`.")
    _check_name(session, wanted)
    wanted.id, wanted.created_by = uuid4(), actor.name
    wanted.state, wanted.created_at = DatasetImportState.WAITING, now()
    session.add(wanted)
    session.flush()
    job = training.add_job(session, actor, TrainingJobKind.CHECK_IMPORT, str(wanted.id), parameters)
    tell(session, wanted, job)
    told = {"name": wanted.name, "purpose": wanted.purpose, "source": wanted.source, "site": wanted.site_id}
    record(session, actor, Action.DATASET_IMPORT_BEGUN, str(wanted.id), **told)
    return wanted


def _check_name(session: Session, wanted: DatasetImport) -> None:
    former = session.scalars(select(Dataset).where(Dataset.name == wanted.name).limit(1)).one_or_none()
    if former is not None and (former.purpose, former.site_id) != (wanted.purpose, wanted.site_id):
        whose = f"site {former.site_id}" if former.site_id else "all sites"
        raise ConflictError(
            f"The versions of {wanted.name!r} are for {former.purpose}, of {whose}; a new one must be for the same, or "
            "have another name."
        )


def _require_state(wanted: DatasetImport, *states: DatasetImportState) -> None:
    if wanted.state not in states:
        raise ConflictError(
            f"The import of {wanted.name!r} is {wanted.state}; this is possible while it is {' or '.join(states)}."
        )
