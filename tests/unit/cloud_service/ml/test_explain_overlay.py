import dataclasses
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cloud_service.ml.attention import Side
from cloud_service.ml.explain_overlay import (
    Explanation,
    draw_overlay,
    explain_file,
    in_words,
    on_photograph,
    spotlit,
)
from cloud_service.ml.package import ModelPackage, load_package
from cloud_service.ml.runtimes.loading import load_runtime
from shared.errors import UnreadableImageError
from shared.imaging.preprocess import PreprocessSpec, preprocess
from shared.vocabulary import Label
from tests.support.photographs import draw_crops

DEMO_MODEL = Path(__file__).parents[4] / "cloud_service" / "ml" / "demo_model"


@pytest.fixture(scope="module")
def package() -> ModelPackage:
    return load_package(DEMO_MODEL)


@pytest.fixture(scope="module")
def crops(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A mature cell and a blast."""
    return draw_crops(tmp_path_factory.mktemp("crops"), 2, first=10)


@pytest.fixture(scope="module")
def explanation(package: ModelPackage, crops: list[Path]) -> Explanation:
    return explain_file(package, crops[1])


class TestExplainFile:
    def test_gives_the_answer_that_serving_gives(
        self, package: ModelPackage, crops: list[Path], explanation: Explanation
    ) -> None:
        pixels = preprocess(crops[1], package.card.preprocess)
        assert package.card.quantised is not None
        for runtime, within in (("onnxruntime", 1e-5), ("onnxruntime-int8", package.card.quantised.largest_difference)):
            (served,) = load_runtime(package, runtime).predict(pixels[None]).probabilities
            assert explanation.probability == pytest.approx(float(served), abs=within)
        assert explanation.label is Label.SUSPICIOUS

    def test_shows_what_spoke_for_the_answer_unless_asked_for_a_side(
        self, package: ModelPackage, crops: list[Path]
    ) -> None:
        found = [explain_file(package, crop).for_all for crop in crops]
        assert found == [False, True]
        sides = (Side.FOR_ALL, Side.AGAINST_ALL)
        assert [explain_file(package, crops[1], side).for_all for side in sides] == [True, False]

    def test_an_image_of_another_kind_is_doubted(self, package: ModelPackage, tmp_path: Path) -> None:
        noise = np.random.default_rng(4).integers(0, 256, (224, 224, 3), dtype=np.uint8)
        Image.fromarray(noise).save(tmp_path / "noise.png")
        assert any("Unlike" in doubt for doubt in explain_file(package, tmp_path / "noise.png").doubts)

    @pytest.mark.parametrize(
        ("quantile_all", "quantile_not_all", "doubt"),
        [
            (1.0, 1.0, "Undecided: the model abstains between"),
            (0.0, 0.0, "Like neither: the model abstains between"),
            (0.0, 1.0, "Near the threshold: by the abstain band this probability is rather one of images without ALL"),
        ],
    )
    def test_what_the_band_does_not_bear_out_is_doubted(
        self, package: ModelPackage, crops: list[Path], quantile_all: float, quantile_not_all: float, doubt: str
    ) -> None:
        assert package.card.abstain_band is not None
        other = {"quantile_all": quantile_all, "quantile_not_all": quantile_not_all}
        band = package.card.abstain_band.model_copy(update=other)
        doubtful = dataclasses.replace(package, card=package.card.model_copy(update={"abstain_band": band}))
        assert any(found.startswith(doubt) for found in explain_file(doubtful, crops[1]).doubts)
        assert explain_file(package, crops[1]).doubts == ()

    def test_a_file_that_is_no_image_is_refused(self, package: ModelPackage, tmp_path: Path) -> None:
        (tmp_path / "text.jpg").write_text("no image")
        with pytest.raises(UnreadableImageError):
            explain_file(package, tmp_path / "text.jpg")


class TestDrawOverlay:
    def test_holds_the_photograph_beside_its_explanation(
        self, package: ModelPackage, crops: list[Path], explanation: Explanation
    ) -> None:
        overlay = Image.open(io.BytesIO(draw_overlay(package, crops[1], explanation)))
        assert overlay.format == "PNG"
        assert overlay.width == 2600
        left, right = (
            np.asarray(overlay.crop((box, overlay.height - 1200, box + 1200, overlay.height)).convert("HSV"))
            for box in (50, 1350)
        )
        assert left[..., 1].mean() > 2 * right[..., 1].mean()  # only where the evidence is do colours stay

    def test_the_same_explanation_gives_the_same_bytes_and_tells_nothing_of_the_file(
        self, package: ModelPackage, crops: list[Path], explanation: Explanation
    ) -> None:
        drawn = draw_overlay(package, crops[1], explanation)
        assert drawn == draw_overlay(package, crops[1], explanation)
        assert crops[1].stem.encode() not in drawn
        assert Image.open(io.BytesIO(drawn)).info.keys() <= {"dpi"}

    def test_an_image_without_evidence_can_be_drawn(
        self, package: ModelPackage, crops: list[Path], explanation: Explanation
    ) -> None:
        nothing = dataclasses.replace(explanation, evidence=np.zeros_like(explanation.evidence))
        assert draw_overlay(package, crops[1], nothing).startswith(b"\x89PNG")


class TestOnPhotograph:
    @pytest.mark.parametrize(("border", "row", "column"), [("squash", 75, 450), ("pad", 0, 450), ("crop", 75, 375)])
    def test_evidence_lies_where_it_was_found(self, border: str, row: int, column: int) -> None:
        """The place at (75 %, 25 %) of the square: in a field of 600 x 300, where the border puts it."""
        spec = PreprocessSpec.model_validate({"size": 160, "draft_edge": None, "border": border})
        evidence = np.zeros((160, 160), dtype=np.float32)
        evidence[36:44, 116:124] = 1.0
        placed = on_photograph(evidence, (600, 300), spec)
        assert placed.shape == (300, 600)
        rows, columns = np.nonzero(placed > 0.5)
        assert (rows.mean(), columns.mean()) == pytest.approx((row, column), abs=8)

    def test_what_a_crop_cuts_off_has_no_evidence(self) -> None:
        spec = PreprocessSpec(size=160, draft_edge=None, border="crop")
        placed = on_photograph(np.ones((160, 160), dtype=np.float32), (600, 300), spec)
        assert not placed[:, :150].any()
        assert not placed[:, 450:].any()
        assert (placed[:, 150:450] == 1.0).all()


def test_colours_stay_only_where_the_evidence_is() -> None:
    photograph = np.full((1, 3, 3), (200, 40, 160), dtype=np.uint8)
    shown = spotlit(photograph, np.array([[0.0, 0.2, 0.9]], dtype=np.float32))
    assert len(set(shown[0, 0].tolist())) == 1
    assert shown[0, 2].tolist() == [200, 40, 160]
    assert shown[0, 0, 1] > shown[0, 1, 1] > shown[0, 2, 1]


def test_no_probability_looks_like_certainty() -> None:
    assert in_words(0.00004) == "Probability of ALL below 0.001"
    assert in_words(1.0) == "Probability of ALL above 0.999"
    assert in_words(0.62549) == "Probability of ALL 0.625"
