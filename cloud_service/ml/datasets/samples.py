"""What a data set is made of."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from shared.errors import PermanentError
from shared.identifiers import sha256_of_file


class DatasetError(PermanentError):
    """A data set cannot be used as it is; the text names the folder or file and what to change."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One labelled image."""

    path: Path
    is_all: bool  # whether it shows acute lymphoblastic leukemia
    group: str  # samples of one group (a patient, a smear, near-duplicates) never fall into different parts
    kind: str = "unnamed"  # what figures are also given for by itself, such as fields and crops
    class_name: str = ""  # as the data set calls it, such as Early or hem; finer than the label or the same
    centres: tuple[tuple[float, float], ...] = ()  # of the blasts, (x, y) in the file's pixels, where they are known


def dataset_digest(samples: Iterable[Sample], root: Path, sha256s: Mapping[Path, str] | None = None) -> str:
    """A SHA-256 over the names below `root`, labels, groups and contents of the samples, whatever their order.

    Args:
        samples: the data set.
        root: its folder.
        sha256s: those of all images, where they are known; else the images are read.

    Raises:
        OSError: an image cannot be read.
    """
    digest = hashlib.sha256()
    for sample in sorted(samples, key=lambda sample: sample.path):
        name = sample.path.relative_to(root).as_posix()
        sha256 = sha256_of_file(sample.path) if sha256s is None else sha256s[sample.path]
        line = f"{name}\0{int(sample.is_all)}\0{sample.group}\0{sha256}\n"
        digest.update(line.encode())
    return digest.hexdigest()
