import subprocess
import sys
from pathlib import Path

import pytest
import torch
from pydantic import ValidationError
from torch import nn

from cloud_service.ml.network.building import build_network
from cloud_service.ml.network.contract import Network
from cloud_service.ml.network.se_cnn import SECNN
from cloud_service.ml.network.settings import Backbone, NetworkSettings
from cloud_service.ml.network.squeeze_excitation import SqueezeExcitation

ROOT = Path(__file__).parents[5]
BACKBONES: tuple[Backbone, ...] = ("se-cnn", "resnet34", "densenet121")


@pytest.fixture(scope="module", params=BACKBONES)
def network(request: pytest.FixtureRequest) -> Network:
    torch.manual_seed(1)
    return build_network(NetworkSettings(backbone=request.param)).eval()


class TestNetwork:
    def test_gives_features_and_judges_them(self, network: Network) -> None:
        images = torch.rand(2, 3, 64, 64)
        with torch.inference_mode():
            features = network.embed(images)
            logits = network.classify(features)
        assert features.shape == (2, {"se-cnn": 128, "resnet34": 512, "densenet121": 1024}[network.settings.backbone])
        assert logits.shape == (2,)
        torch.testing.assert_close(network(images).detach(), logits)

    def test_its_weights_go_into_another_of_its_settings(self, network: Network) -> None:
        other = build_network(network.settings).eval()
        other.load_state_dict(network.state_dict())
        images = torch.rand(1, 3, 64, 64)
        torch.testing.assert_close(other(images), network(images))

    def test_its_map_lies_where_its_grid_says(self, network: Network) -> None:
        """With all weights alike, and means in place of maxima, what a position sees is symmetric around its centre."""
        looking = build_network(network.settings).eval()
        for name, layer in list(looking.named_modules()):
            if isinstance(layer, nn.Conv2d):
                nn.init.constant_(layer.weight, 1.0 / layer.weight[0].numel())
            if isinstance(layer, nn.MaxPool2d):
                looking.set_submodule(name, nn.AvgPool2d(layer.kernel_size, layer.stride, layer.padding))
            if isinstance(layer, SqueezeExcitation):  # whose gate sees everything
                looking.set_submodule(name, nn.Identity())
        maps: list[torch.Tensor] = []
        looking.get_submodule(looking.map_layer).register_forward_hook(lambda *call: maps.append(call[2]))
        image = torch.ones(1, 3, 64, 1088, requires_grad=True)
        looking(image)
        seen: list[float] = []
        for position in (16, 17):  # next to the middle of the larger networks' maps, so that no edge is seen
            (gradient,) = torch.autograd.grad(maps[0][..., position].sum(), image, retain_graph=True)
            weights = gradient.abs().sum(dim=(0, 1, 2))
            seen.append(float((weights * (torch.arange(1088) + 0.5)).sum() / weights.sum()))
        grid = looking.map_grid
        assert seen == pytest.approx([grid.start + (position + 0.5) * grid.stride for position in (16, 17)], abs=0.01)


def test_the_grid_of_the_se_cnn_by_hand() -> None:
    """Widths of 224, 222, 111, 109, 54, 52, 26: position 0 sees pixels 0 to 21, position 1 pixels 8 to 29."""
    grid = SECNN(NetworkSettings()).map_grid
    assert (grid.start, grid.stride) == (7.0, 8.0)
    unshrunk = SECNN(NetworkSettings(pooling_stride=1)).map_grid
    assert (unshrunk.start, unshrunk.stride) == (4.5, 1.0)  # position 0 sees pixels 0 to 9


def test_parameters_of_the_larger_networks() -> None:
    """Published: 21,797,672 and 7,978,856 with 1,000 outputs; 512 or 1,024 weights and a bias an output."""
    counts = {
        name: sum(parameter.numel() for parameter in build_network(NetworkSettings(backbone=name)).parameters())
        for name in BACKBONES[1:]
    }
    assert counts == {"resnet34": 21_797_672 - 999 * 513, "densenet121": 7_978_856 - 999 * 1025}


@pytest.mark.parametrize("idle", [{"filters": [4, 4, 4]}, {"squeeze_excitation": False}, {"pooling_stride": 1}])
def test_settings_that_would_do_nothing_are_refused(idle: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match=f"{next(iter(idle))} can be set for the SE-CNN only"):
        NetworkSettings.model_validate({"backbone": "resnet34", **idle})


def test_a_card_without_a_backbone_means_the_se_cnn() -> None:
    assert NetworkSettings.model_validate({"filters": [32, 64, 128]}).backbone == "se-cnn"


def test_the_se_cnn_is_built_without_monai() -> None:
    program = (
        "import sys; from cloud_service.ml.network.building import build_network;"
        "from cloud_service.ml.network.settings import NetworkSettings; build_network(NetworkSettings());"
        "print('monai' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
