"""The pixels that the network sees: golden digests, and the spec that they belong to."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from shared.imaging.preprocess import PreprocessSpec, normalise, preprocess

GOLDEN = Path(__file__).parent / "golden"
DIGESTS = json.loads((GOLDEN / "digests.json").read_text())


@pytest.mark.parametrize("name", DIGESTS)
def test_golden_pixels(name: str) -> None:
    """The decoder and the resize give the very same pixels as when the models were trained.

    When this fails after an update of Pillow, its JPEG decoder or resize has changed: measure what that does to
    the models' answers, and only then renew the digests with `python tests/unit/shared/imaging/renew_golden.py`.
    """
    assert hashlib.sha256(preprocess(GOLDEN / name).tobytes()).hexdigest() == DIGESTS[name]


def test_path_and_bytes_give_the_same_pixels() -> None:
    path = GOLDEN / "field.jpg"
    pixels = preprocess(path)
    assert pixels.shape == (224, 224, 3)
    assert pixels.dtype == np.uint8
    np.testing.assert_array_equal(pixels, preprocess(path.read_bytes()))


def test_draft_is_close_to_full_decoding_and_part_of_the_spec() -> None:
    drafted = preprocess(GOLDEN / "field.jpg").astype(int)
    full = preprocess(GOLDEN / "field.jpg", PreprocessSpec(draft_edge=None)).astype(int)
    difference = np.abs(drafted - full).mean()
    assert 0 < difference < 1.5


def test_filters_differ() -> None:
    digests = {
        preprocess(GOLDEN / "crop.jpg", PreprocessSpec(resize_filter=name)).tobytes()
        for name in ("bilinear", "bicubic", "box")
    }
    assert len(digests) == 3


def test_normalise_scales_and_moves_channels_first() -> None:
    batch = np.arange(2 * 4 * 5 * 3, dtype=np.uint8).reshape(2, 4, 5, 3)
    spec = PreprocessSpec(mean=(0.1, 0.2, 0.3), std=(0.5, 0.25, 2.0))
    planes = normalise(batch, spec)
    assert planes.shape == (2, 3, 4, 5)
    assert planes.dtype == np.float32
    assert planes.flags.c_contiguous
    for channel, (mean, std) in enumerate(zip(spec.mean, spec.std, strict=True)):
        np.testing.assert_allclose(planes[:, channel], (batch[..., channel] / 255 - mean) / std, atol=2e-6)


def test_default_spec_scales_to_one() -> None:
    assert normalise(np.full((1, 2, 2, 3), 255, np.uint8)).max() == pytest.approx(1.0)


@pytest.mark.parametrize("batch", [np.zeros((1, 2, 2, 3), np.float32), np.zeros((2, 2, 3), np.uint8)])
def test_normalise_refuses_other_arrays(batch: np.ndarray) -> None:
    with pytest.raises(ValueError, match="uint8"):
        normalise(batch)


def test_spec_is_frozen_closed_and_survives_json() -> None:
    spec = PreprocessSpec(size=128, draft_edge=256)
    assert PreprocessSpec.model_validate_json(spec.model_dump_json()) == spec
    with pytest.raises(ValidationError, match="frozen"):
        spec.size = 64  # type: ignore[misc]
    with pytest.raises(ValidationError, match="crop"):
        PreprocessSpec.model_validate({"crop": True})
    with pytest.raises(ValidationError, match="draft_edge"):
        PreprocessSpec(draft_edge=100)
    with pytest.raises(ValidationError, match="version"):
        PreprocessSpec.model_validate({"version": 2})
