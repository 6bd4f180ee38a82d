"""The kinds of jobs that check an import and keep it; the worker's side, which knows the database."""

from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from cloud_service.audit.trail import Actor
from cloud_service.blob_store import BlobStore
from cloud_service.config import settings
from cloud_service.datasets import keeping, service
from cloud_service.datasets.known import Images, images_of, opposed_datasets
from cloud_service.datasets.leftovers import drop_archives
from cloud_service.datasets.orders import FOUND_NAME, OPPOSED_NAME, SIGNED_NAME, ImportOrder, ImportOutcome
from cloud_service.datasets.queries import known_import
from cloud_service.datasets.signed import SignedImages, signed_images, signed_labels, signed_patterns
from cloud_service.ml.datasets.reading import Layout
from cloud_service.models import DatasetImport, TrainingJob, now
from cloud_service.training.kinds import ORDER_NAME, OUTCOME_NAME, Tell
from cloud_service.vocabulary import DatasetImportState, DatasetPurpose, DatasetSource
from shared.errors import PermanentError


class CheckImport:
    """The dry run: its report says what a data set holds and what stands in its way. A person decides afterwards."""

    uses_every_gpu = False

    def prepare(self, session: Session, job: TrainingJob, folder: Path, blobs: BlobStore) -> None:
        """See `JobKind.prepare`; archives that nobody needs any more make room."""
        wanted = _import_in(session, job, DatasetImportState.WAITING)
        drop_archives(session, blobs)
        offered = SignedImages([], [])
        if wanted.source == DatasetSource.SIGNED_CASES:
            since = job.parameters.get("since")
            offered = signed_images(
                session, site=wanted.site_id, since=datetime.fromisoformat(since) if since else None
            )
        _write_order(session, wanted, folder, offered, digest=None)

    def work(self, folder: Path, blobs: BlobStore, tell: Tell) -> None:
        """See `JobKind.work`."""
        from cloud_service.datasets.dry_run import check  # noqa: PLC0415 - loads libraries that the worker does not need

        check(folder, blobs, tell)

    def finish(self, session: Session, job: TrainingJob, folder: Path, blobs: BlobStore) -> dict[str, Any]:  # noqa: ARG002 - of the contract
        """See `JobKind.finish`: it is checked, or refused; or kept next, where that was wished for."""
        outcome = ImportOutcome.read(folder / OUTCOME_NAME)
        wanted = known_import(session, UUID(job.subject), lock=True)
        if wanted.state != DatasetImportState.WAITING:
            return {"import": job.subject, "state": wanted.state}
        assert outcome.report is not None  # noqa: S101 - the dry run's has one
        overlaps = keeping.overlaps(session, wanted, outcome)
        report = outcome.report.model_copy(update={"warnings": [*outcome.report.warnings, *overlaps]})
        wanted.layout, wanted.report = outcome.layout, report.model_dump(mode="json")
        wanted.sheet_sha256 = outcome.sheet_sha256
        wanted.archive_sha256 = outcome.choice_sha256 or wanted.archive_sha256
        same = keeping.same_version(session, wanted, outcome.digest)
        if same is not None:
            wanted.dataset_id = same.id
        reason = outcome.refused or (keeping.nothing_new(same) if same else None)
        if reason:
            service.refuse(session, wanted, reason)
        elif job.parameters.get("confirm"):
            service.keep(session, Actor(job.created_by), wanted)
        else:
            wanted.state = DatasetImportState.CHECKED
            service.tell(session, wanted)
        return {"import": job.subject, "state": wanted.state}

    def fail(self, session: Session, job: TrainingJob, reason: str) -> None:
        """See `JobKind.fail`: what cannot be checked is refused, what nobody wants checked is dropped."""
        wanted = known_import(session, UUID(job.subject), lock=True)
        if wanted.state != DatasetImportState.WAITING:
            return
        if job.cancel_asked_by is None:
            service.refuse(session, wanted, reason)
            return
        wanted.state, wanted.reason, wanted.ended_at = DatasetImportState.DROPPED, reason, now()
        service.tell(session, wanted)


