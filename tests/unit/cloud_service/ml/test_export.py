import logging
import warnings

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from cloud_service.ml.deployed_network import DeployedNetwork
from cloud_service.ml.export import ExportError, _difference, export_onnx, largest_difference, sample_pixels
from cloud_service.ml.network.building import build_network
from cloud_service.ml.network.convolution_block import ConvolutionBlock
from cloud_service.ml.network.se_cnn import SECNN
from cloud_service.ml.network.settings import Backbone, NetworkSettings
from shared.imaging.preprocess import PreprocessSpec
from tests.support.model_packages import SPEC, random_network, random_pixels


def output_bias(network: DeployedNetwork) -> torch.Tensor:
    assert isinstance(network.network, SECNN)
    return network.network.classifier.output.bias


@pytest.fixture(scope="module")
def onnx_file() -> bytes:
    return export_onnx(random_network(), SPEC.size)


def test_takes_camera_pixels_in_batches_of_any_length(onnx_file: bytes) -> None:
    session = onnxruntime.InferenceSession(onnx_file, providers=["CPUExecutionProvider"])
    (pixels,), (logits, features, attention) = session.get_inputs(), session.get_outputs()
    assert (pixels.name, pixels.type, pixels.shape) == ("pixels", "tensor(uint8)", ["batch", 224, 224, 3])
    assert (logits.name, logits.type, logits.shape) == ("logits", "tensor(float)", ["batch"])
    assert (features.name, features.type, features.shape) == ("features", "tensor(float)", ["batch", 8])
    assert (attention.name, attention.type, attention.shape) == ("attention", "tensor(float)", ["batch", 26, 26])
    for count in (1, 3):
        assert session.run(None, {"pixels": random_pixels(count)})[0].shape == (count,)


def test_agrees_with_torch(onnx_file: bytes) -> None:
    images = np.concatenate([random_pixels(3, seed=9), sample_pixels(SPEC.size)])
    assert largest_difference(random_network(), onnx_file, images) <= 1e-4


def test_blank_fields_are_as_exact_as_others() -> None:
    """The default network's first map has 49,284 values; where they are all equal, adding them up costs digits."""
    network = random_network(NetworkSettings())
    blank = np.stack([np.full((224, 224, 3), level, dtype=np.uint8) for level in (0, 90, 255)])
    assert largest_difference(network, export_onnx(network, SPEC.size), blank) <= 1e-5


def test_samples_hold_noise_of_every_grain_and_blank_fields() -> None:
    pixels = sample_pixels(96)
    assert pixels.shape == (7, 96, 96, 3)
    assert [len(np.unique(picture)) > 1 for picture in pixels] == [True] * 4 + [False] * 3
    np.testing.assert_array_equal(pixels, sample_pixels(96))


def test_a_graph_that_computes_something_else_is_refused(onnx_file: bytes) -> None:
    other = random_network()
    with torch.no_grad():
        output_bias(other).add_(0.01)
    with pytest.raises(ExportError, match=r"logits differ from torch's by 0\.01"):
        largest_difference(other, onnx_file, random_pixels(1))


def test_features_that_differ_are_refused() -> None:
    """Features twice as large, and a classifier that halves them: the logits are the same."""
    plain = NetworkSettings(filters=(2, 3, 4), squeeze_excitation=False, hidden_units=4)
    network, other = random_network(plain), random_network(plain)
    assert isinstance(other.network, SECNN)
    last = other.network.blocks[-1]
    assert isinstance(last, ConvolutionBlock)
    with torch.no_grad():
        last.batch_norm.weight.mul_(2.0)
        last.batch_norm.bias.mul_(2.0)
        other.network.classifier.hidden.weight.mul_(0.5)
    onnx_file, images = export_onnx(network, SPEC.size), random_pixels(1)
    assert largest_difference(network, onnx_file, images) <= 1e-4
    with pytest.raises(ExportError, match="features differ"):
        largest_difference(other, onnx_file, images)


def test_features_are_judged_by_the_largest_of_their_image() -> None:
    """A trained network gives large features beside small ones, and float32 leaves both with the large one's error."""
    reference = torch.tensor([[0.5, 90.0]])
    noise = np.array([[2e-4, 2e-4]], dtype=np.float32)
    assert _difference("features", reference.numpy() + noise, reference) <= 1e-4
    assert _difference("logits", np.array([0.5002], dtype=np.float32), torch.tensor([0.5])) > 1e-4


def test_a_graph_without_features_is_refused(onnx_file: bytes) -> None:
    model = onnx.load_from_string(onnx_file)
    del model.graph.output[1]
    with pytest.raises(ExportError, match="no output named features"):
        largest_difference(random_network(), model.SerializeToString(), random_pixels(1))


def test_answers_that_are_no_numbers_are_refused(onnx_file: bytes) -> None:
    broken = random_network()
    with torch.no_grad():
        output_bias(broken).fill_(float("nan"))
    with pytest.raises(ExportError, match="nan"):
        largest_difference(broken, onnx_file, random_pixels(1))


def test_the_same_weights_give_the_same_bytes(onnx_file: bytes) -> None:
    assert export_onnx(random_network(), SPEC.size) == onnx_file


def test_no_path_of_this_machine_is_inside(onnx_file: bytes) -> None:
    assert b".py" not in onnx_file
    assert b"cloud_service" not in onnx_file
    onnx.checker.check_model(onnx.load_from_string(onnx_file))


@pytest.mark.parametrize("changes", [{"squeeze_excitation": False}, {"pooling_stride": 1}])
def test_every_reading_of_the_paper_can_be_exported(changes: dict[str, object]) -> None:
    settings = NetworkSettings.model_validate({"filters": [2, 3, 4], **changes})
    network = random_network(settings)
    images = np.zeros((1, 224, 224, 3), dtype=np.uint8)
    assert largest_difference(network, export_onnx(network, SPEC.size), images) <= 1e-4


@pytest.mark.slow
@pytest.mark.parametrize("backbone", ["resnet34", "densenet121"])
def test_larger_networks_can_be_exported(backbone: Backbone) -> None:
    torch.manual_seed(2)
    spec = PreprocessSpec(size=64)
    network = DeployedNetwork(build_network(NetworkSettings(backbone=backbone)), spec).eval()
    images = np.concatenate([sample_pixels(64), random_pixels(2, size=64)])
    assert largest_difference(network, export_onnx(network, 64), images) <= 1e-4


def test_the_exporter_leaves_warnings_and_loggers_as_they_were(caplog: pytest.LogCaptureFixture) -> None:
    registration = logging.getLogger("torch.onnx._internal.exporter._registration")
    before = registration.level, list(warnings.filters)
    with caplog.at_level(logging.WARNING):
        export_onnx(random_network(), SPEC.size)
    assert (registration.level, list(warnings.filters)) == before
    assert not [record for record in caplog.records if record.name.startswith("torch.onnx")]
