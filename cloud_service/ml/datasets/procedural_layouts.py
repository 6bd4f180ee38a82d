"""Procedural smears, written as the public data sets are arranged.

Images with ALL and without come in pairs that share stain, light and density, so that neither gives the label away.
"""

from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cloud_service.ml.synthetic.dataset import JPEG_QUALITY, image_seed, paired_label, render
from cloud_service.ml.synthetic.parameters import SmearLabel, draw_crop
from cloud_service.ml.synthetic.smear import SyntheticImage, make_crop
from cloud_service.ml.synthetic.white_cells import STYLES, CellKind

CELLS_A_SUBJECT: Final = 4
FOLDS: Final = 3
_C_NMC_CLASSES: Final[dict[SmearLabel, tuple[str, str]]] = {"all": ("all", ""), "not_all": ("hem", "H")}
_CUT_AT: Final = 1.12  # of the cell's radius, where C-NMC's own segmentation leaves black


def write_all_idb1(directory: Path, count: int, seed: int, *, size: tuple[int, int]) -> None:
    """Whole fields, im/ImNNN_Y.jpg, with the true centres of their blasts in xyc/ImNNN_Y.xyc.

    Args:
        directory: where the folders im and xyc come; made where it is missing.
        count: how many, half of them with ALL.
        seed: decides the pixels.
        size: width and height of a field.
    """
    images, centres = _made(directory / "im"), _made(directory / "xyc")
    for index in range(count):
        picture = render("field", image_seed(seed, index // 2), paired_label(index), size)
        stem = _all_idb_stem(index, picture.label)
        Image.fromarray(picture.image).save(images / f"{stem}.jpg", "JPEG", quality=JPEG_QUALITY)
        blasts = [cell for cell in picture.cells if cell.kind is CellKind.LYMPHOBLAST]
        lines = [f"{round(cell.x)}\t{round(cell.y)}\n" for cell in blasts]
        (centres / f"{stem}.xyc").write_text("".join(lines), encoding="ascii")


def write_all_idb2(directory: Path, count: int, seed: int, *, size: tuple[int, int]) -> None:
    """Single cells, img/ImNNN_Y.tif; arguments as in `write_all_idb1`."""
    images = _made(directory / "img")
    for index in range(count):
        picture = render("crop", image_seed(seed, index // 2), paired_label(index), size)
        Image.fromarray(picture.image).save(images / f"{_all_idb_stem(index, picture.label)}.tif", "TIFF")


def write_c_nmc(directory: Path, count: int, seed: int, *, size: tuple[int, int]) -> None:
    """Single cells on black, training_data/fold_K/{all,hem}/UID_<subject>_<image>_<cell>_<class>.bmp.

    A subject has four cells of one class under one stain and light. As in the real set, the folds share subjects.
    Arguments as in `write_all_idb1`.
    """
    for index in range(count):
        label, cell = paired_label(index), index // 2
        subject, number = divmod(cell, CELLS_A_SUBJECT)
        name, prefix = _C_NMC_CLASSES[label]
        drawn = draw_crop(image_seed(seed, subject), size=size[0])
        picture = make_crop(image_seed(seed, cell), drawn, label)
        folder = _made(directory / "training_data" / f"fold_{cell % FOLDS}" / name)
        file = folder / f"UID_{prefix}{subject + 1}_{number + 1}_1_{name}.bmp"
        Image.fromarray(_cut_out(picture)).save(file, "BMP")


def write_class_folders(directory: Path, count: int, seed: int, *, size: tuple[int, int]) -> None:
    """Single cells in the folders ALL and NOT_ALL, as JPEG; arguments as in `write_all_idb1`."""
    for index in range(count):
        picture = render("crop", image_seed(seed, index // 2), paired_label(index), size)
        file = _made(directory / picture.label.upper()) / f"crop-{index:05d}.jpg"
        Image.fromarray(picture.image).save(file, "JPEG", quality=JPEG_QUALITY)


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _all_idb_stem(index: int, label: SmearLabel) -> str:
    return f"Im{index + 1:03d}_{int(label == 'all')}"


def _cut_out(picture: SyntheticImage) -> NDArray[np.uint8]:
    """The picture with all but its white cell black."""
    (cell,) = [cell for cell in picture.cells if cell.kind in STYLES]
    height, width = picture.image.shape[:2]
    rows, columns = np.ogrid[:height, :width]
    outside = (rows - cell.y) ** 2 + (columns - cell.x) ** 2 > (_CUT_AT * cell.radius) ** 2
    image = picture.image.copy()
    image[outside] = 0
    return image
