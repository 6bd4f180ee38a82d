import pytest
import torch
from pydantic import ValidationError

from cloud_service.ml.network.convolution_block import ConvolutionBlock
from cloud_service.ml.network.se_cnn import SECNN
from cloud_service.ml.network.settings import NetworkSettings
from cloud_service.ml.network.squeeze_excitation import SqueezeExcitation, mean_in_steps

# Worked out by hand: weights + biases of each layer, with BatchNorm's scale and shift.
FIRST_BLOCK = (3 * 32 * 3 * 3 + 32) + 2 * 32
SECOND_BLOCK = (32 * 64 * 3 * 3 + 64) + 2 * 64
THIRD_BLOCK = (64 * 128 * 3 * 3 + 128) + 2 * 128
DENSE = (128 * 128 + 128) + (128 * 1 + 1)
# Reduction 16: 32 → 2 → 32, 64 → 4 → 64, 128 → 8 → 128.
SQUEEZE_EXCITATION = (32 * 2 + 2 + 2 * 32 + 32) + (64 * 4 + 4 + 4 * 64 + 64) + (128 * 8 + 8 + 8 * 128 + 128)
PLAIN = NetworkSettings(squeeze_excitation=False)


def parameter_count(network: SECNN) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def test_parameters_of_the_se_cnn() -> None:
    by_hand = FIRST_BLOCK + SECOND_BLOCK + THIRD_BLOCK + DENSE + SQUEEZE_EXCITATION
    assert by_hand == 113_263
    assert parameter_count(SECNN(NetworkSettings())) == by_hand


def test_parameters_of_the_traditional_cnn() -> None:
    by_hand = FIRST_BLOCK + SECOND_BLOCK + THIRD_BLOCK + DENSE
    assert by_hand == 110_337
    assert parameter_count(SECNN(PLAIN)) == by_hand


@pytest.mark.parametrize(("stride", "sides"), [(2, [111, 54, 26]), (1, [221, 218, 215])])
def test_map_sizes_follow_the_pooling_stride(stride: int, sides: list[int]) -> None:
    settings = NetworkSettings.model_validate({"pooling_stride": stride, "filters": [2, 2, 2]})
    features = torch.zeros(1, 3, 224, 224)
    found = []
    for block in SECNN(settings).blocks:
        features = block(features)
        found.append(features.shape[-1])
    assert found == sides


def test_one_logit_an_image() -> None:
    assert SECNN(NetworkSettings(filters=(4, 4, 4))).eval()(torch.rand(5, 3, 64, 64)).shape == (5,)


def test_squeeze_and_excitation_follows_its_equations() -> None:
    layer = SqueezeExcitation(channels=2, squeezed=1)
    with torch.no_grad():
        layer.narrow.weight.copy_(torch.tensor([[1.0, 2.0]]))
        layer.narrow.bias.fill_(-3.0)
        layer.widen.weight.copy_(torch.tensor([[0.5], [-1.0]]))
        layer.widen.bias.copy_(torch.tensor([0.0, 1.0]))
    features = torch.tensor([[[[1.0, 3.0]], [[2.0, 2.0]]]])  # channel means 2 and 2, so z = relu(2 + 4 - 3) = 3
    gate = torch.sigmoid(torch.tensor([1.5, -2.0]))
    torch.testing.assert_close(layer.excite(layer.squeeze(features)), gate[None])
    torch.testing.assert_close(layer(features), features * gate[None, :, None, None])


@pytest.mark.parametrize("size", [(222, 222), (109, 52), (1, 7)])
def test_the_mean_in_steps_is_the_mean(size: tuple[int, int]) -> None:
    maps = torch.rand(2, 3, *size)
    torch.testing.assert_close(mean_in_steps(maps), maps.mean(dim=(2, 3)))


def test_batch_norm_stands_after_the_relu() -> None:
    block = ConvolutionBlock(3, 4, PLAIN).eval()
    with torch.no_grad():
        block.batch_norm.bias.fill_(-5.0)
    # Were the ReLU last, nothing could be negative.
    assert block(torch.rand(1, 3, 8, 8)).min() < 0


def test_a_reduction_above_the_channels_leaves_one_unit() -> None:
    assert NetworkSettings(reduction=64).squeezed(32) == 1


@pytest.mark.parametrize("wrong", [{"pooling_stride": 3}, {"filters": [0, 1, 1]}, {"reduction": 0}, {"filter": []}])
def test_wrong_settings_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        NetworkSettings.model_validate(wrong)
