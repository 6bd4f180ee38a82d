"""The pixels that the network sees: golden digests, and the spec that they belong to."""

import hashlib
import io
import json
import runpy
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydantic import ValidationError

from shared.imaging.framing import CornerMask
from shared.imaging.preprocess import PreprocessSpec, normalise, preprocess
from shared.imaging.stain import Background, Reinhard

GOLDEN = Path(__file__).parent / "golden"
DIGESTS = json.loads((GOLDEN / "digests.json").read_text())
DIGESTS_OF_SPECS = json.loads((GOLDEN / "digests_of_specs.json").read_text())
SPECS: dict[str, PreprocessSpec] = runpy.run_path(str(GOLDEN.parent / "renew_golden.py"))["SPECS"]
RED, WHITE, BLACK = (255, 0, 0), (255, 255, 255), (0, 0, 0)


@pytest.mark.parametrize("name", DIGESTS)
def test_golden_pixels(name: str) -> None:
    """The decoder and the resize give the very same pixels as when the models were trained.

    When this fails after an update of Pillow, its JPEG decoder or resize has changed: measure what that does to
    the models' answers, and only then renew the digests with `python tests/unit/shared/imaging/renew_golden.py`.
    """
    assert hashlib.sha256(preprocess(GOLDEN / name).tobytes()).hexdigest() == DIGESTS[name]


@pytest.mark.parametrize("name", SPECS)
def test_golden_pixels_of_other_settings(name: str) -> None:
    """As test_golden_pixels, of the settings in renew_golden.py."""
    assert hashlib.sha256(preprocess(GOLDEN / "field.jpg", SPECS[name]).tobytes()).hexdigest() == DIGESTS_OF_SPECS[name]


