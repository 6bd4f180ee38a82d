"""Why AUTO stands for one runtime and not for another, in words for a person."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec

from cloud_service.ml.engines import opening
from cloud_service.ml.engines.bindings import GpuError, NoGpuError
from cloud_service.ml.model_card import ModelCard
from cloud_service.ml.runtimes.loading import RuntimeName, fastest_for

_PERCENT = 100
_NO_FASTER = "no faster than ONNX Runtime where both were measured, so only where it is asked for by name"
_SLOWER = {
    RuntimeName.TORCH: "the reference that others are compared with; slower, so only where it is asked for by name",
    RuntimeName.OPENVINO: _NO_FASTER,
    RuntimeName.OPENVINO_INT8: _NO_FASTER,
}


@dataclass(frozen=True, slots=True)
class RuntimeChoice:
    """One runtime, and what speaks for or against it with one model on this machine."""

    name: RuntimeName
    chosen: bool
    reason: str


def choices_for(card: ModelCard) -> Iterator[RuntimeChoice]:
    """Each runtime that can be asked for, the one that AUTO stands for among them; no runtime is loaded."""
    chosen = fastest_for(card)
    for name in RuntimeName:
        if name is not RuntimeName.AUTO:
            yield RuntimeChoice(name, name is chosen, _reason(name, chosen, card))


def library_of(name: RuntimeName) -> str:
    """The Python package that the runtime needs."""
    return name.value.removesuffix("-int8")


def is_installed(name: RuntimeName) -> bool:
    """Whether the runtime's library is there, and for TensorRT a GPU; no other library is imported."""
    if name is RuntimeName.TENSORRT:
        return gpu_or_fault()[0]
    return find_spec(library_of(name)) is not None


def gpu_or_fault() -> tuple[bool, str]:
    """Whether TensorRT has all that it needs here, and which GPU that is, or what is missing."""
    try:
        gpu = opening.open_gpu()
        device = gpu.cuda.describe()
    except (NoGpuError, GpuError) as error:
        return False, str(error)
    return True, f"TensorRT {gpu.tensorrt.__version__} on {device.name}, driver {device.driver}"


def _reason(name: RuntimeName, chosen: RuntimeName, card: ModelCard) -> str:
    if name is RuntimeName.TENSORRT:
        is_there, told = gpu_or_fault()
        return f"{told}; workers go over to it when the model's engine has passed its check" if is_there else told
    if not is_installed(name):
        return f"{library_of(name)} is not installed"
    match name:
        case RuntimeName.ONNXRUNTIME_INT8:
            return _of_eight_bits(card)
        case RuntimeName.TORCH | RuntimeName.OPENVINO | RuntimeName.OPENVINO_INT8:
            return _SLOWER[name]
        case _ if name is chosen:
            return "the fastest in float32, and the card vouches for nothing faster"
        case _:
            return f"{chosen} is faster, and the card vouches for it"


def _of_eight_bits(card: ModelCard) -> str:
    quantised = card.quantised
    if quantised is None:
        return "the package holds no network in eight bits; make one with `smearflow model quantise`"
    lost = _PERCENT * (quantised.accuracy_in_float32 - quantised.accuracy)
    measured = f"{lost:.2f} points of accuracy lost, probabilities {quantised.mean_difference:.4f} apart on average"
    return f"fit by the card: {measured}" if quantised.is_fit else f"it costs too much by the card: {measured}"
