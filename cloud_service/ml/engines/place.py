"""Where engines are kept, and which of them is meant."""

from dataclasses import dataclass
from pathlib import Path

from cloud_service.ml.engines.precision import Precision


@dataclass(frozen=True, slots=True)
class EnginePlace:
    """What a process is told of engines."""

    directory: Path
    precision: Precision = Precision.FLOAT16