def png(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def spec(**settings: object) -> PreprocessSpec:
    return PreprocessSpec.model_validate({"size": 40, "draft_edge": None, **settings})


def striped() -> np.ndarray:
    """80 wide and 40 high: red on the left, green in the middle half, blue on the right."""
    pixels = np.zeros((40, 80, 3), np.uint8)
    pixels[:, :20, 0] = pixels[:, 20:60, 1] = pixels[:, 60:, 2] = 255
    return pixels


def test_a_wide_file_is_squashed_padded_or_cropped() -> None:
    file = png(striped())
    squashed, padded, cropped = (preprocess(file, spec(border=border)) for border in ("squash", "pad", "crop"))
    assert squashed[20, 2].tolist() == [255, 0, 0]
    assert squashed[20, 38].tolist() == [0, 0, 255]
    assert (padded[:10] == 255).all()
    assert (padded[30:] == 255).all()
    assert padded[20, 2].tolist() == [255, 0, 0]
    assert (cropped == np.array([0, 255, 0])).all()


def test_a_high_file_is_padded_on_its_sides_with_the_colour_that_is_set() -> None:
    padded = preprocess(png(np.swapaxes(striped(), 0, 1)), spec(border="pad", border_fill=(1, 2, 3)))
    assert (padded[:, :10] == np.array([1, 2, 3])).all()
    assert (padded[:, 30:] == np.array([1, 2, 3])).all()
    assert padded[2, 20].tolist() == [255, 0, 0]


def test_a_square_file_is_the_same_under_all_borders() -> None:
    file = png(np.random.default_rng(1).integers(0, 256, (64, 64, 3), dtype=np.uint8))
    squashed, padded, cropped = (preprocess(file, spec(border=border)) for border in ("squash", "pad", "crop"))
    np.testing.assert_array_equal(squashed, padded)
    np.testing.assert_array_equal(squashed, cropped)


def test_a_corner_is_covered_whole_and_nothing_else_is_touched() -> None:
    pixels = np.full((80, 80, 3), 100, np.uint8)
    pixels[70:, 60:] = 0  # the scale bar
    mask = CornerMask(corners=("bottom-right",), width=0.25, height=0.125, fill=WHITE)
    covered = preprocess(png(pixels), spec(corner_mask=mask))
    assert (covered[36:, 31:] == 255).all()
    assert covered.min() >= 100
    assert (covered[:34] == 100).all()
    assert (covered[:, :29] == 100).all()


@pytest.mark.parametrize(
    ("corner", "row", "column"),
    [("top-left", 0, 0), ("top-right", 0, -1), ("bottom-left", -1, 0), ("bottom-right", -1, -1)],
)
def test_each_corner_has_its_name(corner: str, row: int, column: int) -> None:
    mask = {"corners": [corner], "width": 0.2, "height": 0.2, "fill": BLACK}
    covered = preprocess(png(np.full((50, 70, 3), 90, np.uint8)), spec(corner_mask=mask))
    assert (covered[row, column] == 0).all()
    assert [(covered[i, j] == 0).all() for i in (0, -1) for j in (0, -1)].count(True) == 1


def test_shares_of_a_corner_are_those_of_the_file_also_where_it_is_cropped() -> None:
    mask = CornerMask(corners=("top-left",), width=0.5, height=0.5, fill=BLACK)
    cropped = preprocess(png(np.full((40, 80, 3), 90, np.uint8)), spec(border="crop", corner_mask=mask))
    assert (cropped[:20, :20] == 0).all()  # the crop takes columns 20 to 60, the mask covers 0 to 40
    assert (cropped[:, 20:] == 90).all()
    assert (cropped[20:] == 90).all()


def test_reinhard_gives_the_target_to_an_image_of_another_stain() -> None:
    chance = np.random.default_rng(2)
    target = chance.normal((180, 120, 190), (20, 30, 15), (64, 64, 3)).clip(0, 255).astype(np.uint8)
    other = chance.normal((120, 140, 130), (25, 20, 20), (64, 64, 3)).clip(0, 255).astype(np.uint8)
    wanted = Reinhard.of(target)
    found = Reinhard.of(preprocess(png(other), spec(size=64, stain_normalisation=wanted)))
    assert found.mean == pytest.approx(wanted.mean, abs=0.01)
    assert found.deviation == pytest.approx(wanted.deviation, rel=0.1)


def test_reinhard_leaves_an_image_with_the_target_as_it_was() -> None:
    pixels = np.random.default_rng(3).integers(60, 200, (40, 40, 3), dtype=np.uint8)
    same = preprocess(png(pixels), spec(stain_normalisation=Reinhard.of(pixels)))
    assert np.abs(same.astype(int) - pixels).max() <= 1


def test_a_blank_field_gets_the_targets_colour_and_no_noise_made_large() -> None:
    noisy = np.random.default_rng(4).integers(219, 222, (40, 40, 3), dtype=np.uint8)
    stain = Reinhard(mean=(-0.2, 0.0, 0.0), deviation=(0.2, 0.05, 0.05))
    assert preprocess(png(noisy), spec(stain_normalisation=stain)).std(axis=(0, 1)).max() < 6
    assert preprocess(png(np.zeros((40, 40, 3), np.uint8)), spec(stain_normalisation=stain)).std() < 100  # black too


def test_the_empty_slide_gets_its_colour_and_stain_keeps_its_share_of_the_light() -> None:
    pixels = np.full((40, 40, 3), (200, 180, 160), np.uint8)
    pixels[:10] = (100, 45, 80)  # lets half, a quarter and half of the light through
    even = preprocess(png(pixels), spec(stain_normalisation=Background(level=(240, 240, 240))))
    assert even[30, 30].tolist() == [240, 240, 240]
    assert even[2, 2].tolist() == [120, 60, 120]


def test_what_is_covered_or_border_does_not_count_for_the_stain_and_keeps_its_colour() -> None:
    pixels = np.random.default_rng(5).integers(60, 200, (40, 80, 3), dtype=np.uint8)
    spoilt = pixels.copy()
    spoilt[30:, 60:] = 0
    mask = CornerMask(corners=("bottom-right",), width=0.25, height=0.25, fill=RED)
    settings = spec(border="pad", corner_mask=mask, stain_normalisation=Reinhard.of(pixels), border_fill=WHITE)
    found, clean = (preprocess(png(each), settings) for each in (spoilt, pixels))
    np.testing.assert_array_equal(found, clean)
    assert (found[:9] == 255).all()
    assert (found[26:29, 31:39] == np.array(RED)).all()


def test_where_a_mask_covers_all_that_is_shown_the_stain_is_left_alone() -> None:
    corners = ("top-left", "top-right", "bottom-left", "bottom-right")
    settings = spec(corner_mask=CornerMask(corners=corners, width=0.5, height=0.5), stain_normalisation=Background())
    assert (preprocess(png(striped()), settings) == 255).all()


@pytest.mark.parametrize(
    "settings",
    [
        {"border": "stretch"},
        {"border_fill": (0, 0, 256)},
        {"corner_mask": {"corners": [], "width": 0.1, "height": 0.1}},
        {"corner_mask": {"corners": ["middle"], "width": 0.1, "height": 0.1}},
        {"corner_mask": {"corners": ["top-left"], "width": 0.6, "height": 0.1}},
        {"stain_normalisation": {"method": "reinhard", "mean": (0, 0, 0), "deviation": (0, 1, 1)}},
        {"stain_normalisation": {"method": "magic"}},
    ],
)
def test_settings_without_sense_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        spec(**settings)


@pytest.mark.parametrize("name", SPECS)
def test_every_setting_survives_json(name: str) -> None:
    assert PreprocessSpec.model_validate_json(SPECS[name].model_dump_json()) == SPECS[name]


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
