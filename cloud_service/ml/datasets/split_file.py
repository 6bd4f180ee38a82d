"""A split as a file, so that another run can train and test on the same images."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from cloud_service.ml.datasets.samples import DatasetError, Sample, dataset_digest
from cloud_service.ml.datasets.split import Split, SplitSettings
from cloud_service.ml.datasets.writing import write_whole
from shared.identifiers import Sha256


class SplitFile(BaseModel):
    """A split as it is written: names below the data set's folder, with /."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    data_digest: Sha256
    split_digest: Sha256
    settings: SplitSettings
    training: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]


def split_digest(split: Split, root: Path) -> str:
    """A SHA-256 over which image, by its name below `root`, is in which part with which label, whatever the order.

    The images' contents are not read: `dataset_digest` stands for them.
    """
    digest = hashlib.sha256()
    for name, part in (("training", split.training), ("validation", split.validation), ("test", split.test)):
        for line in sorted(f"{name}\0{_name(sample, root)}\0{int(sample.is_all)}\n" for sample in part):
            digest.update(line.encode())
    return digest.hexdigest()


def save_split(split: Split, *, root: Path, settings: SplitSettings, file: Path) -> SplitFile:
    """Writes a split to `file` (JSON), whole or not at all.

    Args:
        split: what to write.
        root: the data set's folder; the file names its images below it.
        settings: how the split was made.
        file: must not exist.

    Raises:
        DatasetError: `file` exists or cannot be written.
        OSError: an image cannot be read.
    """
    refuse_existing([file])
    parts = {
        "training": tuple(_name(sample, root) for sample in split.training),
        "validation": tuple(_name(sample, root) for sample in split.validation),
        "test": tuple(_name(sample, root) for sample in split.test),
    }
    written = SplitFile(
        data_digest=dataset_digest((*split.training, *split.validation, *split.test), root),
        split_digest=split_digest(split, root),
        settings=settings,
        **parts,
    )
    write_whole(file, (written.model_dump_json(indent=1) + "\n").encode())
    return written


def refuse_existing(files: Sequence[Path]) -> None:
    """Checks that no earlier split would be overwritten.

    Raises:
        DatasetError: one of the files exists.
    """
    for file in files:
        if file.exists():
            raise DatasetError(f"{file} exists already; name another file for the split.")


def read_split_file(file: Path) -> SplitFile:
    """What a split file says, not yet compared with a data set.

    Raises:
        DatasetError: there is no such file, or it is no split file.
    """
    try:
        return SplitFile.model_validate_json(file.read_bytes())
    except (OSError, ValidationError) as error:
        reason = error.strerror if isinstance(error, OSError) else error.errors()[0]["msg"]
        raise DatasetError(
            f"{file} cannot be used as a split: {reason}. Make one with `smearflow dataset split`."
        ) from error


def replay_split(file: Path, samples: Sequence[Sample], *, root: Path) -> Split:
    """The split that `file` holds, of the very data set that it was made from.

    Args:
        file: what `save_split` wrote.
        samples: the data set as `read_dataset` gives it.
        root: the data set's folder.

    Raises:
        DatasetError: the file is no split file or was altered, or the data set is another one: other images, labels or
            groups.
        OSError: an image cannot be read.
    """
    written = read_split_file(file)
    digest = dataset_digest(samples, root)
    if digest != written.data_digest:
        raise DatasetError(
            f"{file} divides another data set than {root}: that one has the digest {written.data_digest[:12]}, this "
            f"one {digest[:12]}. Name the folder that the split was made from, or make a new split."
        )
    by_name = {_name(sample, root): sample for sample in samples}
    names = (*written.training, *written.validation, *written.test)
    if sorted(names) != sorted(by_name):
        raise DatasetError(f"{file} does not name each image of {root} once; it was altered. Make a new split.")
    split = Split(
        training=tuple(by_name[name] for name in written.training),
        validation=tuple(by_name[name] for name in written.validation),
        test=tuple(by_name[name] for name in written.test),
    )
    if split_digest(split, root) != written.split_digest:
        raise DatasetError(f"{file} does not have the digest that it states; it was altered. Make a new split.")
    return split


def _name(sample: Sample, root: Path) -> str:
    return sample.path.relative_to(root).as_posix()
