"""Data sets of procedural smears on disk: class folders and a manifest, as `cloud_service.ml.datasets` reads them."""

import csv
from pathlib import Path
from typing import Literal

from PIL import Image

from cloud_service.ml.synthetic.parameters import SmearLabel, draw_crop, draw_field
from cloud_service.ml.synthetic.smear import SyntheticImage, make_crop, make_field

Kind = Literal["crop", "field"]

JPEG_QUALITY = 92
LABELS: tuple[SmearLabel, ...] = ("all", "not_all")


def write_dataset(directory: Path, kind: Kind, n: int, seed: int, *, size: tuple[int, int] | None = None) -> Path:
    """Write `n` JPEG files, half of each label, into `all/` and `not_all/`, and `manifest.csv` beside them.

    Two files, one of each label, share a slide (stain, light, density) and are one group of the manifest, so a
    split by groups keeps them together and the slide cannot tell the label.

    Args:
        directory: made where it is missing; files of the same names are overwritten.
        kind: single cells or whole fields.
        n: number of files, 1 or more.
        seed: the same seed writes the same pixels.
        size: width and height; by default 257 x 257 crops and 2592 x 1944 fields. A crop is square.

    Returns:
        The manifest's path; its columns are path (relative to `directory`, with /), label and group.

    Raises:
        ValueError: `n` is less than 1.
    """
    if n < 1:
        raise ValueError(f"a data set has at least one image; {n} were asked for")
    for label in LABELS:
        (directory / label).mkdir(parents=True, exist_ok=True)
    manifest = directory / "manifest.csv"
    with manifest.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["path", "label", "group"])
        for index in range(n):
            slide, label = index // 2, paired_label(index)
            path = f"{label}/{kind}-{index:05d}.jpg"
            image = render(kind, image_seed(seed, slide), label, size)
            Image.fromarray(image.image).save(directory / path, "JPEG", quality=JPEG_QUALITY)
            rows.writerow([path, label, f"slide-{slide:05d}"])
    return manifest


def paired_label(index: int) -> SmearLabel:
    """The label of a data set's image number `index`: two that follow one another are a pair of both."""
    return LABELS[index % 2]


def image_seed(seed: int, slide: int) -> int:
    """The seed of a slide's images in the data set that `seed` draws; no two data sets share one."""
    return seed * 1_000_003 + slide


def render(kind: Kind, seed: int, label: SmearLabel, size: tuple[int, int] | None = None) -> SyntheticImage:
    """Draw one image with its ground truth, slide and all, from its seed and label.

    Args:
        kind: a single cell or a whole field.
        seed: decides the slide, alike for both labels, and the cells.
        label: whether there are blasts.
        size: width and height; by default 257 x 257 for a crop, which is square, and 2592 x 1944 for a field.
    """
    if kind == "crop":
        side = size[0] if size else 257
        return make_crop(seed, draw_crop(seed, size=side), label)
    width, height = size or (2592, 1944)
    return make_field(seed, draw_field(seed, label, width=width, height=height))
