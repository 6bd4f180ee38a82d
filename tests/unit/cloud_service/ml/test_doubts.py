"""Doubts of the demo model, on drawn smears and on what is none."""

import dataclasses
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from cloud_service.ml.doubts import Doubter
from cloud_service.ml.evaluation.probes import Probe, draw_probes, turn_hue
from cloud_service.ml.evaluation.typical import BrokenStatisticsError
from cloud_service.ml.package import ModelPackage, ModelPackageError, PackageFile, load_package
from shared.identifiers import sha256_of_bytes
from shared.imaging.preprocess import preprocess
from tests.support.model_cards import a_card
from tests.support.photographs import draw_crops

ROOT = Path(__file__).parents[4]
SURE = 0.999


@pytest.fixture(scope="module")
def package() -> ModelPackage:
    return load_package(ROOT / "cloud_service" / "ml" / "demo_model")


@pytest.fixture(scope="module")
def crops(package: ModelPackage, tmp_path_factory: pytest.TempPathFactory) -> NDArray[np.uint8]:
    """Mature cells and blasts by turns, as the model sees them."""
    files = draw_crops(tmp_path_factory.mktemp("crops"), 5, first=16)
    return np.stack([preprocess(file, package.card.preprocess) for file in files])


def with_band(package: ModelPackage, quantile_all: float, quantile_not_all: float) -> ModelPackage:
    """The package with another abstain band and without statistics."""
    assert package.card.abstain_band is not None
    other = {"quantile_all": quantile_all, "quantile_not_all": quantile_not_all}
    band = package.card.abstain_band.model_copy(update=other)
    card = package.card.model_copy(update={"abstain_band": band, "out_of_distribution": None})
    return dataclasses.replace(package, card=card)


def test_a_sure_answer_on_an_image_of_its_kind_is_not_doubted(package: ModelPackage, crops: NDArray[np.uint8]) -> None:
    doubter = Doubter.of(package)
    assert [doubter.doubts(pixels, SURE) for pixels in crops] == [()] * 5


@pytest.mark.parametrize("probability", [0.0, SURE])
def test_what_is_no_such_smear_is_doubted_whatever_the_answer(
    package: ModelPackage, crops: NDArray[np.uint8], probability: float
) -> None:
    doubter = Doubter.of(package)
    others = [*draw_probes(Probe.PHOTOGRAPH, count=3, size=224, seed=1), *turn_hue(crops, 60.0)]
    for pixels in others:
        (doubt,) = doubter.doubts(pixels, probability)
        assert doubt.startswith("Unlike the images that the model was trained on: ")


@pytest.mark.parametrize(
    ("quantile_all", "quantile_not_all", "probability", "doubt"),
    [
        (0.3, 0.8, 0.75, "Undecided: the model abstains between probabilities of 0.700 and 0.800."),
        (0.2, 0.7, 0.75, "Like neither: the model abstains between probabilities of 0.700 and 0.800."),
        (0.0, 1.0, SURE, "Near the threshold: by the abstain band this probability is rather one of images without"),
        (1.0, 0.0, 1e-9, "Near the threshold: by the abstain band this probability is rather one of images with ALL"),
    ],
)
def test_what_the_band_does_not_bear_out_is_doubted(
    package: ModelPackage,
    crops: NDArray[np.uint8],
    quantile_all: float,
    quantile_not_all: float,
    probability: float,
    doubt: str,
) -> None:
    (found,) = Doubter.of(with_band(package, quantile_all, quantile_not_all)).doubts(crops[0], probability)
    assert found.startswith(doubt)


def test_the_gravest_doubt_comes_first(package: ModelPackage) -> None:
    band = with_band(package, 1.0, 1.0).card.abstain_band
    undecided = dataclasses.replace(package, card=package.card.model_copy(update={"abstain_band": band}))
    first, second = Doubter.of(undecided).doubts(draw_probes(Probe.NOISE, count=1, size=224, seed=1)[0], 0.5)
    assert first.startswith("Unlike")
    assert second.startswith("Undecided")


def test_a_package_that_states_neither_band_nor_statistics_has_no_doubts() -> None:
    silent = ModelPackage(directory=Path("nowhere"), digest="d" * 64, card=a_card())
    assert Doubter.of(silent).doubts(np.zeros((224, 224, 3), np.uint8), 0.5) == ()


def test_statistics_that_are_no_longer_the_packages_own_are_refused(package: ModelPackage, tmp_path: Path) -> None:
    moved = dataclasses.replace(package, directory=tmp_path)
    (tmp_path / PackageFile.STATISTICS).write_bytes(b"other")
    with pytest.raises(ModelPackageError, match="Do not use it"):
        Doubter.of(moved)
    digests = {**package.card.files, PackageFile.STATISTICS: sha256_of_bytes(b"other")}
    with pytest.raises(BrokenStatisticsError, match="Take its package again"):
        Doubter.of(dataclasses.replace(moved, card=package.card.model_copy(update={"files": digests})))


def test_the_worker_doubts_without_the_libraries_of_training() -> None:
    program = (
        "import sys, cloud_service.inference.process, cloud_service.ml.doubts;"
        "print(sorted({'torch', 'sklearn', 'scipy', 'matplotlib', 'monai'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
