import pytest

from cloud_service.ml.network.costs import cost_of
from cloud_service.ml.network.settings import NetworkSettings

# Worked out by hand: positions of the map times weights of the filter; maps are 222, 109 and 52 pixels wide.
CONVOLUTIONS = 222 * 222 * (3 * 9 * 32) + 109 * 109 * (32 * 9 * 64) + 52 * 52 * (64 * 9 * 128)
DENSE = 128 * 128 + 128
# Reduction 16: 32 → 2 → 32, 64 → 4 → 64, 128 → 8 → 128.
SQUEEZE_EXCITATION = 2 * (32 * 2 + 64 * 4 + 128 * 8)


def test_the_se_cnn() -> None:
    by_hand = CONVOLUTIONS + DENSE + SQUEEZE_EXCITATION
    assert by_hand == 460_951_680
    cost = cost_of(NetworkSettings(), 224)
    assert (cost.parameters, cost.multiply_accumulates) == (113_263, by_hand)


def test_the_traditional_cnn() -> None:
    by_hand = CONVOLUTIONS + DENSE
    assert by_hand == 460_948_992
    cost = cost_of(NetworkSettings(squeeze_excitation=False), 224)
    assert (cost.parameters, cost.multiply_accumulates) == (110_337, by_hand)


def test_by_layer() -> None:
    cost = cost_of(NetworkSettings(), 224)
    layers = {layer.name: layer for layer in cost.layers}
    second = layers["blocks.1.convolution"]
    assert (second.kind, second.output, second.parameters) == ("Conv2d", (64, 109, 109), 32 * 64 * 9 + 64)
    assert second.multiply_accumulates == 109 * 109 * 32 * 64 * 9
    assert layers["classifier.output"].output == (1,)
    assert layers["blocks.0.batch_norm"].multiply_accumulates == 0
    assert sum(layer.parameters for layer in cost.layers) == cost.parameters
    assert sum(layer.multiply_accumulates for layer in cost.layers) == cost.multiply_accumulates


@pytest.mark.parametrize(("stride", "width"), [(1, 216), (2, 52)])
def test_the_pooling_stride_decides(stride: int, width: int) -> None:
    settings = NetworkSettings.model_validate({"pooling_stride": stride})
    (third,) = [layer for layer in cost_of(settings, 224).layers if layer.name == "blocks.2.convolution"]
    assert third.multiply_accumulates == width * width * 64 * 128 * 9


@pytest.mark.parametrize(("backbone", "millions"), [("resnet34", 3_664), ("densenet121", 2_834)])
def test_the_larger_networks_cost_what_is_published(backbone: str, millions: int) -> None:
    """Published with 1,000 outputs, at 224 pixels, without BatchNorm: 3.66 and 2.83 thousand million."""
    settings = NetworkSettings.model_validate({"backbone": backbone})
    outputs = 999 * {"resnet34": 512, "densenet121": 1024}[backbone]
    assert (cost_of(settings, 224).multiply_accumulates + outputs) / 1e6 == pytest.approx(millions, rel=0.001)
