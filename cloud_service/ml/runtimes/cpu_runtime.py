"""What the runtimes on a CPU have in common, whichever library runs the package's ONNX file."""

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

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


class CpuRuntime(ABC):
    """A `Runtime` over one of the package's ONNX files, which take camera pixels and give logits and attention.

    Args:
        package: the verified model package.
        threads: threads of one call; one runtime with one thread for each core is faster than one with several.
        file: the graph in float32 (ONNX) or in eight bits (QUANTISED).

    Raises:
        ModelPackageError: the ONNX file is not the one that the card names, or the card names none in eight bits.
        BrokenModelError: it cannot be run, or not on images of the size that the card names.
    """

    batch_limit = CPU_BATCH_LIMIT
    library: ClassVar[str]  # as RuntimeName has it
    unusable: ClassVar[tuple[type[Exception], ...]]  # what the library raises over a graph that it cannot run

    def __init__(self, package: ModelPackage, threads: int, file: PackageFile = PackageFile.ONNX) -> None:
        self.name = f"{self.library}-int8" if file is PackageFile.QUANTISED else self.library
        self._attention = package.card.attention
        self._outputs = [_LOGITS, _ATTENTION] if self._attention else [_LOGITS]
        self._size = package.card.preprocess.size
        self._temperature = package.card.temperature
        blank = np.zeros((1, self._size, self._size, 3), dtype=np.uint8)
        try:
            self._load(package.read(file), threads)
            self._run(blank)  # what does not fit the card shows here
        except self.unusable as error:
            raise BrokenModelError(
                f"The ONNX file of model {package.digest[:12]} does not do what its card says in {self.library}, on "
                f"images of {self._size} x {self._size} pixels: {error}. Export the model again."
            ) from error

    @abstractmethod
    def _load(self, onnx_file: bytes, threads: int) -> None:
        """Make the graph ready to run."""

    @abstractmethod
    def _run(self, pixels: Pixels) -> list[NDArray[np.float32]]:
        """The outputs that `_outputs` names, for pixels (1, size, size, 3)."""

    def predict(self, batch: Pixels) -> Predictions:
        """See `Runtime.predict`."""
        check_batch(batch, size=self._size, limit=self.batch_limit)
        if not len(batch):
            return Predictions.of_nothing(self._attention)
        # One image at a time: its maps stay in the cache, which costs a quarter less than eight at once.
        found = [self._run(image[None]) for image in np.ascontiguousarray(batch)]
        logits, *attention = (np.concatenate(outputs) for outputs in zip(*found, strict=True))
        return Predictions(
            probabilities=probabilities_of(logits, temperature=self._temperature, runtime=self.name),
            attention=attention[0] if attention else None,
        )
