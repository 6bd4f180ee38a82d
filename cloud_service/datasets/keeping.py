"""Making a version of a data set of what an import brought; in the transaction that ends its job."""

from collections import Counter
from uuid import uuid4

from sqlalchemy import func, insert, select, text
from sqlalchemy.orm import Session

from cloud_service.audit.actions import Action
from cloud_service.audit.trail import Actor, record
from cloud_service.database import portions, table_of
from cloud_service.datasets import service
from cloud_service.datasets.conflicts import Conflicts
from cloud_service.datasets.known import Images, images_of, opposed_datasets, shared_groups, shared_images
from cloud_service.datasets.orders import ImportOrder, ImportOutcome
from cloud_service.datasets.queries import last_number
from cloud_service.datasets.signed import amended_since
from cloud_service.ml.datasets.patterns import pattern_bytes
from cloud_service.models import Dataset, DatasetImage, DatasetImport, now
from cloud_service.vocabulary import DatasetImportState, DatasetPurpose


def lock_datasets(session: Session) -> None:
    """Let one transaction at a time add versions, until it commits: so each is compared with all before it."""
    if session.get_bind().dialect.name == "postgresql":  # an SQLite transaction that writes is alone anyhow
        session.execute(text("LOCK TABLE dataset IN SHARE ROW EXCLUSIVE MODE"))


def late_refusal(
    session: Session, wanted: DatasetImport, order: ImportOrder, outcome: ImportOutcome, images: Images
) -> str | None:
    """What came to stand in the way since the job began; None: nothing did.

    Args:
        session: the transaction, which holds `lock_datasets`.
        wanted: the import.
        order: says which data sets the job has compared the images with.
        outcome: what the job found.
        images: the same images, with what they are recognised by.
    """
    late = opposed_datasets(session, wanted.purpose, but=order.compared_with)
    opposed = images_of(session, late, are_locked=wanted.purpose != DatasetPurpose.LOCKED_TEST)
    shared = Conflicts(shared_images(images, opposed), shared_groups(images, opposed), clashes=())
    if reason := shared.in_words():
        return reason
    labels = {image.capture_id: image.is_all for image in outcome.images if image.capture_id}
    if changed := amended_since(session, labels):
        return (
            f"The reports of {changed:,} of the images were amended since they were checked, and their labels with "
            "them. Begin the import anew."
        )
    same = same_version(session, wanted, outcome.digest)
    return nothing_new(same) if same else None


def add_version(
    session: Session, actor: Actor, wanted: DatasetImport, outcome: ImportOutcome, images: Images
) -> Dataset:
    """Add the next version of a name, with all its images, and end its import.

    Args:
        session: the transaction, which holds `lock_datasets`.
        actor: who keeps it.
        wanted: its import, which is locked.
        outcome: its images.
        images: the same, with what they are recognised by.
    """
    dataset = Dataset(
        id=uuid4(),
        name=wanted.name,
        number=last_number(session, wanted.name) + 1,
        purpose=wanted.purpose,
        site_id=wanted.site_id,
        digest=outcome.digest,
        images=len(outcome.images),
        positives=sum(image.is_all for image in outcome.images),
        groups=len({image.group for image in outcome.images}),
        report=wanted.report,
        sheet_sha256=wanted.sheet_sha256,
        created_by=actor.name,
    )
    session.add(dataset)
    session.flush()
    rows = [
        image.model_dump() | {"dataset_id": dataset.id, "pattern": pattern_bytes(pattern)}
        for image, pattern in zip(outcome.images, images.patterns, strict=True)
    ]
    session.execute(insert(table_of(DatasetImage)), rows)
    wanted.state, wanted.reason = DatasetImportState.IMPORTED, None
    wanted.dataset_id, wanted.ended_at = dataset.id, now()
    service.tell(session, wanted)
    told = {"name": dataset.name, "version": dataset.number, "digest": dataset.digest, "images": dataset.images}
    record(session, actor, Action.DATASET_IMPORTED, str(dataset.id), **told)
    return dataset


def same_version(session: Session, wanted: DatasetImport, digest: str) -> Dataset | None:
    """The version of the same name that holds just the same, and is not removed."""
    same = select(Dataset).where(Dataset.name == wanted.name, Dataset.digest == digest, Dataset.removed_at.is_(None))
    return session.scalars(same.order_by(Dataset.number.desc()).limit(1)).one_or_none()


def nothing_new(same: Dataset) -> str:
    """Why what is the same is not kept twice."""
    return f"Version {same.number} of {same.name!r} holds just these images and labels already: use that one."


def overlaps(session: Session, wanted: DatasetImport, outcome: ImportOutcome) -> list[str]:
    """Of each other name for the same purpose: how many of the images it holds already, in sentences."""
    found = Counter[str]()
    other = select(Dataset.name, func.count(DatasetImage.sha256.distinct())).join(
        DatasetImage, DatasetImage.dataset_id == Dataset.id
    )
    other = other.where(
        Dataset.purpose == wanted.purpose, Dataset.name != wanted.name, Dataset.removed_at.is_(None)
    ).group_by(Dataset.name)
    for sha256s in portions(sorted({image.sha256 for image in outcome.images})):
        for name, count in session.execute(other.where(DatasetImage.sha256.in_(sha256s))):
            found[name] += count
    return [
        f"{count:,} of the images are also in {name!r}: do not train on both together, or a split divides copies."
        for name, count in sorted(found.items())
    ]
