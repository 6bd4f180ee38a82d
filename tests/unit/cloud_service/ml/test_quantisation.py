"""The graph in eight bits: the same answers but for rounding, everywhere the same, and measured beside float32."""

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import numpy_helper

from cloud_service.ml.evaluation.measures import OperatingPoint
from cloud_service.ml.export import export_onnx
from cloud_service.ml.quantisation import (
    CALIBRATION_IMAGES,
    _equalise,
    _name_nodes,
    calibration_places,
    quantise,
    quantised_figures,
)
from tests.support.model_packages import random_network, random_pixels

SIZE = 64
POINT = OperatingPoint()


@pytest.fixture(scope="module")
def onnx_file() -> bytes:
    return export_onnx(random_network(), SIZE)


@pytest.fixture(scope="module")
def folded_file() -> bytes:
    network = random_network()
    with torch.no_grad():
        for norm in (module for module in network.modules() if isinstance(module, torch.nn.BatchNorm2d)):
            norm.weight.abs_()
    return export_onnx(network, SIZE)


def logits(onnx_file: bytes, count: int = 6) -> np.ndarray:
    session = onnxruntime.InferenceSession(onnx_file, providers=["CPUExecutionProvider"])
    found = session.run(["logits"], {"pixels": random_pixels(count, size=SIZE, seed=8)})[0]
    return np.asarray(found)


def test_answers_are_nearly_the_same(onnx_file: bytes) -> None:
    before, after = logits(onnx_file), logits(quantise(onnx_file, random_pixels(8, size=SIZE)))
    assert 0.0 < np.abs(after - before).max() < 0.05 * np.ptp(before) + 0.05


def test_equalised_channels_change_no_answer(onnx_file: bytes) -> None:
    model = onnx.load_from_string(onnx_file)
    _name_nodes(model)
    inner = [node for node in model.graph.node if node.op_type == "Conv"][1:]
    _equalise(model, inner, random_pixels(4, size=SIZE))
    assert all(node.input[0].endswith(".equalised") for node in inner)  # no block of this network is folded
    np.testing.assert_allclose(logits(model.SerializeToString()), logits(onnx_file), rtol=1e-4, atol=1e-4)


def test_equalising_costs_no_pass_over_a_map_behind_a_folded_block(folded_file: bytes) -> None:
    model = onnx.load_from_string(folded_file)
    _name_nodes(model)
    inner = [node for node in model.graph.node if node.op_type == "Conv"][1:]
    read = [node.input[0] for node in inner]
    _equalise(model, inner, random_pixels(4, size=SIZE))
    assert [node.input[0] for node in inner] == read
    np.testing.assert_allclose(logits(model.SerializeToString()), logits(folded_file), rtol=1e-4, atol=1e-4)


def test_means_of_quantised_maps_are_taken_in_eight_bits(folded_file: bytes) -> None:
    def kinds(onnx_file: bytes) -> list[str]:
        return [node.op_type for node in onnx.load_from_string(onnx_file).graph.node]

    quantised = quantise(folded_file, random_pixels(8, size=SIZE))

    assert kinds(folded_file).count("AveragePool") == 3 * kinds(quantised).count("AveragePool")  # of 3 blocks
    assert kinds(quantised).count("GlobalAveragePool") == 2
    before = logits(folded_file)
    assert np.abs(logits(quantised) - before).max() < 0.05 * np.ptp(before) + 0.05


def test_the_same_file_and_images_give_the_same_bytes(onnx_file: bytes) -> None:
    images = random_pixels(3, size=SIZE)
    assert quantise(onnx_file, images) == quantise(onnx_file, images)


def test_weights_have_seven_bits_so_that_no_processor_overflows(onnx_file: bytes) -> None:
    """The older of a CPU's 8-bit instructions add two products up in 16 bits: 2 * 255 * 64 fits, 2 * 255 * 127 not."""
    model = onnx.load_from_string(quantise(onnx_file, random_pixels(3, size=SIZE)))
    kernels = [
        numpy_helper.to_array(tensor) for tensor in model.graph.initializer if tensor.data_type == onnx.TensorProto.INT8
    ]
    weights = [kernel for kernel in kernels if kernel.ndim == 4]
    assert len(weights) == 2  # all convolutions but the first
    assert all(kernel.min() >= -64 and kernel.max() <= 64 for kernel in weights)


def test_inputs_and_outputs_stay(onnx_file: bytes) -> None:
    quantised = onnx.load_from_string(quantise(onnx_file, random_pixels(2, size=SIZE)))
    plain = onnx.load_from_string(onnx_file)
    assert [tensor.name for tensor in quantised.graph.input] == [tensor.name for tensor in plain.graph.input]
    assert [tensor.name for tensor in quantised.graph.output] == [tensor.name for tensor in plain.graph.output]


def test_without_images_there_is_nothing_to_go_by(onnx_file: bytes) -> None:
    with pytest.raises(ValueError, match="there must be images"):
        quantise(onnx_file, random_pixels(0, size=SIZE))


@pytest.mark.parametrize("count", [1, 2, 127, 128, 1000])
def test_calibration_takes_images_from_everywhere(count: int) -> None:
    places = calibration_places(count)
    assert len(places) == len(set(places)) == min(count, CALIBRATION_IMAGES)
    assert (min(places), max(places)) == (0, count - 1)


def test_figures_count_what_changes(onnx_file: bytes) -> None:
    """A file beside itself changes nothing; beside another network's it changes what it does."""
    images = random_pixels(6, size=SIZE, seed=8)
    answers = 1 / (1 + np.exp(-logits(onnx_file)))
    point = OperatingPoint(threshold=float(np.sort(answers)[2:4].mean()))
    labels = (answers >= point.threshold).astype(np.float32)
    same = quantised_figures(onnx_file, onnx_file, images, labels, point, calibrated_on=1)
    assert (same.accuracy, same.accuracy_in_float32, same.changed_labels, same.largest_difference) == (1, 1, 0, 0)
    wrong = quantised_figures(onnx_file, onnx_file, images, 1 - labels, point, calibrated_on=1)
    assert (wrong.accuracy, wrong.accuracy_in_float32) == (0, 0)
