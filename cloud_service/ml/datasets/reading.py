"""Reading a data set's folder: which layout it has, and what it holds."""

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Final

from cloud_service.ml.datasets.all_idb import fields_folder, read_all_idb1, read_all_idb2, single_cells_folder
from cloud_service.ml.datasets.c_nmc import folds_folder, read_c_nmc
from cloud_service.ml.datasets.class_folders import read_class_folders
from cloud_service.ml.datasets.file_names import refuse_disagreeing_names
from cloud_service.ml.datasets.manifest import read_manifest
from cloud_service.ml.datasets.samples import DatasetError, Sample

MANIFEST_NAME = "manifest.csv"


class Layout(StrEnum):
    """How a data set's folder is arranged."""

    ALL_IDB1 = "all-idb1"  # im/ImNNN_Y.jpg, whole fields, and xyc/ImNNN_Y.xyc, the centres of the blasts
    ALL_IDB2 = "all-idb2"  # [img/]ImNNN_Y.tif, single cells
    C_NMC = "c-nmc"  # training_data/fold_K/{all,hem}/UID_<subject>_<image>_<cell>_<class>.bmp, single cells
    CLASS_FOLDERS = "class-folders"  # a folder a class
    MANIFEST = "manifest"  # manifest.csv with path, label, group


_READERS: Final[dict[Layout, Callable[[Path], list[Sample]]]] = {
    Layout.ALL_IDB1: read_all_idb1,
    Layout.ALL_IDB2: read_all_idb2,
    Layout.C_NMC: read_c_nmc,
    Layout.CLASS_FOLDERS: read_class_folders,
    Layout.MANIFEST: lambda root: read_manifest(root / MANIFEST_NAME),
}


def recognise(root: Path) -> Layout:
    """The layout of the data set in `root`, by the names in it; a manifest.csv comes before all else.

    Raises:
        DatasetError: `root` is no folder, fits no layout, or holds ALL-IDB1 and ALL-IDB2 side by side.
    """
    if not root.is_dir():
        raise DatasetError(f"The data set {root} is not a folder.")
    if (root / MANIFEST_NAME).is_file():
        return Layout.MANIFEST
    if folds_folder(root) is not None:
        return Layout.C_NMC
    fields, cells = fields_folder(root), single_cells_folder(root)
    if fields is not None and cells is not None:
        raise DatasetError(f"{root} holds two data sets, {fields} and {cells}. Name one of the two folders.")
    if fields is not None:
        return Layout.ALL_IDB1
    if cells is not None:
        return Layout.ALL_IDB2
    if any(path.is_dir() and not path.name.startswith(".") for path in root.iterdir()):
        return Layout.CLASS_FOLDERS
    raise DatasetError(
        f"{root} fits no layout: it holds neither a manifest.csv nor a folder for each class, nor files named as in "
        "ALL-IDB (Im001_1.jpg) or C-NMC (training_data/fold_0/all)."
    )


def read_dataset(root: Path, layout: Layout | None = None) -> list[Sample]:
    """The samples of the data set in `root`, in an order that is the same every time; no image is opened.

    Args:
        root: the data set's folder.
        layout: how it is arranged; by default what `recognise` says.

    Raises:
        DatasetError: `root` is no folder, its layout or a label is wrong, a file's own name contradicts its label, or
            only one of the two labels occurs.
    """
    if not root.is_dir():
        raise DatasetError(f"The data set {root} is not a folder.")
    samples = _READERS[layout or recognise(root)](root)
    refuse_disagreeing_names(samples, root)
    if len({sample.is_all for sample in samples}) < 2:  # noqa: PLR2004 - the two labels
        raise DatasetError(f"{root} needs images with ALL and without; it holds {len(samples)} with one label only.")
    return samples
