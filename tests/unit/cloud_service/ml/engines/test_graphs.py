"""What TensorRT is given computes what the package's file computes, and is such that TensorRT takes it."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

from cloud_service.ml.engines.graphs import graph_for
from cloud_service.ml.engines.parity import MOST_DIFFERENCE, calibration_pixels
from cloud_service.ml.engines.precision import Precision
from cloud_service.ml.package import load_package
from cloud_service.ml.runtimes.contract import probabilities_of
from cloud_service.ml.runtimes.loading import load_runtime
from tests.support.fake_gpu import require_what_tensorrt_takes

DEMO_MODEL = Path(__file__).parents[5] / "cloud_service" / "ml" / "demo_model"


@pytest.mark.parametrize("precision", Precision)
def test_a_graph_for_tensorrt_answers_as_before(precision: Precision) -> None:
    package = load_package(DEMO_MODEL)
    pixels = calibration_pixels(package.card.preprocess, crops=4, fields=0)
    model = onnx.load_from_string(graph_for(package, precision))
    require_what_tensorrt_takes(model.graph)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])

    logits = np.concatenate([session.run(["logits"], {"pixels": image[None]})[0] for image in pixels])

    found = probabilities_of(logits, temperature=package.card.temperature, runtime="tensorrt")
    expected = load_runtime(package, "onnxruntime").predict(pixels).probabilities
    assert np.abs(found - expected).max() <= MOST_DIFFERENCE[precision]
    assert [output.name for output in session.get_outputs()] == ["logits", "attention"]
    halves = [t.name for t in model.graph.initializer if t.data_type == onnx.TensorProto.FLOAT16]
    assert bool(halves) == (precision is Precision.FLOAT16)
