"""A data set on its way in as a folder, and what reading all its images brings; done in the job's own process."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from cloud_service.blob_store import BlobStore
from cloud_service.datasets.archives import Limits, extract
from cloud_service.datasets.known import Images
from cloud_service.datasets.materials import MaterialImage, materialise
from cloud_service.datasets.orders import FoundImage, ImportOrder, kept_choice
from cloud_service.ml.datasets.reading import Layout, read_dataset, recognise
from cloud_service.ml.datasets.samples import DatasetError, Sample, dataset_digest
from cloud_service.ml.datasets.survey import Seen, Survey, survey
from cloud_service.training.kinds import Tell
from cloud_service.training.schemas import TrainingProgress
from shared.errors import PermanentError, TransientError

_LONGEST: Final = {"name": 500, "group": 200, "kind": 32, "class_name": 200}  # as the database keeps them


@dataclass(frozen=True, slots=True)
class Content:
    """What a data set holds.

    Attributes:
        root: its folder.
        layout: how it is arranged.
        survey: its images, readable or not.
        chosen: those of signed cases by their names; empty for any other data set.
    """

    root: Path
    layout: Layout
    survey: Survey
    chosen: Mapping[str, MaterialImage]

    @property
    def samples(self) -> list[Sample]:
        """The readable images."""
        return [seen.sample for seen in self.survey.seen]

    def name(self, sample: Sample) -> str:
        """An image's name below the folder, with /."""
        return sample.path.relative_to(self.root).as_posix()

    def images(self) -> Images:
        """What the readable images are recognised by."""
        seen = self.survey.seen
        names = [self.name(one.sample) for one in seen]
        return Images(
            names=names,
            sha256s=[one.fingerprint.sha256 for one in seen],
            patterns=np.stack([one.fingerprint.pattern for one in seen]),
            groups=[one.sample.group for one in seen],
        )

    def found(self) -> list[FoundImage]:
        """The readable images as they are kept."""
        return [self._found(one) for one in self.survey.seen]

    def digest(self) -> str:
        """Over the names, labels, groups and contents of the readable images."""
        sha256s = {one.sample.path: one.fingerprint.sha256 for one in self.survey.seen}
        return dataset_digest(self.samples, self.root, sha256s)

    def without(self, names: set[str]) -> "Content":
        """The same with some images less."""
        kept = tuple(one for one in self.survey.seen if self.name(one.sample) not in names)
        return replace(self, survey=replace(self.survey, seen=kept))

    def _found(self, one: Seen) -> FoundImage:
        sample, name = one.sample, self.name(one.sample)
        chosen = self.chosen.get(name)
        return FoundImage(
            name=name,
            sha256=one.fingerprint.sha256,
            is_all=sample.is_all,
            group=sample.group,
            kind=sample.kind,
            class_name=sample.class_name,
            capture_id=chosen.capture_id if chosen else None,
            byte_size=sample.path.stat().st_size,
        )


def read_in(order: ImportOrder, folder: Path, blobs: BlobStore, tell: Tell) -> Content:
    """Fetch a data set into a job's folder and read every image once.

    Goes on where an earlier attempt was killed: an archive is not extracted twice, an image not fetched twice.

    Args:
        order: what is asked for.
        folder: the job's.
        blobs: where the archive or the images are.
        tell: how far it is.

    Raises:
        PermanentError: what is asked for is not there, or is no data set that can be kept; the text says why.
        TransientError: the disk is full, or the blob store is away.
    """
    data = folder / "data"
    chosen: list[MaterialImage] = []
    if order.is_of_signed_cases:
        chosen = order.images if order.archive_sha256 is None else kept_choice(order.archive_sha256, blobs)
        if not chosen:
            raise PermanentError(" ".join(["No image of a signed case can be used yet.", *order.left_out]))
        materialise(chosen, blobs, data, counter(tell, "Fetching images", len(chosen)))
    elif not data.is_dir():
        _extract(order, folder, blobs, tell)
    root = _root(data, order.layout)
    try:
        layout = order.layout or recognise(root)
        samples = read_dataset(root, layout)
    except DatasetError as error:
        raise PermanentError(str(error).replace(str(root), order.shown_as)) from error
    _refuse_unfit(samples, root)
    advance, done = counter(tell, "Reading images", len(samples)), iter(range(1, len(samples) + 1))
    found = survey(samples, lambda: advance(next(done)))
    content = Content(root, layout, found, {image.name: image for image in chosen})
    return require_both_labels(content, order.left_out)


