"""The layout with one folder a class."""

from pathlib import Path
from typing import Final

from cloud_service.ml.datasets.class_names import is_all
from cloud_service.ml.datasets.file_names import is_image
from cloud_service.ml.datasets.samples import DatasetError, Sample
from cloud_service.ml.datasets.tables import read_rows
from shared.imaging.decode import IMAGE_SUFFIXES

CLASSES_NAME: Final = "classes.csv"
"""Optional, in the data set's folder: the columns `name` (a folder) and `label` (what it means, such as ALL)."""


def read_class_folders(root: Path) -> list[Sample]:
    """The samples of `root`/<class>/**/<image>, sorted by path; each image is a group of its own.

    A folder's name says what it holds, unless `classes.csv` does. Files other than images, and hidden ones, are passed
    over.

    Raises:
        DatasetError: there is no class folder, one is missing or empty, its name is not known, or `classes.csv` is no
            CSV in UTF-8 with its two columns.
    """
    folders = sorted(path for path in root.iterdir() if path.is_dir() and not path.name.startswith("."))
    if not folders:
        raise DatasetError(f"{root} holds neither a manifest.csv nor a folder for each class.")
    meanings = _meanings(root)
    missing = sorted(set(meanings) - {folder.name for folder in folders})
    if missing:
        raise DatasetError(f"{root / CLASSES_NAME} names the folder {missing[0]!r}, and {root} has none of that name.")
    return [
        sample
        for folder in folders
        for sample in _samples_of_class(folder, root, is_all(meanings.get(folder.name, folder.name), str(root)))
    ]


def _meanings(root: Path) -> dict[str, str]:
    """What `classes.csv` says of folders: labels by name; nothing where there is no such file."""
    file = root / CLASSES_NAME
    if not file.is_file():
        return {}
    return {row["name"]: row["label"] for _, row in read_rows(file, ("name", "label"))}


def _samples_of_class(folder: Path, root: Path, positive: bool) -> list[Sample]:  # noqa: FBT001 - the label itself
    paths = sorted(path for path in folder.rglob("*") if is_image(path))
    if not paths:
        raise DatasetError(f"The class folder {folder} holds no images ({', '.join(sorted(IMAGE_SUFFIXES))}).")
    return [Sample(path, positive, path.relative_to(root).as_posix(), class_name=folder.name) for path in paths]
