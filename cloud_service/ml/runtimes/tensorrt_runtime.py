"""TensorRT on an NVIDIA GPU, with a CPU behind it for the day on which the GPU fails."""

from collections.abc import Callable

from cloud_service.ml.engines.bindings import GpuError, Outputs
from cloud_service.ml.engines.building import BATCH_SIZES
from cloud_service.ml.engines.execution import Engine
from cloud_service.ml.engines.precision import ATTENTION, LOGITS
from cloud_service.ml.package import ModelPackage
from cloud_service.ml.runtimes.contract import Pixels, Predictions, Runtime, check_batch, probabilities_of
from shared.logs import get_logger

NAME = "tensorrt"
log = get_logger(__name__)


class TensorRtRuntime:
    """A `Runtime` over an engine that passed its parity check.

    Where the GPU has too little memory for a batch it goes on in smaller ones; where it has none, or fails at anything
    else, the batch and all later ones are answered by the CPU. No answer is lost by that.

    Args:
        package: the verified model package.
        engine: made of it.
        fall_back: makes the runtime that goes on where the GPU fails; None: `predict` raises GpuError then.
    """

    batch_limit = max(BATCH_SIZES)

    def __init__(self, package: ModelPackage, engine: Engine, fall_back: Callable[[], Runtime] | None) -> None:
        self._engine: Engine | None = engine
        self._fall_back = fall_back
        self._instead: Runtime | None = None
        self._card = package.card

    @property
    def name(self) -> str:
        """See `Runtime`; of what really answers."""
        return NAME if self._instead is None else self._instead.name

    def predict(self, batch: Pixels) -> Predictions:
        """See `Runtime.predict`."""
        check_batch(batch, size=self._card.preprocess.size, limit=self.batch_limit)
        if not len(batch):
            return Predictions.of_nothing(self._card.attention)
        if self._engine is not None:
            try:
                return self._predictions(self._engine.run(batch))
            except GpuError as error:
                if self._fall_back is None:
                    raise
                log.error("the GPU failed; the processor goes on", reason=str(error), images=len(batch))  # noqa: TRY400 - the reason says it all
                self._engine.close()
                self._engine = None
                self._instead = self._fall_back()
        assert self._instead is not None  # noqa: S101 - where there is no engine any more
        return _in_steps(self._instead, batch)

    def _predictions(self, outputs: Outputs) -> Predictions:
        return Predictions(
            probabilities=probabilities_of(outputs[LOGITS], temperature=self._card.temperature, runtime=NAME),
            attention=outputs[ATTENTION] if self._card.attention else None,
        )


def _in_steps(runtime: Runtime, batch: Pixels) -> Predictions:
    """The answers of a runtime that takes less at once."""
    step = runtime.batch_limit
    return Predictions.joined([runtime.predict(batch[start : start + step]) for start in range(0, len(batch), step)])
