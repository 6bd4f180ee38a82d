"""Folding changes what a block costs, never what it says."""

from itertools import product

import pytest
import torch
from torch import nn

from cloud_service.ml.network.building import build_network
from cloud_service.ml.network.convolution_block import ConvolutionBlock
from cloud_service.ml.network.folded_block import FoldedBlock, fold_normalisation, folded
from cloud_service.ml.network.se_cnn import SECNN
from cloud_service.ml.network.settings import NetworkSettings


def a_trained_looking(settings: NetworkSettings) -> SECNN:
    """A network whose BatchNorm layers have statistics and factors, all factors above 0."""
    torch.manual_seed(0)
    network = SECNN(settings).eval()
    for norm in (module for module in network.modules() if isinstance(module, nn.BatchNorm2d)):
        assert norm.running_mean is not None
        assert norm.running_var is not None
        norm.running_mean.uniform_(-1, 1)
        norm.running_var.uniform_(0.5, 2)
        nn.init.uniform_(norm.weight, 0.2, 2)
        nn.init.uniform_(norm.bias, -1, 1)
    return network


def blocks_of(network: nn.Module) -> list[nn.Module]:
    assert isinstance(network, SECNN)
    return list(network.blocks)


@pytest.mark.parametrize(("gated", "stride"), list(product((True, False), (1, 2))))
def test_a_folded_network_says_the_same(*, gated: bool, stride: int) -> None:
    settings = NetworkSettings(squeeze_excitation=gated, pooling_stride=stride, filters=(4, 6, 8))
    network = a_trained_looking(settings)
    images = torch.rand(3, 3, 64, 64)

    served = folded(network)

    assert [type(block) for block in blocks_of(served)] == 3 * [FoldedBlock]
    with torch.inference_mode():
        torch.testing.assert_close(served.embed(images), network.embed(images), rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(served(images), network(images), rtol=1e-5, atol=1e-5)


def test_a_block_with_a_factor_of_another_sign_stays_as_it_is() -> None:
    network = a_trained_looking(NetworkSettings(filters=(4, 6, 8)))
    block = blocks_of(network)[1]
    assert isinstance(block, ConvolutionBlock)
    with torch.no_grad():
        block.batch_norm.weight[2] = -0.5
    images = torch.rand(2, 3, 64, 64)

    served = folded(network)

    assert [isinstance(block, FoldedBlock) for block in blocks_of(served)] == [True, False, True]
    with torch.inference_mode():
        torch.testing.assert_close(served(images), network(images), rtol=1e-5, atol=1e-5)


def test_what_was_folded_is_a_copy() -> None:
    network = a_trained_looking(NetworkSettings(filters=(4, 6, 8)))
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    network.train()

    folded(network)

    assert network.training
    torch.testing.assert_close(network.state_dict(), before)


def test_the_first_convolution_normalises_as_well() -> None:
    network = a_trained_looking(NetworkSettings(filters=(4, 6, 8)))
    values = torch.randint(0, 256, (3, 3, 64, 64)).float()
    mean, deviation = torch.tensor([0.4, 0.5, 0.6])[:, None, None], torch.tensor([0.1, 0.2, 0.3])[:, None, None]
    with torch.inference_mode():
        expected = network((values / 255 - mean) / deviation)

    assert fold_normalisation(network, mean[None], deviation[None])

    with torch.inference_mode():
        torch.testing.assert_close(network(values), expected, rtol=1e-5, atol=1e-5)


def test_a_network_that_pads_its_input_normalises_by_itself() -> None:
    network = build_network(NetworkSettings(backbone="densenet121"))
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    assert not fold_normalisation(network, torch.zeros(1, 3, 1, 1), torch.ones(1, 3, 1, 1))
    torch.testing.assert_close(network.state_dict(), before)
