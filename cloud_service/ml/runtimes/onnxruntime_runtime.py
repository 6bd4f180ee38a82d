"""ONNX Runtime on the CPU: what serves by default."""

import numpy as np
import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as faults

from cloud_service.ml.package import ModelPackage, PackageFile
from cloud_service.ml.runtimes.contract import (
    CPU_BATCH_LIMIT,
    BrokenModelError,
    Pixels,
    Predictions,
    check_batch,
    probabilities_of,
)

_UNUSABLE = (
    ValueError,  # an output that the card names is missing
    faults.Fail,
    faults.InvalidArgument,
    faults.InvalidGraph,
    faults.InvalidProtobuf,
    faults.NotImplemented,
    faults.RuntimeException,
)
_LOGITS, _ATTENTION = "logits", "attention"  # of the graph's outputs, by name (export.py)


class OnnxRuntime:
    """A `Runtime` over one of the package's ONNX files, which take camera pixels and give logits and attention.

    Args:
        package: the verified model package.
        threads: threads of one call; one session with one thread for each core is faster than one with several.
        file: the graph in float32 (ONNX) or in eight bits (QUANTISED).

    Raises:
        ModelPackageError: the ONNX file is not the one that the card names, or the card names none in eight bits.
        BrokenModelError: it cannot be run, or not on images of the size that the card names.
    """

    batch_limit = CPU_BATCH_LIMIT

    def __init__(self, package: ModelPackage, threads: int, file: PackageFile = PackageFile.ONNX) -> None:
        self.name = "onnxruntime-int8" if file is PackageFile.QUANTISED else "onnxruntime"
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # Threads that wait for the next operator are quicker awake; between calls they leave the cores to the decoding.
        options.add_session_config_entry("session.force_spinning_stop", "1")
        self._attention = package.card.attention
        self._outputs = [_LOGITS, _ATTENTION] if self._attention else [_LOGITS]
        self._size = package.card.preprocess.size
        self._temperature = package.card.temperature
        blank = np.zeros((1, self._size, self._size, 3), dtype=np.uint8)
        try:
            self._session = onnxruntime.InferenceSession(
                package.read(file), sess_options=options, providers=["CPUExecutionProvider"]
            )
            self._input_name = self._session.get_inputs()[0].name
            self._session.run(self._outputs, {self._input_name: blank})  # what does not fit the card shows here
        except _UNUSABLE as error:
            raise BrokenModelError(
                f"The ONNX file of model {package.digest[:12]} does not do what its card says, on images of "
                f"{self._size} x {self._size} pixels: {error}. Export the model again."
            ) from error

    def predict(self, batch: Pixels) -> Predictions:
        """See `Runtime.predict`."""
        check_batch(batch, size=self._size, limit=self.batch_limit)
        if not len(batch):
            return Predictions.of_nothing(self._attention)
        # One image at a time: its maps stay in the cache, which costs a quarter less than eight at once.
        found = [
            self._session.run(self._outputs, {self._input_name: image[None]}) for image in np.ascontiguousarray(batch)
        ]
        logits, *attention = (np.concatenate(outputs) for outputs in zip(*found, strict=True))
        return Predictions(
            probabilities=probabilities_of(logits, temperature=self._temperature, runtime=self.name),
            attention=attention[0] if attention else None,
        )
