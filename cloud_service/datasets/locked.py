"""Locked test sets: models are measured on them, and nothing is ever trained on them."""

from collections.abc import Iterable, Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from cloud_service.datasets.conflicts import Conflicts
from cloud_service.datasets.known import images_of, opposed_datasets, shared_groups, shared_images
from cloud_service.datasets.queries import known_dataset
from cloud_service.errors import ConflictError
from cloud_service.models import EVERYWHERE, Dataset
from cloud_service.vocabulary import DatasetPurpose

_APART: Final[set[tuple[UUID, UUID]]] = set()
"""Data sets and locked test sets that were found to share nothing, by their ids; neither ever changes."""


class LockedImagesError(ConflictError):
    """Data sets to train on hold what belongs to a locked test set; the text counts and names examples."""


def locked_sets(session: Session, scope: str) -> list[Dataset]:
    """The locked test sets that count for a scope: the newest version of each name that is not removed, by name.

    Args:
        session: the transaction.
        scope: a site's id: its own sets, and those of all sites; EVERYWHERE: every one.
    """
    locked = select(Dataset).where(Dataset.purpose == DatasetPurpose.LOCKED_TEST, Dataset.removed_at.is_(None))
    if scope != EVERYWHERE:
        locked = locked.where(or_(Dataset.site_id == scope, Dataset.site_id.is_(None)))
    newest: dict[str, Dataset] = {}
    for dataset in session.scalars(locked.order_by(Dataset.name, Dataset.number)):
        newest[dataset.name] = dataset
    return list(newest.values())


def require_none_locked(session: Session, dataset_ids: Iterable[UUID]) -> None:
    """Refuse data sets that models must not be trained on; to be asked before every training.

    Every image is compared by digest and pattern, and every group by its name, with those of every locked test set,
    removed ones too. That takes a second for 5,000 images and 1,000 locked ones, once a process: versions never change.

    Args:
        session: the transaction.
        dataset_ids: what a model is to be trained on.

    Raises:
        NotFoundError: one is not known.
        ConflictError: one is removed.
        LockedImagesError: one is a locked test set, or shares images, patients, cases or slides with one.
    """
    datasets: Sequence[Dataset] = [known_dataset(session, dataset_id) for dataset_id in dataset_ids]
    for dataset in datasets:
        if dataset.removed_at is not None:
            raise ConflictError(f"Version {dataset.number} of {dataset.name!r} is removed: name another one.")
        if dataset.purpose == DatasetPurpose.LOCKED_TEST:
            raise LockedImagesError(
                f"Version {dataset.number} of {dataset.name!r} is a locked test set: nothing is trained on it."
            )
    locked = opposed_datasets(session, DatasetPurpose.TRAINING)
    for dataset in datasets:
        _require_apart(session, dataset, [other for other in locked if (dataset.id, other.id) not in _APART])


def _require_apart(session: Session, dataset: Dataset, locked: Sequence[Dataset]) -> None:
    if not locked:
        return
    held, opposed = images_of(session, [dataset], are_locked=False), images_of(session, locked, are_locked=True)
    shared = Conflicts(shared_images(held, opposed), shared_groups(held, opposed), clashes=())
    if reason := shared.in_words():
        raise LockedImagesError(f"{reason} Train on a data set without these.")
    _APART.update((dataset.id, other.id) for other in locked)
