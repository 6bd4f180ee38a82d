"""Procedural photographs to measure with, and the way in which a camera program leaves them in a watched folder."""

import json
from pathlib import Path

import numpy as np
from PIL import Image

from cloud_service.ml.synthetic.parameters import draw_crop, draw_field
from cloud_service.ml.synthetic.smear import make_crop, make_field
from shared.imaging.quality import QualityMeasures, Verdict

FIELD_SIZE = (2592, 1944)  # the larger camera of ALL-IDB1
_DIFFERENT_FIELDS = 4
_DIFFERENT_CROPS = 50


def draw_crops(folder: Path, count: int, *, first: int = 0) -> list[Path]:
    """Single cells of 257 x 257 pixels, none like another that begins with another `first`."""
    return [_draw_crop(folder / f"crop-{number:04}.jpg", number) for number in range(first, first + count)]


def draw_many_crops(folder: Path, count: int) -> list[Path]:
    """As many single cells as one likes: a few are drawn, the others are shifted copies of them."""
    drawn = [np.asarray(Image.open(path)) for path in draw_crops(folder, min(count, _DIFFERENT_CROPS))]
    paths = [folder / f"cell-{number:05}.jpg" for number in range(count)]
    for number, path in enumerate(paths):
        shift, which = divmod(number, len(drawn))
        Image.fromarray(np.roll(drawn[which], shift, axis=1)).save(path, quality=92)
    return paths


def draw_fields(folder: Path, count: int) -> list[Path]:
    """Full fields of 2592 x 1944 pixels and about 0.9 MB; a few are drawn, the others are shifted copies of them."""
    drawn = [
        make_field(seed, draw_field(seed, "all" if seed % 2 else "not_all", width=FIELD_SIZE[0], height=FIELD_SIZE[1]))
        for seed in range(min(count, _DIFFERENT_FIELDS))
    ]
    paths = [folder / f"field-{number:04}.jpg" for number in range(count)]
    for number, path in enumerate(paths):
        shift = divmod(number, FIELD_SIZE[0])  # down, across
        shifted = np.roll(drawn[number % len(drawn)].image, shift, axis=(0, 1))
        Image.fromarray(shifted).save(path, quality=92)
    return paths


def good_quality(width: int = FIELD_SIZE[0], height: int = FIELD_SIZE[1]) -> QualityMeasures:
    """Measures of a sharp, well-lit photograph, for manifests that no edge agent made."""
    return QualityMeasures(
        focus=2.0,
        mean_luminance=180.0,
        clipped_dark=0.0,
        clipped_bright=0.1,
        foreground=0.4,
        width=width,
        height=height,
        verdict=Verdict.GOOD,
        reasons=(),
    )


def take(source: Path, folder: Path, accession: str | None = None) -> Path:
    """Put a photograph into a watched folder: the sidecar first, then the image, whole, under its final name."""
    target = folder / source.name
    if accession is not None:
        sidecar = target.with_name(f"{source.name}.json")
        sidecar.write_text(json.dumps({"accession": accession, "smear": "A"}))
    hidden = folder / f".{source.name}"
    hidden.write_bytes(source.read_bytes())
    return hidden.rename(target)


def _draw_crop(path: Path, number: int) -> Path:
    image = make_crop(number, draw_crop(number, size=257), "all" if number % 2 else "not_all").image
    Image.fromarray(image).save(path, quality=92)
    return path
