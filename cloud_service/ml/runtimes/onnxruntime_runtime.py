"""ONNX Runtime on the CPU: what serves by default."""

from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as faults

from cloud_service.ml.runtimes.contract import Pixels
from cloud_service.ml.runtimes.cpu_runtime import CpuRuntime


class OnnxRuntime(CpuRuntime):
    """See `CpuRuntime`."""

    library = "onnxruntime"
    unusable = (
        ValueError,  # an output that the card names is missing
        faults.Fail,
        faults.InvalidArgument,
        faults.InvalidGraph,
        faults.InvalidProtobuf,
        faults.NotImplemented,
        faults.RuntimeException,
    )

    def _load(self, onnx_file: bytes, threads: int) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # Threads that wait for the next operator are quicker awake; between calls they leave the cores to the decoding.
        options.add_session_config_entry("session.force_spinning_stop", "1")
        self._session: Any = onnxruntime.InferenceSession(
            onnx_file, sess_options=options, providers=["CPUExecutionProvider"]
        )
        self._input_name = self._session.get_inputs()[0].name

    def _run(self, pixels: Pixels) -> list[NDArray[np.float32]]:
        return list(self._session.run(self._outputs, {self._input_name: pixels}))
