"""Verdicts on procedural fields and on spoilt copies of them."""

import io
import json

import numpy as np
import pytest
from PIL import Image, ImageFilter

from cloud_service.ml.synthetic.parameters import SmearLabel, draw_crop, draw_field
from cloud_service.ml.synthetic.smear import make_crop, make_field
from shared.imaging.assessment import WORKING_EDGE, assess
from shared.imaging.decode import open_image
from shared.imaging.quality import QualityMeasures, Verdict

SEEDS = range(6)


def field(seed: int, width: int = 1296, height: int = 972) -> Image.Image:
    label: SmearLabel = "all" if seed % 2 else "not_all"
    return Image.fromarray(make_field(seed, draw_field(seed, label, width=width, height=height)).image)


@pytest.fixture(scope="module")
def fields() -> list[Image.Image]:
    return [field(seed) for seed in SEEDS]


def words(measures: QualityMeasures) -> str:
    return "; ".join(measures.reasons)


def test_sharp_fields_are_good(fields: list[Image.Image]) -> None:
    for image in fields:
        measures = assess(image)
        assert (measures.verdict, measures.reasons) == (Verdict.GOOD, ())


def test_blurred_fields_are_unusable(fields: list[Image.Image]) -> None:
    for image in fields:
        measures = assess(image.filter(ImageFilter.GaussianBlur(6)))
        assert measures.verdict is Verdict.UNUSABLE
        assert "out of focus" in words(measures)


def test_noise_does_not_hide_blur(fields: list[Image.Image]) -> None:
    rng = np.random.default_rng(0)
    for image in fields:
        blurred = np.asarray(image.filter(ImageFilter.GaussianBlur(8))).astype(float)
        noisy = np.clip(blurred + rng.normal(0, 4, blurred.shape), 0, 255).astype(np.uint8)
        assert assess(Image.fromarray(noisy)).verdict is Verdict.UNUSABLE


def test_dark_fields(fields: list[Image.Image]) -> None:
    for image in fields:
        assert assess(image.point(lambda level: level // 5)).verdict is Verdict.UNUSABLE
        darker = assess(image.point(lambda level: int(level * 0.4)))
        assert darker.verdict is not Verdict.GOOD
        assert "too dark" in words(darker)


def test_black_image_is_dark_and_empty_and_has_no_focus() -> None:
    measures = assess(Image.new("RGB", (640, 480)))
    assert measures.verdict is Verdict.UNUSABLE
    assert (measures.focus, measures.clipped_dark, measures.foreground) == (0.0, 1.0, 0.0)
    assert "too dark" in words(measures)


def test_over_exposed_fields_are_unusable(fields: list[Image.Image]) -> None:
    for image in fields:
        measures = assess(image.point(lambda level: min(255, level * 2)))
        assert measures.verdict is Verdict.UNUSABLE
        assert "over-exposed" in words(measures)


def test_empty_slide_is_unusable() -> None:
    noise = np.random.default_rng(0).normal(215, 4, (480, 640, 3))
    measures = assess(Image.fromarray(np.clip(noise, 0, 255).astype(np.uint8)))
    assert measures.verdict is Verdict.UNUSABLE
    assert "almost empty" in words(measures)
    assert "out of focus" not in words(measures)


def test_small_image_is_doubtful_and_a_tiny_one_unusable(fields: list[Image.Image]) -> None:
    assert assess(fields[0].resize((200, 150))).verdict is Verdict.DOUBTFUL
    tiny = assess(fields[0].resize((60, 45)))
    assert tiny.verdict is Verdict.UNUSABLE
    assert "too small: 45 pixels" in words(tiny)


def test_focus_depends_little_on_the_number_of_pixels() -> None:
    large = field(1, 2592, 1944)
    sharpness = [assess(large.resize((width, width * 3 // 4))).focus for width in (2592, 1600, 800)]
    assert max(sharpness) / min(sharpness) < 1.4


def test_draft_decoding_gives_the_same_verdict_and_the_size_of_the_file() -> None:
    buffer = io.BytesIO()
    field(2, 2592, 1944).save(buffer, "JPEG", quality=90)
    drafted = assess(open_image(buffer.getvalue(), draft_edge=WORKING_EDGE), file_size=(2592, 1944))
    whole = assess(open_image(buffer.getvalue()))
    assert (drafted.width, drafted.height) == (2592, 1944)
    assert drafted.verdict is whole.verdict is Verdict.GOOD
    assert drafted.focus == pytest.approx(whole.focus, rel=0.25)


def test_most_crops_of_one_cell_pass_though_their_edges_are_many_pixels_wide() -> None:
    verdicts = [assess(Image.fromarray(make_crop(seed, draw_crop(seed), "all").image)).verdict for seed in range(40)]
    assert verdicts.count(Verdict.UNUSABLE) <= 4


def test_measures_survive_json(fields: list[Image.Image]) -> None:
    measures = assess(fields[0])
    text = measures.model_dump_json()
    assert QualityMeasures.model_validate_json(text) == measures
    assert json.loads(text)["verdict"] == "good"


def test_only_rgb_is_measured() -> None:
    with pytest.raises(ValueError, match="RGB"):
        assess(Image.new("L", (64, 64)))