class Import:
    """Keeps a checked data set: its images in the blob store, then its rows in one transaction."""

    uses_every_gpu = False

    def prepare(self, session: Session, job: TrainingJob, folder: Path, blobs: BlobStore) -> None:  # noqa: ARG002 - of the contract
        """See `JobKind.prepare`."""
        wanted = _import_in(session, job, DatasetImportState.IMPORTING)
        assert wanted.report is not None  # noqa: S101 - the dry run wrote it
        _write_order(session, wanted, folder, SignedImages([], []), digest=wanted.report["digest"])

    def work(self, folder: Path, blobs: BlobStore, tell: Tell) -> None:
        """See `JobKind.work`."""
        from cloud_service.datasets.dry_run import keep  # noqa: PLC0415 - loads libraries that the worker does not need

        keep(folder, blobs, tell)

    def finish(self, session: Session, job: TrainingJob, folder: Path, blobs: BlobStore) -> dict[str, Any]:  # noqa: ARG002 - of the contract
        """See `JobKind.finish`: the import has become a version of a data set, or is refused."""
        order, outcome = ImportOrder.read(folder / ORDER_NAME), ImportOutcome.read(folder / OUTCOME_NAME)
        wanted = known_import(session, UUID(job.subject), lock=True)
        if wanted.state != DatasetImportState.IMPORTING:
            return {"import": job.subject, "state": wanted.state}
        images = Images.load(folder / FOUND_NAME)
        keeping.lock_datasets(session)
        reason = outcome.refused or keeping.late_refusal(session, wanted, order, outcome, images)
        if reason:
            service.refuse(session, wanted, reason)
            return {"import": job.subject, "state": wanted.state}
        dataset = keeping.add_version(session, Actor(job.created_by), wanted, outcome, images)
        return {
            "import": job.subject,
            "state": wanted.state,
            "dataset": str(dataset.id),
            "name": dataset.name,
            "number": dataset.number,
            "digest": dataset.digest,
        }

    def fail(self, session: Session, job: TrainingJob, reason: str) -> None:
        """See `JobKind.fail`: it is as it was when it was checked, and may be kept at another try."""
        wanted = known_import(session, UUID(job.subject), lock=True)
        if wanted.state == DatasetImportState.IMPORTING:
            wanted.state, wanted.reason = DatasetImportState.CHECKED, reason
            service.tell(session, wanted)


def _import_in(session: Session, job: TrainingJob, state: DatasetImportState) -> DatasetImport:
    wanted = known_import(session, UUID(job.subject))
    if wanted.state != state:
        raise PermanentError(f"The import of {wanted.name!r} is {wanted.state}; nothing is left to do.")
    return wanted


def _write_order(
    session: Session, wanted: DatasetImport, folder: Path, offered: SignedImages, *, digest: str | None
) -> None:
    """Write what the job's process needs to know, and what it compares the images with."""
    opposed = opposed_datasets(session, wanted.purpose)
    images_of(session, opposed, are_locked=wanted.purpose != DatasetPurpose.LOCKED_TEST).save(folder / OPPOSED_NAME)
    signed_patterns(session).save(folder / SIGNED_NAME)
    order = ImportOrder(
        name=wanted.name,
        shown_as=wanted.file_name or wanted.name,
        source=DatasetSource(wanted.source),
        layout=Layout(wanted.layout) if wanted.layout else None,
        archive_sha256=wanted.archive_sha256,
        images=offered.images,
        left_out=offered.left_out,
        most_entries=settings().dataset_max_entries,
        most_bytes=settings().dataset_max_bytes,
        signed=signed_labels(session),
        compared_with=[dataset.id for dataset in opposed],
        digest=digest,
    )
    order.write(folder / ORDER_NAME)
