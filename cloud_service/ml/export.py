"""From torch to ONNX, with proof that the two agree."""

import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy

import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from cloud_service.ml.attention import AttentionMap
from cloud_service.ml.deployed_network import DeployedNetwork
from cloud_service.ml.network.folded_block import fold_normalisation, folded
from shared.errors import PermanentError

INPUT_NAME = "pixels"
LOGITS_NAME = "logits"
FEATURES_NAME = "features"
ATTENTION_NAME = "attention"
LARGEST_DIFFERENCE = 1e-4
"""By how much ONNX Runtime's logits and features may differ from torch's: absolutely up to 10, relatively beyond.

A logit of 10 is a probability of 0.99995: beyond it an answer no longer changes, while float32's errors grow with the
sums behind it. Noise, far outside of what a network learnt, was seen to give logits of about -39. Features are judged
by the largest of their image: all of them are made of the same sums, so that a small one is as inexact as a large one.
Trained networks were seen to give features of 175, off by 2e-4."""
LARGEST_DIFFERENCE_OF_ATTENTION = 0.05
"""Likewise of attention, as a share of an image's strongest place. Mostly it is below 1e-5, but a hidden unit that
stands at the brink of its ReLU may be on in one runtime and off in the other, and its share of the map with it."""

_STEADY_UP_TO = 10.0
_NOTHING = 1e-6  # attention of such a strength is none
_GRAINS = (1, 4, 16, 64)  # pixels; white noise, then blots about as wide as nuclei, cells and clumps are
_LEVELS = (0, 128, 255)


class _Served(nn.Module):
    """A DeployedNetwork whose every pass gives all that is served, folded where it can be."""

    def __init__(self, network: DeployedNetwork) -> None:
        super().__init__()
        self.network = deepcopy(network)
        self.network.network = folded(network.network)
        self._takes_pixels = fold_normalisation(self.network.network, network.mean, network.deviation)

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        if self._takes_pixels:
            return self.network.answers_to(pixels.permute(0, 3, 1, 2).to(torch.float32))
        return self.network.served(pixels)


class ExportError(PermanentError):
    """The exported graph does not compute what the network computes; the text gives the difference."""


def export_onnx(network: DeployedNetwork, size: int) -> bytes:
    """The network as an ONNX file: `pixels` (batch, size, size, 3) uint8 → `logits`, `features` and `attention`.

    The outputs are float32 of shape (batch,), (batch, F) and (batch, h, w); who wants one of them asks for it by name.
    Attention is what `Network.attention` gives.

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
            output_names=[LOGITS_NAME, FEATURES_NAME, ATTENTION_NAME],
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


def attention_map_of(network: DeployedNetwork, size: int) -> AttentionMap:
    """What the card says of the maps that a network gives for images of `size` by `size` pixels."""
    with torch.inference_mode():
        *_, attention = network.eval().served(torch.zeros((1, size, size, 3), dtype=torch.uint8))
    return AttentionMap(positions=attention.shape[2], grid=network.network.map_grid)


def largest_difference(
    network: DeployedNetwork, onnx_file: bytes, images: NDArray[np.uint8], *, with_attention: bool = True
) -> float:
    """The largest difference between ONNX Runtime's logits and torch's on `images`, scaled as LARGEST_DIFFERENCE is.

    The features are compared too, so that distances to what was trained on are the same in both, and the attention.

    Args:
        network: what was exported.
        onnx_file: what `export_onnx` made of it.
        images: (N, size, size, 3) uint8; at least those of `sample_pixels`, and real ones where there are any.
        with_attention: off for files of earlier versions, which have no such output.

    Raises:
        ExportError: the file lacks an output, or a difference is above LARGEST_DIFFERENCE.
    """
    session = onnxruntime.InferenceSession(onnx_file, providers=["CPUExecutionProvider"])
    names = [LOGITS_NAME, FEATURES_NAME, *([ATTENTION_NAME] if with_attention else [])]
    _require_outputs(session, names)
    differences = []
    with torch.inference_mode():
        for image in images:  # one by one: this also shows that the batch's length is free
            found = session.run(names, {INPUT_NAME: image[None]})
            expected = network.eval().served(torch.tensor(image[None]))
            differences.append([_difference(*three) for three in zip(names, found, expected, strict=False)])
    worst = np.max(differences, axis=0)  # NaN where any is NaN, unlike Python's own max
    for name, difference in zip(names, worst.tolist(), strict=True):
        most = LARGEST_DIFFERENCE_OF_ATTENTION if name == ATTENTION_NAME else LARGEST_DIFFERENCE
        if not difference <= most:  # written so that NaN is refused
            raise ExportError(
                f"ONNX Runtime's {name} differ from torch's by {difference:.2g}, more than {most}. "
                "Do not use the ONNX file; export it again, and if that fails too, compare the versions of torch, "
                "onnx and onnxruntime with pyproject.toml."
            )
    return float(worst[0])


def sample_pixels(size: int) -> NDArray[np.uint8]:
    """Pictures to compare runtimes on, (7, size, size, 3) uint8, the same every time.

    Noise from fine to coarse, then black, grey and white: sums of many equal values are hard on float32.
    """
    chance = np.random.default_rng(0)
    noise = [
        np.kron(
            chance.integers(0, 256, (-(-size // grain), -(-size // grain), 3), dtype=np.uint8),
            np.ones((grain, grain, 1), dtype=np.uint8),
        )[:size, :size]
        for grain in _GRAINS
    ]
    return np.stack([*noise, *(np.full((size, size, 3), level, dtype=np.uint8) for level in _LEVELS)])


def _difference(name: str, served: NDArray[np.float32], expected: Tensor) -> float:
    reference = expected.numpy()
    largest = np.abs(reference).max()  # of one image, whose logit is but one number
    scale = max(largest, _NOTHING) if name == ATTENTION_NAME else max(1.0, largest / _STEADY_UP_TO)
    return float(np.max(np.abs(served - reference)) / scale)


def _require_outputs(session: onnxruntime.InferenceSession, names: Sequence[str]) -> None:
    missing = set(names) - {output.name for output in session.get_outputs()}
    if missing:
        raise ExportError(
            f"The ONNX file has no output named {' or '.join(sorted(missing))}. It comes from an earlier version of "
            "Smearflow; `smearflow model renew` writes a package whose file has them."
        )


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
