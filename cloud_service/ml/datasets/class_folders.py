"""The layout with one folder a class."""

from pathlib import Path

from cloud_service.ml.datasets.class_names import is_all
from cloud_service.ml.datasets.file_names import is_image
from cloud_service.ml.datasets.samples import DatasetError, Sample
from shared.imaging.decode import IMAGE_SUFFIXES


def read_class_folders(root: Path) -> list[Sample]:
    """The samples of `root`/<class>/**/<image>, sorted by path; each image is a group of its own.

    Files other than images, and hidden ones, are passed over.

    Raises:
        DatasetError: there is no class folder, one is empty, or its name is not known.
    """
    folders = sorted(path for path in root.iterdir() if path.is_dir() and not path.name.startswith("."))
    if not folders:
        raise DatasetError(f"{root} holds neither a manifest.csv nor a folder for each class.")
    return [sample for folder in folders for sample in _samples_of_class(folder, root)]


def _samples_of_class(folder: Path, root: Path) -> list[Sample]:
    positive = is_all(folder.name, str(root))
    paths = sorted(path for path in folder.rglob("*") if is_image(path))
    if not paths:
        raise DatasetError(f"The class folder {folder} holds no images ({', '.join(sorted(IMAGE_SUFFIXES))}).")
    return [Sample(path, positive, path.relative_to(root).as_posix(), class_name=folder.name) for path in paths]
