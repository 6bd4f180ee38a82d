"""OpenVINO on the CPU: an optional runtime, asked for by name."""

import sys
from typing import Any

import numpy as np

from cloud_service.ml.package import ModelPackage, PackageFile
from cloud_service.ml.runtimes.contract import (
    CPU_BATCH_LIMIT,
    BrokenModelError,
    Pixels,
    Predictions,
    check_batch,
    probabilities_of,
)

_LOGITS, _ATTENTION = "logits", "attention"  # of the graph's outputs, by name (export.py)


class OpenVinoRuntime:
    """A `Runtime` over one of the package's ONNX files, which OpenVINO reads as they are.

    Args:
        package: the verified model package.
        threads: threads of one call.
        file: the graph in float32 (ONNX) or in eight bits (QUANTISED).

    Raises:
        ModelPackageError: the ONNX file is not the one that the card names, or the card names none in eight bits.
        BrokenModelError: it cannot be run, or not on images of the size that the card names.
    """

    batch_limit = CPU_BATCH_LIMIT

    def __init__(self, package: ModelPackage, threads: int, file: PackageFile = PackageFile.ONNX) -> None:
        self.name = "openvino-int8" if file is PackageFile.QUANTISED else "openvino"
        self._attention = package.card.attention
        self._size = package.card.preprocess.size
        self._temperature = package.card.temperature
        properties = {
            "INFERENCE_NUM_THREADS": threads,
            "INFERENCE_PRECISION_HINT": "f32",  # else bfloat16 where the processor has it, which moves probabilities
            "PERFORMANCE_HINT": "LATENCY",
        }
        blank = np.zeros((1, self._size, self._size, 3), dtype=np.uint8)
        try:
            core = _openvino().Core()
            self._model: Any = core.compile_model(core.read_model(package.read(file)), "CPU", properties)
            self._run(blank)  # what does not fit the card shows here
        except (RuntimeError, KeyError) as error:
            raise BrokenModelError(
                f"The ONNX file of model {package.digest[:12]} does not do what its card says in OpenVINO, on images "
                f"of {self._size} x {self._size} pixels: {error}. Export the model again."
            ) from error

    def predict(self, batch: Pixels) -> Predictions:
        """See `Runtime.predict`."""
        check_batch(batch, size=self._size, limit=self.batch_limit)
        if not len(batch):
            return Predictions.of_nothing(self._attention)
        # One image at a time is no slower, and one shape alone is compiled for.
        found = [self._run(image[None]) for image in np.ascontiguousarray(batch)]
        logits, *attention = (np.concatenate(outputs) for outputs in zip(*found, strict=True))
        return Predictions(
            probabilities=probabilities_of(logits, temperature=self._temperature, runtime=self.name),
            attention=attention[0] if attention else None,
        )

    def _run(self, batch: Pixels) -> list[Any]:
        outputs = self._model(batch)
        return [np.array(outputs[name]) for name in ((_LOGITS, _ATTENTION) if self._attention else (_LOGITS,))]


def _openvino() -> Any:
    """The library, kept from telling Google Analytics that it was imported.

    It does that wherever `openvino_telemetry` can be imported and its user has not declined. A service beside patients'
    images tells nobody of anything.
    """
    # None means "not to be imported" (Python's reference, 5.3.1); OpenVINO then takes the stub that it ships for that.
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]
    import openvino  # noqa: PLC0415 - only after the line above

    return openvino
