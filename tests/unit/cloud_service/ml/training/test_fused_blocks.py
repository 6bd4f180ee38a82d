import copy

import pytest
import torch

from cloud_service.ml.deployed_network import DeployedNetwork
from cloud_service.ml.network.building import build_network
from cloud_service.ml.network.convolution_block import ConvolutionBlock
from cloud_service.ml.network.se_cnn import SECNN
from cloud_service.ml.network.settings import NetworkSettings
from cloud_service.ml.training.fused_blocks import TrainingView, can_be_fused
from shared.imaging.preprocess import PreprocessSpec

SPEC = PreprocessSpec(mean=(0.7, 0.6, 0.75), std=(0.2, 0.25, 0.15))


def networks(**settings: object) -> tuple[DeployedNetwork, DeployedNetwork]:
    """The same network twice, in float64 so that only mistakes show and no rounding; in training mode."""
    torch.manual_seed(5)
    wanted = NetworkSettings.model_validate({"filters": (6, 8, 10), "reduction": 2, "hidden_units": 8, **settings})
    one = DeployedNetwork(build_network(wanted), SPEC).double().train()
    with torch.no_grad():
        for module in one.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.weight.uniform_(0.2, 2.0)
                module.bias.normal_()
    return one, copy.deepcopy(one)


def step(call: torch.nn.Module, images: torch.Tensor) -> torch.Tensor:
    logits: torch.Tensor = call(images)
    (logits * torch.arange(1.0, len(images) + 1)).sum().backward()  # type: ignore[no-untyped-call]
    return logits.detach()


class Plain(torch.nn.Module):
    def __init__(self, network: DeployedNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.network.logits_of(images)


@pytest.mark.parametrize(
    "settings", [{}, {"squeeze_excitation": False}, {"pooling_stride": 1}], ids=["se", "plain", "stride 1"]
)
def test_logits_gradients_and_statistics_are_those_of_the_blocks(settings: dict[str, object]) -> None:
    one, other = networks(**settings)
    images = torch.rand(5, 3, 41, 37, dtype=torch.float64).contiguous(memory_format=torch.channels_last)
    assert isinstance(one.network, SECNN)
    assert can_be_fused(one.network, images)
    expected, found = step(Plain(one), images), step(TrainingView(other), images)
    torch.testing.assert_close(found, expected, rtol=1e-11, atol=1e-11)
    for name, parameter in one.named_parameters():
        torch.testing.assert_close(other.get_parameter(name).grad, parameter.grad, rtol=1e-9, atol=1e-9, msg=name)
    for name, value in one.state_dict().items():
        torch.testing.assert_close(other.state_dict()[name], value, rtol=1e-11, atol=1e-11, msg=name)


def test_where_a_factor_is_not_positive_the_blocks_themselves_are_used() -> None:
    one, other = networks()
    for network in (one, other):
        assert isinstance(network.network, SECNN)
        block = network.network.blocks[1]
        assert isinstance(block, ConvolutionBlock)
        with torch.no_grad():
            block.batch_norm.weight[2] = -0.5
    images = torch.rand(4, 3, 36, 36, dtype=torch.float64)
    torch.testing.assert_close(step(TrainingView(other), images), step(Plain(one), images))


def test_other_networks_are_left_as_they_are() -> None:
    torch.manual_seed(1)
    network = DeployedNetwork(build_network(NetworkSettings(backbone="resnet34")), SPEC).train()
    assert TrainingView(network)(torch.rand(2, 3, 64, 64)).shape == (2,)
