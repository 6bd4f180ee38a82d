"""The ONNX file as TensorRT 11 takes it: precision is part of the graph there, and of nothing else.

- float16: weights and maps in half precision, by ONNX Runtime's converter. What stands before the first convolution
  stays in float32.
- int8: the package's file in eight bits, whose quantisation is explicit already. TensorRT knows symmetric ranges only
  (NVIDIA, "Working with Quantized Types"), so that each range of maps is widened to one around 0, and biases are
  float again.

What was quantised in another way than here is refused by TensorRT itself. bfloat16 is not offered: it is as fast as
float16 and eight times coarser, and what float16's range does not hold fails the parity check.
"""

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import compose, helper, numpy_helper, utils

from cloud_service.ml.engines.precision import Precision, outputs_of, source_of
from cloud_service.ml.package import ModelPackage

_LARGEST = {"uint8": 255, "int8": 127}


def graph_for(package: ModelPackage, precision: Precision) -> bytes:
    """The ONNX file from which TensorRT makes the engine; inputs and outputs are as in the package's.

    Raises:
        ModelPackageError: the package has no such file, or it is not the one that the card names.
    """
    model = onnx.load_from_string(package.read(source_of(precision)))
    model = _with_outputs(model, outputs_of(package))
    if precision is Precision.FLOAT16:
        model = _halved(model)
    del model.graph.value_info[:]  # of inner maps, whose types change
    _cast_first(model.graph)
    if precision is Precision.INT8:
        _make_symmetric(model.graph)
    return bytes(model.SerializeToString(deterministic=True))


def _with_outputs(model: onnx.ModelProto, names: list[str]) -> onnx.ModelProto:
    """The part of the graph that these outputs need."""
    return utils.Extractor(model).extract_model([entry.name for entry in model.graph.input], names)


def _cast_first(graph: onnx.GraphProto) -> None:
    """Turn bytes into numbers before they change places: TensorRT takes bytes as an input and can only cast them."""
    pixels = graph.input[0].name
    transpose = next((node for node in graph.node if node.op_type == "Transpose" and node.input[0] == pixels), None)
    if transpose is None:
        return
    cast = next(node for node in graph.node if node.op_type == "Cast" and node.input[0] == transpose.output[0])
    place, between, end = list(graph.node).index(transpose), transpose.output[0], cast.output[0]
    graph.node.remove(transpose)
    graph.node.remove(cast)
    cast.input[0], cast.output[0] = pixels, between
    transpose.input[0], transpose.output[0] = between, end
    for node in (transpose, cast):
        graph.node.insert(place, node)


def _halved(model: onnx.ModelProto) -> onnx.ModelProto:
    """The graph in float16 from its first convolution on, with a cast there and at its outputs."""
    from onnxruntime.transformers.float16 import convert_float_to_float16  # noqa: PLC0415 - slow to import
    from onnxruntime.transformers.onnx_model import OnnxModel  # noqa: PLC0415

    names = [entry.name for entry in model.graph.input], [entry.name for entry in model.graph.output]
    normalised = next(node for node in model.graph.node if node.op_type == "Conv").input[0]
    parts = utils.Extractor(model)
    network = convert_float_to_float16(parts.extract_model([normalised], names[1]), keep_io_types=True)
    OnnxModel(network).topological_sort()  # the converter puts its casts at the end
    normalisation = parts.extract_model(names[0], [normalised])
    for part in (normalisation, network):
        del part.graph.value_info[:]  # both name the map between them, and may not
    return compose.merge_models(normalisation, network, io_map=[(normalised, normalised)])


def _make_symmetric(graph: onnx.GraphProto) -> None:
    """Give all ranges a zero point of 0, and biases their float values."""
    values = {tensor.name: tensor for tensor in graph.initializer}
    _rectify_first(graph, values)
    for node in [node for node in graph.node if node.op_type == "DequantizeLinear"]:
        scale, zero_point = (numpy_helper.to_array(values[name]) for name in node.input[1:3])
        if zero_point.dtype == np.int32:
            bias = numpy_helper.to_array(values[node.input[0]]).astype(np.float32) * scale
            graph.initializer.append(numpy_helper.from_array(bias.astype(np.float32), node.output[0]))
            graph.node.remove(node)
            for name in node.input:
                graph.initializer.remove(values[name])
        elif zero_point.dtype == np.uint8:
            widened = _symmetric_scale(scale, zero_point)
            values[node.input[1]].CopyFrom(numpy_helper.from_array(widened, node.input[1]))
            values[node.input[2]].CopyFrom(numpy_helper.from_array(np.zeros((), np.int8), node.input[2]))


def _rectify_first(graph: onnx.GraphProto, values: dict[str, onnx.TensorProto]) -> None:
    """Put back the ReLUs that quantising took out, because a range of bytes that begins at 0 cuts off the same."""
    for node in [node for node in graph.node if node.op_type == "QuantizeLinear"]:
        zero_point = numpy_helper.to_array(values[node.input[2]])
        if zero_point.dtype == np.uint8 and zero_point == 0:
            rectified = f"{node.output[0]}.rectified"
            place = list(graph.node).index(node)
            graph.node.insert(place, helper.make_node("Relu", [node.input[0]], [rectified], name=rectified))
            node.input[0] = rectified


def _symmetric_scale(scale: NDArray[np.float32], zero_point: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The step of 255 values around 0 that reach as far as 256 from -zero_point on did."""
    furthest = np.maximum(zero_point, _LARGEST["uint8"] - zero_point.astype(np.int64))
    return np.asarray(scale * furthest / _LARGEST["int8"], dtype=np.float32)
