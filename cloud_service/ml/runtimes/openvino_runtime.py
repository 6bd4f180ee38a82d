"""OpenVINO on the CPU: an optional runtime, asked for by name."""

import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cloud_service.ml.runtimes.contract import Pixels
from cloud_service.ml.runtimes.cpu_runtime import CpuRuntime


class OpenVinoRuntime(CpuRuntime):
    """See `CpuRuntime`."""

    library = "openvino"
    unusable = (RuntimeError, KeyError)  # KeyError: an output that the card names is missing

    def _load(self, onnx_file: bytes, threads: int) -> None:
        properties = {
            "INFERENCE_NUM_THREADS": threads,
            "INFERENCE_PRECISION_HINT": "f32",  # else bfloat16 where the processor has it, which moves probabilities
            "PERFORMANCE_HINT": "LATENCY",
        }
        core = _openvino().Core()
        self._model: Any = core.compile_model(core.read_model(onnx_file), "CPU", properties)

    def _run(self, pixels: Pixels) -> list[NDArray[np.float32]]:
        found = self._model(pixels)
        return [np.array(found[name]) for name in self._outputs]


def _openvino() -> Any:
    """The library, kept from telling Google Analytics that it was imported.

    It does that wherever `openvino_telemetry` can be imported and its user has not declined. A service beside patients'
    images tells nobody of anything.
    """
    # None means "not to be imported" (Python's reference, 5.3.1); OpenVINO then takes the stub that it ships for that.
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]
    import openvino  # noqa: PLC0415 - only after the line above

    return openvino
