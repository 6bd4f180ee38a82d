"""The model that ships with the project: whole, honest about itself, and of use in a demo."""

from pathlib import Path

import numpy as np
import pytest

from cloud_service.ml.evaluation.measures import Measure
from cloud_service.ml.model_card import NO_CLINICAL_MEANING
from cloud_service.ml.package import ModelPackage, load_package
from cloud_service.ml.runtimes.contract import Runtime
from cloud_service.ml.runtimes.loading import load_runtime
from cloud_service.ml.synthetic.dataset import write_dataset
from shared.imaging.preprocess import preprocess

ROOT = Path(__file__).parents[4]
DEMO_MODEL = ROOT / "cloud_service" / "ml" / "demo_model"
REAL_FIELDS = ROOT.parent / "shared" / "data" / "bccd-fields" / "images"


@pytest.fixture(scope="module")
def package() -> ModelPackage:
    return load_package(DEMO_MODEL)


@pytest.fixture(scope="module")
def runtime(package: ModelPackage) -> Runtime:
    return load_runtime(package, threads=1)


def probability(runtime: Runtime, package: ModelPackage, path: Path) -> float:
    return float(runtime.predict(preprocess(path, package.card.preprocess)[None])[0])


def test_is_small_enough_to_ship() -> None:
    assert sum(path.stat().st_size for path in DEMO_MODEL.iterdir()) < 1_500_000


def test_says_that_it_has_no_clinical_meaning(package: ModelPackage) -> None:
    assert package.card.clinical_meaning == NO_CLINICAL_MEANING
    assert package.card.research_use.startswith("Research use only")


def test_held_out_figures_reach_the_mark(package: ModelPackage) -> None:
    assert {part.part for part in package.card.held_out} == {"all", "crop", "field"}
    assert all((part.value(Measure.ACCURACY) or 0.0) >= 0.95 for part in package.card.held_out)


@pytest.mark.parametrize(("kind", "count"), [("crop", 20), ("field", 8)])
def test_tells_the_labels_of_images_that_it_never_saw(
    tmp_path: Path, runtime: Runtime, package: ModelPackage, kind: str, count: int
) -> None:
    """Seed 900 takes no part in training, and fields come at the camera's full size here."""
    write_dataset(tmp_path, "crop" if kind == "crop" else "field", count, seed=900)
    right = [
        (probability(runtime, package, path) >= package.card.threshold) == (path.parent.name == "all")
        for path in sorted(tmp_path.rglob("*.jpg"))
    ]
    assert len(right) == count
    assert sum(right) >= 0.85 * count


def test_torch_and_onnx_runtime_agree_on_it(runtime: Runtime, package: ModelPackage, tmp_path: Path) -> None:
    write_dataset(tmp_path, "crop", 4, seed=901)
    pixels = np.stack([preprocess(path, package.card.preprocess) for path in sorted(tmp_path.rglob("*.jpg"))])
    np.testing.assert_allclose(load_runtime(package, "torch").predict(pixels), runtime.predict(pixels), atol=1e-5)


@pytest.mark.skipif(not REAL_FIELDS.is_dir(), reason="the real fields for development are not at hand")
def test_gives_real_fields_some_probability(runtime: Runtime, package: ModelPackage) -> None:
    answers = [probability(runtime, package, path) for path in sorted(REAL_FIELDS.glob("*.jpg"))[:8]]
    assert len(answers) == 8
    assert all(0.0 <= answer <= 1.0 for answer in answers)


def test_blank_and_black_pictures_get_a_probability(runtime: Runtime) -> None:
    extremes = np.stack([np.full((224, 224, 3), value, dtype=np.uint8) for value in (0, 255)])
    assert np.isfinite(runtime.predict(extremes)).all()
