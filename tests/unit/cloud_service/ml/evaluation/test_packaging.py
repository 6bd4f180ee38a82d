"""What a package says of a trained network."""

import errno
from pathlib import Path

import numpy as np
import pytest
import torch

from cloud_service.ml.deployed_network import DeployedNetwork
from cloud_service.ml.evaluation.measures import Measure
from cloud_service.ml.evaluation.typical import Typical
from cloud_service.ml.model_card import PackageFile
from cloud_service.ml.network.building import build_network
from cloud_service.ml.package import ModelPackage, ModelPackageError, load_package
from cloud_service.ml.packaging import CardTexts, DividedData, write_trained_package
from cloud_service.ml.runtimes.loading import load_runtime
from cloud_service.ml.training.prediction import predict_logits
from cloud_service.ml.training.records import LabelledPixels, Trained
from cloud_service.ml.weights import network_of
from tests.support.evaluations import EPOCH, RECIPE


def logits(package: ModelPackage, part: LabelledPixels) -> np.ndarray:
    return predict_logits(DeployedNetwork(network_of(package), RECIPE.preprocess), part.pixels).numpy()


def test_all_choices_are_those_of_the_validation_part(package: ModelPackage, divided: DividedData) -> None:
    card = package.card
    found, labels = logits(package, divided.validation), divided.validation.labels.numpy() > 0
    called = 1.0 / (1.0 + np.exp(-found / card.temperature)) >= card.threshold
    assert card.threshold_choice is not None
    assert card.threshold_choice.asked_sensitivity == 0.9
    assert card.threshold_choice.validation_sensitivity == pytest.approx(called[labels].mean())
    assert card.abstain_band is not None
    assert card.abstain_band.images_with_all == labels.sum()
    assert card.out_of_distribution is not None
    assert card.out_of_distribution.validation_images == len(labels)


def test_all_figures_are_those_of_the_test_part(package: ModelPackage, divided: DividedData) -> None:
    whole, crops, fields = package.card.held_out
    found, labels = logits(package, divided.test), divided.test.labels.numpy() > 0
    called = 1.0 / (1.0 + np.exp(-found / package.card.temperature)) >= package.card.threshold
    assert whole.value(Measure.ACCURACY) == pytest.approx((called == labels).mean())
    assert (whole.part, crops.part, fields.part) == ("all", "crop", "field")
    assert whole.images == crops.images + fields.images == len(divided.split.test)
    assert whole.groups == 6


def test_the_test_part_has_no_say_in_the_choices(package: ModelPackage, divided: DividedData, tmp_path: Path) -> None:
    """With other test images and other test labels everything that was chosen stays as it is."""
    test = LabelledPixels(pixels=255 - divided.test.pixels, labels=1.0 - divided.test.labels)
    changed = DividedData(**{name: getattr(divided, name) for name in divided.__slots__} | {"test": test})
    trained = Trained(network=network_of(package), chosen=EPOCH, history=(EPOCH,))
    other = write_trained_package(
        tmp_path / "other", trained=trained, data=changed, recipe=RECIPE, texts=CardTexts(data="."), sensitivity=0.9
    )
    for chosen in ("temperature", "threshold", "threshold_choice", "abstain_band", "out_of_distribution"):
        assert getattr(other.card, chosen) == getattr(package.card, chosen)
    assert other.read(PackageFile.STATISTICS) == package.read(PackageFile.STATISTICS)


def test_digests_and_known_shortcuts_are_on_the_card(package: ModelPackage, divided: DividedData) -> None:
    training = package.card.training
    assert (training.data_digest, training.split_digest) == (divided.digest, divided.split_digest)
    assert "Two pictures are the same." in package.card.shortcuts
    assert any(text.startswith("The network does not clearly beat colours alone") for text in package.card.shortcuts)
    assert any(text.startswith("Only 6 groups hold images") for text in package.card.shortcuts)


def test_statistics_are_a_verified_file(package: ModelPackage, divided: DividedData) -> None:
    typical = Typical.from_bytes(package.read(PackageFile.STATISTICS))
    card = package.card.out_of_distribution
    assert card is not None
    assert (typical.scores(divided.validation.pixels.numpy()) > card.threshold).mean() <= card.false_flags_promised
    assert package.card.flag_rates is not None
    assert set(package.card.flag_rates.probes) == {"photograph-like pictures", "blank fields", "noise", "another stain"}


def test_serving_calibrates_by_the_card(package: ModelPackage, divided: DividedData) -> None:
    served = load_runtime(package).predict(divided.test.pixels[:4].numpy()).probabilities
    expected = 1.0 / (1.0 + np.exp(-logits(package, divided.test)[:4] / package.card.temperature))
    np.testing.assert_allclose(served, expected, atol=1e-5)


def test_a_full_disk_leaves_nothing_half_written(
    divided: DividedData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Path, content: bytes) -> int:
        if self.name == PackageFile.STATISTICS:
            raise OSError(errno.ENOSPC, "No space left on device")
        with self.open("wb") as file:
            return file.write(content)

    monkeypatch.setattr(Path, "write_bytes", full)
    torch.manual_seed(3)
    trained = Trained(network=build_network(RECIPE.network).eval(), chosen=EPOCH, history=(EPOCH,))
    with pytest.raises(ModelPackageError, match="No space left on device"):
        write_trained_package(
            tmp_path / "model", trained=trained, data=divided, recipe=RECIPE, texts=CardTexts(data="Squares.")
        )
    assert list(tmp_path.iterdir()) == []


def test_the_package_loads(package: ModelPackage) -> None:
    assert load_package(package.directory) == package
