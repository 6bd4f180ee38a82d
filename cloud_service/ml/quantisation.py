"""A network's ONNX file in eight bits: on a CPU half the work, and nearly the same answers.

The convolutions are quantised, all but the first, which reads three channels and gains nothing, and with them the ReLUs
and the means of whole maps behind them. Each reads 8-bit numbers with one scale for the whole map, so that a channel of
small values would keep few of its steps beside one of large values. So the channels are equalised first, exactly: each
is divided by a factor, and the weights that read it are multiplied by the same (Xiao et al., "SmoothQuant", ICML 2023,
equation 4, with its alpha of 0.5).
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from logging import LogRecord, getLogger
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper
from onnxruntime import InferenceSession
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

from cloud_service.ml.evaluation.measures import OperatingPoint
from cloud_service.ml.export import INPUT_NAME, LOGITS_NAME
from cloud_service.ml.model_card import QuantisedFigures
from cloud_service.ml.runtimes.contract import Pixels, probabilities_of

CALIBRATION_IMAGES = 128
"""Training images on which the range of each map is taken; more were not seen to change it."""

_ALPHA = 0.5
_FOLDED = ["Add", "Mul", "MaxPool"]  # what makes the map that a convolution reads behind a folded block, last first
_SMALLEST = 1e-6  # of a channel without any activity, which is then left as it is


def quantise(onnx_file: bytes, images: Pixels) -> bytes:
    """The graph of `onnx_file` with its inner convolutions in eight bits; inputs and outputs stay as they are.

    Weights have seven bits, which is as much as every processor's 8-bit instructions add up without overflow: so the
    answers do not depend on where they are worked out. The same file and images give the same bytes.

    Args:
        onnx_file: what `export.export_onnx` gives.
        images: (N, size, size, 3) uint8, those that the network was trained on or their like.

    Raises:
        ValueError: there are no images, or the graph has no inner convolution.
    """
    model = onnx.load_from_string(onnx_file)
    inner = [node for node in model.graph.node if node.op_type == "Conv"][1:]
    if not inner or not len(images):
        raise ValueError("To quantise, a graph must have two convolutions or more, and there must be images.")
    _name_nodes(model)
    _equalise(model, inner, images)
    rectifying = [node for node in model.graph.node if node.op_type == "Relu"]
    behind = [node for node in rectifying if node.input[0] in {convolution.output[0] for convolution in inner}]
    means = [mean for node in behind if (mean := _mean_at_once(model.graph, node))]
    with tempfile.TemporaryDirectory() as folder, _advice_muted():
        source, target = Path(folder) / "equalised.onnx", Path(folder) / "quantised.onnx"
        onnx.save(model, source)
        quantize_static(
            source,
            target,
            _Images(images),
            quant_format=QuantFormat.QDQ,
            nodes_to_quantize=[node.name for node in (*inner, *behind, *means)],
            op_types_to_quantize=["Conv", "Relu", "GlobalAveragePool"],
            per_channel=True,
            reduce_range=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )
        return target.read_bytes()


def calibration_places(count: int) -> list[int]:
    """Which of `count` training images to calibrate on: CALIBRATION_IMAGES at most, spread over all of them."""
    return [int(place) for place in np.linspace(0, count - 1, min(CALIBRATION_IMAGES, count)).round()]


def quantised_figures(
    float32: bytes,
    quantised: bytes,
    images: Pixels,
    labels: NDArray[np.float32],
    point: OperatingPoint,
    *,
    calibrated_on: int,
) -> QuantisedFigures:
    """How the file in eight bits answers beside the one in float32.

    Args:
        float32: what `export.export_onnx` gave.
        quantised: what `quantise` made of it.
        images: (N, size, size, 3) uint8, held out.
        labels: (N,), 1 for ALL.
        point: the card's threshold and temperature.
        calibrated_on: images that `quantise` was given.
    """
    before, after = (_probabilities(file, images, point.temperature) for file in (float32, quantised))
    called_before, called = before >= point.threshold, after >= point.threshold
    difference = np.abs(after - before)
    return QuantisedFigures(
        calibrated_on=calibrated_on,
        images=len(images),
        accuracy=float(np.mean(called == (labels > 0))),
        accuracy_in_float32=float(np.mean(called_before == (labels > 0))),
        changed_labels=int(np.count_nonzero(called != called_before)),
        largest_difference=float(difference.max()),
        mean_difference=float(difference.mean()),
    )


def _probabilities(onnx_file: bytes, images: Pixels, temperature: float) -> NDArray[np.float32]:
    session = InferenceSession(onnx_file, providers=["CPUExecutionProvider"])
    logits = np.concatenate([session.run([LOGITS_NAME], {INPUT_NAME: image[None]})[0] for image in images])
    return probabilities_of(logits, temperature=temperature, runtime="onnxruntime")


class _Images(CalibrationDataReader):  # type: ignore[misc] # the library has no types
    def __init__(self, images: Pixels) -> None:
        self._images = iter(images)

    def get_next(self) -> dict[str, Pixels] | None:
        """The next batch of one image; None after the last."""
        image = next(self._images, None)
        return None if image is None else {INPUT_NAME: image[None]}


def _name_nodes(model: onnx.ModelProto) -> None:
    """Give names to nodes that have none: the quantiser chooses by name."""
    for number, node in enumerate(model.graph.node):
        node.name = node.name or f"node_{number}"


def _equalise(model: onnx.ModelProto, convolutions: list[onnx.NodeProto], images: Pixels) -> None:
    """Divide the channels that each convolution reads, and multiply its weights by the same; the answers stay."""
    graph = model.graph
    weights = {tensor.name: tensor for tensor in graph.initializer}
    largest = _largest_in_channels(model, [node.input[0] for node in convolutions], images)
    for node in convolutions:
        read, kernel = node.input[0], weights[node.input[1]]
        values = numpy_helper.to_array(kernel)
        active = np.maximum(largest[read], _SMALLEST)
        weight = np.maximum(np.abs(values).max(axis=(0, 2, 3)), _SMALLEST)
        factors = (active**_ALPHA / weight ** (1.0 - _ALPHA)).astype(np.float32)
        kernel.CopyFrom(numpy_helper.from_array(values * factors[None, :, None, None], kernel.name))
        divisors = f"{node.name}.factors"
        graph.initializer.append(numpy_helper.from_array((1.0 / factors)[None, :, None, None], divisors))
        for reader, place in _to_divide(graph, node):
            _multiply(graph, reader, place, divisors)


def _to_divide(graph: onnx.GraphProto, convolution: onnx.NodeProto) -> list[tuple[onnx.NodeProto, int]]:
    """The inputs (node, number) that make the map which a convolution reads as many times larger as they are.

    Behind a folded block it is `pooled * scale + offset`, whose scale and offset are one number a channel; else it is
    the map itself.
    """
    makers = {output: node for node in graph.node for output in node.output}
    chain = [convolution]  # upwards: convolution, addition, scaling, pooling
    while len(chain) <= len(_FOLDED) and (maker := makers.get(chain[-1].input[0])):
        chain.append(maker)
    if [node.op_type for node in chain[1:]] == _FOLDED:
        _, added, scaled, _ = chain
        return [(scaled, 1), (added, 1)]
    return [(convolution, 0)]


def _multiply(graph: onnx.GraphProto, reader: onnx.NodeProto, place: int, factors: str) -> None:
    """Multiply what one input of a node reads."""
    product = f"{reader.input[place]}.equalised"
    position = next(i for i, node in enumerate(graph.node) if node.name == reader.name)
    graph.node.insert(position, helper.make_node("Mul", [reader.input[place], factors], [product], name=product))
    reader.input[place] = product


def _mean_at_once(graph: onnx.GraphProto, rectifying: onnx.NodeProto) -> onnx.NodeProto | None:
    """Take the mean of each map behind a ReLU in one step, if it is taken in several (`mean_in_steps`).

    Those steps keep the digits of float32. Eight bits are added up in 32, which loses none, and need no other order of
    the map for it.
    """
    steps: list[onnx.NodeProto] = []
    at = rectifying.output[0]
    while step := next((node for node in graph.node if node.op_type == "AveragePool" and node.input[0] == at), None):
        steps.append(step)
        at = step.output[0]
    if not steps:
        return None
    mean = helper.make_node("GlobalAveragePool", [rectifying.output[0]], [at], name=f"{rectifying.name}.mean")
    graph.node.insert(list(graph.node).index(steps[0]), mean)
    for step in steps:
        graph.node.remove(step)
    return mean


def _largest_in_channels(model: onnx.ModelProto, maps: list[str], images: Pixels) -> dict[str, NDArray[np.float32]]:
    """The largest magnitude in each channel of some inner maps (N, C, h, w) over all images: (C,) each."""
    watched = onnx.ModelProto()
    watched.CopyFrom(model)
    watched.graph.output.extend(helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in maps)
    session = InferenceSession(watched.SerializeToString(), providers=["CPUExecutionProvider"])
    found = [
        [np.abs(values).max(axis=(0, 2, 3)) for values in session.run(maps, {INPUT_NAME: image[None]})]
        for image in images
    ]
    return dict(zip(maps, (np.max(values, axis=0) for values in zip(*found, strict=True)), strict=True))


@contextmanager
def _advice_muted() -> Iterator[None]:
    """Mutes the advice to run the library's own preprocessing: the exporter has done that work."""
    logger = getLogger()  # which the library itself writes to
    logger.addFilter(_is_no_advice)
    try:
        yield
    finally:
        logger.removeFilter(_is_no_advice)


def _is_no_advice(record: LogRecord) -> bool:
    return "pre-processing before quantization" not in record.getMessage()
