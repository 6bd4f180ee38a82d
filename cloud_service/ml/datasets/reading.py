"""Reading a data set's folder, whatever its layout."""

from pathlib import Path

from cloud_service.ml.datasets.class_folders import read_class_folders
from cloud_service.ml.datasets.manifest import read_manifest
from cloud_service.ml.datasets.samples import DatasetError, Sample

MANIFEST_NAME = "manifest.csv"


def read_dataset(root: Path) -> list[Sample]:
    """The samples of the data set in `root`: by its manifest.csv where there is one, else one folder a class.

    Raises:
        DatasetError: `root` is no folder, its layout or a label is wrong, or only one of the two labels occurs.
    """
    if not root.is_dir():
        raise DatasetError(f"The data set {root} is not a folder.")
    manifest = root / MANIFEST_NAME
    samples = read_manifest(manifest) if manifest.is_file() else read_class_folders(root)
    if len({sample.is_all for sample in samples}) < 2:  # noqa: PLR2004 - the two labels
        raise DatasetError(f"{root} needs images with ALL and without; it holds {len(samples)} with one label only.")
    return samples
