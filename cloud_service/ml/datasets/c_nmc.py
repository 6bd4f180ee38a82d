"""The layout of C-NMC 2019 (Gupta and Gupta, The Cancer Imaging Archive): single cells, of named subjects.

`[C-NMC_Leukemia/]training_data/fold_K/{all,hem}/UID_<subject>_<image>_<cell>_<class>.bmp`. Its folds share subjects
with each other, so they are passed over, and the subject is the group.
"""

from pathlib import Path

from cloud_service.ml.datasets.file_names import C_NMC_NAME, is_image
from cloud_service.ml.datasets.samples import DatasetError, Sample

_CLASSES = {"all": True, "hem": False}
_DEEPEST = 3  # C-NMC_Leukemia / training_data / fold_K


def folds_folder(root: Path) -> Path | None:
    """The folder with fold_0, fold_1 and so on: `root` or one at most two levels below it; None where there is none."""
    level = [root]
    for _ in range(_DEEPEST):
        for folder in level:
            if any(_is_fold(path) for path in folder.iterdir()):
                return folder
        level = [path for folder in level for path in sorted(folder.iterdir()) if path.is_dir()]
    return None


def read_c_nmc(root: Path) -> list[Sample]:
    """The cells of all folds, sorted by path; their group is the subject, their kind "crop".

    Raises:
        DatasetError: there is no fold, a fold lacks a class or holds none of its images, or a file is named otherwise.
    """
    base = folds_folder(root)
    if base is None:
        raise DatasetError(f"{root} holds no training_data with the folders fold_0, fold_1 and so on.")
    folds = sorted(path for path in base.iterdir() if _is_fold(path))
    return [sample for fold in folds for name in sorted(_CLASSES) for sample in _samples(fold / name)]


def _is_fold(path: Path) -> bool:
    return path.name.startswith("fold_") and path.is_dir()


def _samples(folder: Path) -> list[Sample]:
    paths = sorted(path for path in folder.iterdir() if is_image(path)) if folder.is_dir() else []
    if not paths:
        raise DatasetError(f"The folder {folder} is missing or holds no images; copy the fold again as a whole.")
    return [_sample(path, folder.name) for path in paths]


def _sample(path: Path, class_name: str) -> Sample:
    name = C_NMC_NAME.fullmatch(path.stem)
    if name is None:
        raise DatasetError(
            f"{path} is not named UID_<subject>_<image>_<cell>_<class>, so its subject is not known. Rename it, or "
            "take it out of the folder."
        )
    group = f"UID_{name['subject'].upper()}"
    return Sample(path, _CLASSES[class_name], group, "crop", class_name)
