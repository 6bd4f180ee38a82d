"""Images that data sets hold already, and what of a new data set is among them: by digest and by pattern.

Names count for nothing, so an image is found that was renamed, compressed anew, scaled, turned or mirrored.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from cloud_service.datasets.report import SharedImage
from cloud_service.ml.datasets.patterns import alike_pairs, patterns_from
from cloud_service.models import Dataset, DatasetImage
from cloud_service.vocabulary import DatasetPurpose
from shared.wording import counted


@dataclass(frozen=True, slots=True)
class Images:
    """Images with what they are recognised by.

    Attributes:
        names: N names.
        sha256s: N digests of their files.
        patterns: (N, 16, 16) float32.
        groups: N names of what belongs together, a patient's images say; as the data set calls it.
        datasets: N names with versions of the data sets that hold them; none for a data set on its way in.
        are_locked: whether these are locked test sets.
    """

    names: Sequence[str]
    sha256s: Sequence[str]
    patterns: NDArray[np.float32]
    groups: Sequence[str]
    datasets: Sequence[str] = ()
    are_locked: bool = False

    def save(self, file: Path) -> None:
        """Write them into an NPZ file, without anything that runs when it is loaded."""
        np.savez(
            file,
            names=np.array(list(self.names), dtype=np.str_),
            sha256s=np.array(list(self.sha256s), dtype=np.str_),
            patterns=self.patterns,
            groups=np.array(list(self.groups), dtype=np.str_),
            datasets=np.array(list(self.datasets), dtype=np.str_),
            are_locked=np.array(self.are_locked),
        )

    @classmethod
    def load(cls, file: Path) -> "Images":
        """Read what `save` wrote."""
        with np.load(file, allow_pickle=False) as kept:
            return cls(
                names=kept["names"].tolist(),
                sha256s=kept["sha256s"].tolist(),
                patterns=kept["patterns"],
                groups=kept["groups"].tolist(),
                datasets=kept["datasets"].tolist(),
                are_locked=bool(kept["are_locked"]),
            )


def opposed_datasets(session: Session, purpose: str, *, but: Iterable[UUID] = ()) -> Sequence[Dataset]:
    """The data sets with which one of this purpose must share nothing: those of the other purpose, removed ones too.

    Removed ones, because models were trained on them, or assessed on them, all the same.

    Args:
        session: the transaction.
        purpose: of the new data set.
        but: data sets that are left out.
    """
    own_is_locked = purpose == DatasetPurpose.LOCKED_TEST
    other = DatasetPurpose.TRAINING if own_is_locked else DatasetPurpose.LOCKED_TEST
    opposed = select(Dataset).where(Dataset.purpose == other, Dataset.id.not_in(list(but)))
    return session.scalars(opposed.order_by(Dataset.created_at, Dataset.id)).all()


def images_of(session: Session, datasets: Sequence[Dataset], *, are_locked: bool) -> Images:
    """All images of some data sets."""
    rows: list[tuple[str, DatasetImage]] = []
    for dataset in datasets:
        images = select(DatasetImage).where(DatasetImage.dataset_id == dataset.id).order_by(DatasetImage.name)
        held = session.scalars(images.options(undefer(DatasetImage.pattern)))
        rows += [(f"version {dataset.number} of {dataset.name!r}", image) for image in held]
    return Images(
        names=[image.name for _, image in rows],
        sha256s=[image.sha256 for _, image in rows],
        patterns=patterns_from([image.pattern for _, image in rows]),
        groups=[image.group for _, image in rows],
        datasets=[name for name, _ in rows],
        are_locked=are_locked,
    )


def shared_images(new: Images, known: Images) -> list[SharedImage]:
    """Images of a new data set that a known one holds too, each once, in the order of the new one."""
    place = {sha256: index for index, sha256 in enumerate(known.sha256s)}
    found = {index: place[sha256] for index, sha256 in enumerate(new.sha256s) if sha256 in place}
    for one, other in alike_pairs(new.patterns, known.patterns).tolist():
        found.setdefault(one, other)
    return [
        SharedImage(
            path=new.names[one],
            dataset=known.datasets[other],
            is_locked=known.are_locked,
            other_path=known.names[other],
            is_same_file=new.sha256s[one] == known.sha256s[other],
        )
        for one, other in sorted(found.items())
    ]


def shared_groups(new: Images, known: Images) -> dict[str, str]:
    """Groups of a new data set that a known one has too, each with the name of one that has it.

    An image that is a group of its own is called like its file, which says nothing.
    """
    where = {group: known.datasets[index] for index, group in enumerate(known.groups) if group != known.names[index]}
    groups = {group for name, group in zip(new.names, new.groups, strict=True) if group != name}
    return {group: where[group] for group in sorted(groups & where.keys())}


def in_words(shared: Sequence[SharedImage], examples: int = 3) -> str:
    """How many images are shared with which data sets, with examples; as the middle of a sentence."""
    names = sorted({image.dataset for image in shared})
    shown = [
        f"{image.path} {'is the same file as' if image.is_same_file else 'looks the same as'} {image.other_path}"
        for image in shared[:examples]
    ]
    count = counted(len(shared), "image is", "images are")
    return f"{count} also in {', '.join(names)}: {'; '.join(shown)}{'; …' if len(shared) > examples else ''}"
