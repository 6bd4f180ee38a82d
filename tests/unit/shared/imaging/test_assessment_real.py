"""The rates that the thresholds were set by, on real fields that lie beside the project (never inside it)."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

from shared.imaging.assessment import WORKING_EDGE, assess
from shared.imaging.decode import open_image, probe
from shared.imaging.quality import QualityMeasures, Verdict

DATA = Path(__file__).parents[5] / "shared" / "data"
FOLDERS = ("bccd-fields/images", "bccd-mosaics-2560x1920", "smear-fields-224/images")
A_FOLDER = 32

Spoil = Callable[[Image.Image], Image.Image]


def blurred(image: Image.Image) -> Image.Image:
    return image.filter(ImageFilter.GaussianBlur(6))


def dark(image: Image.Image) -> Image.Image:
    return image.point(lambda level: level // 4)


def over_exposed(image: Image.Image) -> Image.Image:
    return image.point(lambda level: min(255, level * 2))


def blank(image: Image.Image) -> Image.Image:
    """Nothing but this image's empty slide and a camera's noise."""
    slide = np.percentile(np.asarray(image), 85, axis=(0, 1))
    noise = np.random.default_rng(0).normal(slide, 4, (image.height, image.width, 3))
    return Image.fromarray(np.clip(noise, 0, 255).astype(np.uint8))


def measured(content: bytes) -> QualityMeasures:
    info = probe(content)
    return assess(open_image(content, draft_edge=WORKING_EDGE), file_size=(info.width, info.height))


def files(folder: str, at_most: int | None = None) -> list[Path]:
    paths = sorted((DATA / folder).glob("*.jpg"))
    if not paths:
        pytest.skip(f"no real images: {folder} is not beside the project")
    return paths[:: max(1, len(paths) // at_most)] if at_most else paths


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_real_field_is_unusable_and_most_are_good(folder: str) -> None:
    verdicts = [measured(path.read_bytes()).verdict for path in files(folder)]
    assert verdicts.count(Verdict.UNUSABLE) == 0
    assert verdicts.count(Verdict.GOOD) >= 0.9 * len(verdicts)


@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.parametrize(("spoil", "least"), [(blurred, 1.0), (dark, 0.95), (over_exposed, 1.0), (blank, 1.0)])
def test_spoilt_copies_are_unusable(folder: str, spoil: Spoil, least: float) -> None:
    verdicts = []
    for path in files(folder, A_FOLDER):
        buffer = io.BytesIO()
        spoil(open_image(path)).save(buffer, "JPEG", quality=92)
        verdicts.append(measured(buffer.getvalue()).verdict)
    assert Verdict.GOOD not in verdicts
    assert verdicts.count(Verdict.UNUSABLE) >= least * len(verdicts)
