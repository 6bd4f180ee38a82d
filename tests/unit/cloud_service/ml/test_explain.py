import numpy as np
import pytest
import torch

from cloud_service.ml.deployed_network import DeployedNetwork
from cloud_service.ml.explain import Explainer
from cloud_service.ml.network.building import build_network
from cloud_service.ml.network.settings import Backbone, NetworkSettings
from shared.imaging.preprocess import PreprocessSpec
from tests.support.model_packages import SPEC, random_network, random_pixels


def test_evidence_is_a_share_of_the_strongest_place() -> None:
    evidence = Explainer(random_network()).evidence(random_pixels(1)[0], for_all=False)
    assert evidence.shape == (224, 224)
    assert evidence.dtype == np.float32
    assert evidence.min() >= 0.0
    assert evidence.max() == pytest.approx(1.0)


def test_the_same_image_is_explained_alike_and_the_two_sides_differ() -> None:
    explainer, pixels = Explainer(random_network()), random_pixels(1)[0]
    first, other, again = (explainer.evidence(pixels, for_all=side) for side in (True, False, True))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0.5


def test_a_spot_is_found_where_it_is() -> None:
    network = dark_spot_finder()
    for row, column in ((20, 30), (112, 112), (200, 180), (60, 205)):
        pixels = np.full((224, 224, 3), 250, dtype=np.uint8)
        pixels[row - 4 : row + 4, column - 4 : column + 4] = 10
        evidence = Explainer(network).evidence(pixels, for_all=True)
        found = np.unravel_index(evidence.argmax(), evidence.shape)
        assert np.hypot(found[0] - row, found[1] - column) < 8
        assert Explainer(network).evidence(pixels, for_all=False).sum() == 0.0  # nothing speaks against it


def test_an_image_without_evidence_is_empty_and_not_broken() -> None:
    blank = np.full((224, 224, 3), 255, dtype=np.uint8)
    assert not Explainer(dark_spot_finder()).evidence(blank, for_all=True).any()


@pytest.mark.parametrize("backbone", ["resnet34", "densenet121"])
def test_larger_networks_can_be_explained(backbone: Backbone) -> None:
    torch.manual_seed(0)
    spec = PreprocessSpec(size=64)
    network = DeployedNetwork(build_network(NetworkSettings(backbone=backbone)), spec).eval()
    explainer, pixels = Explainer(network), random_pixels(1, size=64)[0]
    sides = [explainer.evidence(pixels, for_all=side) for side in (True, False)]
    assert all(side.shape == (64, 64) for side in sides)
    assert any(side.max() == pytest.approx(1.0) for side in sides)


def dark_spot_finder() -> DeployedNetwork:
    """Channel 0 of each block passes darkness on; the logit is its maximum."""
    network = random_network(
        NetworkSettings(filters=(1, 1, 1), squeeze_excitation=False, hidden_units=1),
        SPEC.model_copy(update={"mean": (1.0, 1.0, 1.0), "std": (1.0, 1.0, 1.0)}),  # white is 0, black is -1
    )
    with torch.no_grad():
        for number, block in enumerate(network.network.get_submodule("blocks").children()):
            convolution, norm = block.get_submodule("convolution"), block.get_submodule("batch_norm")
            assert isinstance(convolution, torch.nn.Conv2d)
            assert convolution.bias is not None
            convolution.weight.fill_(-1 / 27 if number == 0 else 1 / 9)
            convolution.bias.zero_()
            assert isinstance(norm, torch.nn.BatchNorm2d)
            norm.reset_parameters()
        for name in ("hidden", "output"):
            dense = network.network.get_submodule(f"classifier.{name}")
            assert isinstance(dense, torch.nn.Linear)
            dense.weight.fill_(1.0)
            dense.bias.zero_()
    return network
