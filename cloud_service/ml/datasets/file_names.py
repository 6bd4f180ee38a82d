"""Names of image files, and the labels that some data sets write into them."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from cloud_service.ml.datasets.samples import DatasetError, Sample
from shared.imaging.decode import IMAGE_SUFFIXES

ALL_IDB_NAME: Final = re.compile(r"im(?P<number>\d+)_(?P<label>[01])", re.IGNORECASE)
"""A stem of ALL-IDB1 and ALL-IDB2, such as Im001_1: 1 is ALL, 0 is healthy."""

C_NMC_NAME: Final = re.compile(r"uid_(?P<subject>h?\d+)_\d+_\d+_(?P<label>all|hem)", re.IGNORECASE)
"""A stem of C-NMC 2019, such as UID_H10_1_2_hem: subject, image, cell, class."""

_ARIA_NAME: Final = re.compile(r"wbc-(?P<label>benign|malignant)-.*", re.IGNORECASE)
"""A stem of the Kaggle set of M. Aria et al. (2021), such as WBC-Malignant-Early-001."""

_MEANS_ALL: Final = frozenset({"1", "all", "malignant"})


def is_image(path: Path) -> bool:
    """Whether `path` is a file that is named as an image and not hidden."""
    return path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith(".") and path.is_file()


def label_in_name(path: Path) -> bool | None:
    """Whether a file's own name says ALL; None where it follows no naming that Smearflow knows."""
    for pattern in (ALL_IDB_NAME, C_NMC_NAME, _ARIA_NAME):
        if found := pattern.fullmatch(path.stem):
            return found["label"].lower() in _MEANS_ALL
    return None


def refuse_disagreeing_names(samples: Sequence[Sample], root: Path) -> None:
    """Checks that no file's own name contradicts the label that its folder or manifest gives it.

    Raises:
        DatasetError: one does; the text names the first and counts them.
    """
    wrong = [sample for sample in samples if label_in_name(sample.path) not in (None, sample.is_all)]
    if not wrong:
        return
    given = "ALL" if wrong[0].is_all else "not ALL"
    raise DatasetError(
        f"{root}: {len(wrong)} of the labels disagree with the images' names. The first is "
        f"{wrong[0].path.relative_to(root).as_posix()}: it is labelled {given}, and its name says the opposite. "
        "Correct the label, or rename the file where its name means something else."
    )
