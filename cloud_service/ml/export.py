"""From torch to ONNX, with proof that the two agree."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from cloud_service.ml.deployed_network import DeployedNetwork
from cloud_service.ml.training.loop import predict_logits
from shared.errors import PermanentError

INPUT_NAME = "pixels"
LOGITS_NAME = "logits"
FEATURES_NAME = "features"
LARGEST_DIFFERENCE = 1e-4
"""By how much a logit of ONNX Runtime may differ from torch's: absolutely up to a logit of 1, relatively beyond.

float32 errors grow with the sums behind a logit. Noise, far outside of what a network learnt, was seen to give logits
of about -39 with a difference of 4e-4, that is 1e-5 of them; drawn and real images one of 1e-5 to 2.3e-5."""

_SAMPLE_IMAGES = 5


class _Served(nn.Module):
    """A DeployedNetwork whose every pass gives logits and features."""

    def __init__(self, network: DeployedNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        return self.network.logits_and_features(pixels)


class ExportError(PermanentError):
    """The exported graph does not compute what the network computes; the text gives the difference."""


def export_onnx(network: DeployedNetwork, size: int) -> bytes:
    """The network as an ONNX file: `pixels` (batch, size, size, 3) uint8 → `logits` (batch,), `features` (batch, F).

    Both outputs are float32; who wants one of them asks for it by name.

    The normalisation of the PreprocessSpec is part of the graph, and the sigmoid is not: logits keep their precision
    where probabilities are near 0 or 1. The same weights give the same bytes; the exporter's notes, which name
    folders of this machine, are taken out.
    """
    example = torch.zeros((2, size, size, 3), dtype=torch.uint8)
    with _exporter_noise_muted():
        program = torch.onnx.export(
            _Served(network).eval(),
            (example,),
            input_names=[INPUT_NAME],
            output_names=[LOGITS_NAME, FEATURES_NAME],
            dynamic_shapes=({0: torch.export.Dim("batch")},),
            external_data=False,
            verbose=False,
            dynamo=True,
        )
    assert program is not None  # noqa: S101 - always so with dynamo=True
    model = program.model_proto
    _strip_notes(model)
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString(deterministic=True))


def largest_difference(network: DeployedNetwork, onnx_file: bytes, images: NDArray[np.uint8]) -> float:
    """The largest difference between ONNX Runtime's logits and torch's on `images`, scaled as LARGEST_DIFFERENCE is.

    Args:
        network: what was exported.
        onnx_file: what `export_onnx` made of it.
        images: (N, size, size, 3) uint8; at least noise (see `sample_pixels`), and real ones where there are any.

    Raises:
        ExportError: the difference is above LARGEST_DIFFERENCE.
    """
    session = onnxruntime.InferenceSession(onnx_file, providers=["CPUExecutionProvider"])
    differences = []
    for image in images:  # one by one: this also shows that the batch's length is free
        (served,) = session.run([LOGITS_NAME], {INPUT_NAME: image[None]})
        expected = predict_logits(network, torch.tensor(image[None])).numpy()
        differences.append(np.abs(served - expected) / np.maximum(1.0, np.abs(expected)))
    worst = float(np.max(differences))  # NaN where any is NaN, unlike Python's own max
    if not worst <= LARGEST_DIFFERENCE:  # written so that NaN is refused
        raise ExportError(
            f"ONNX Runtime's logits differ from torch's by {worst:.2g}, more than {LARGEST_DIFFERENCE}. "
            "The package was not written. Compare the versions of torch, onnx and onnxruntime with pyproject.toml."
        )
    return worst


def sample_pixels(size: int) -> NDArray[np.uint8]:
    """Noise to compare runtimes on, (5, size, size, 3) uint8; the same every time."""
    return np.random.default_rng(0).integers(0, 256, (_SAMPLE_IMAGES, size, size, 3), dtype=np.uint8)


def _strip_notes(model: onnx.ModelProto) -> None:
    """Removes documentation and metadata, which hold stack traces and paths."""
    graph = model.graph
    for part in (graph, *graph.node, *graph.input, *graph.output, *graph.value_info, *graph.initializer):
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
    model.ClearField("metadata_props")
    model.ClearField("doc_string")


@contextmanager
def _exporter_noise_muted() -> Iterator[None]:
    """Mutes exactly the two messages that torch 2.13's exporter causes itself; any other warning passes."""
    registration = logging.getLogger("torch.onnx._internal.exporter._registration")
    level = registration.level
    registration.setLevel(logging.ERROR)  # "torchvision is not installed", which this project does not use
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", r"`isinstance\(treespec, LeafSpec\)` is deprecated", FutureWarning)
            yield
    finally:
        registration.setLevel(level)