def require_both_labels(content: Content, left_out: Sequence[str] = ()) -> Content:
    """The content itself, once it has images of both labels.

    Args:
        content: what is to be used.
        left_out: why some images are not, in sentences.

    Raises:
        PermanentError: it has not.
    """
    labels = {sample.is_all for sample in content.samples}
    if len(labels) < 2:  # noqa: PLR2004 - the two labels
        held = f"{len(content.samples):,} {'with' if True in labels else 'without'} ALL" if labels else "none"
        raise PermanentError(
            f"A data set needs images with ALL and without. Of those that can be used there are {held}; "
            f"{len(content.survey.unread):,} cannot be read{_first_unread(content)}."
            + "".join(f" {sentence}" for sentence in left_out)
        )
    return content


def counter(tell: Tell, phase: str, total: int | None) -> Callable[[int], None]:
    """Tells how many steps of a phase are done, each time it is called with their number."""
    tell.progress(TrainingProgress(phase=phase, done=0, total=total))
    return lambda done: tell.progress(TrainingProgress(phase=phase, done=done, total=total))


def _extract(order: ImportOrder, folder: Path, blobs: BlobStore, tell: Tell) -> None:
    archive, draft = folder / "archive", folder / "data.part"
    sha256 = order.archive_sha256 or ""
    try:
        shutil.rmtree(draft, ignore_errors=True)
        blobs.get_file(sha256, archive)
        draft.mkdir()
        extract(
            archive,
            draft,
            Limits(order.most_entries, order.most_bytes),
            counter(tell, "Taking the archive apart", None),
        )
        draft.replace(folder / "data")
        archive.unlink()
    except FileNotFoundError as error:
        raise PermanentError(f"The archive ({sha256}) is missing in the blob store. Send it again.") from error
    except OSError as error:
        raise TransientError(f"The archive cannot be taken apart: {error.strerror}. Free some space.") from error


def _root(folder: Path, layout: Layout | None) -> Path:
    """Where the data set begins: people pack the folder around it too."""
    while not _begins(folder, layout):
        below = list(folder.iterdir())
        if len(below) != 1 or not below[0].is_dir():
            break
        if not _begins(below[0], layout) and not any(path.is_dir() for path in below[0].iterdir()):
            break  # a class folder, the only one
        folder = below[0]
    return folder


def _begins(folder: Path, layout: Layout | None) -> bool:
    """Whether a data set begins in a folder; of class folders nobody can tell, since all folders look like them."""
    try:
        found = recognise(folder)
    except DatasetError:
        return False
    return found is not Layout.CLASS_FOLDERS and layout in (None, found)


def _refuse_unfit(samples: Sequence[Sample], root: Path) -> None:
    """Refuse names and groups that cannot be kept, or that a manifest would give back otherwise."""
    for sample in samples:
        texts = {
            "name": sample.path.relative_to(root).as_posix(),
            "group": sample.group,
            "kind": sample.kind,
            "class_name": sample.class_name,
        }
        for what, text in texts.items():
            if len(text) > _LONGEST[what]:
                fault = f"is longer than {_LONGEST[what]} characters"
            elif not text.isprintable() or text != text.strip():
                fault = "has blanks at an end, or characters that cannot be shown"
            elif what == "name" and ".." in Path(text).parts:
                fault = "leads through a folder above"
            else:
                continue
            raise PermanentError(f"The {what.replace('_', ' ')} {text[:100]!r} {fault}. Change it and import anew.")


def _first_unread(content: Content) -> str:
    if not content.survey.unread:
        return ""
    first = content.survey.unread[0]
    return f", the first of them {content.name(first.sample)}: {first.reason}"
