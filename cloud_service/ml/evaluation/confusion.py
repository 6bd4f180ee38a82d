"""How many images were called what."""

from pydantic import BaseModel, ConfigDict, Field

from cloud_service.ml.evaluation.answers import Answers
from cloud_service.ml.evaluation.measures import OperatingPoint


class Confusion(BaseModel):
    """Counts of images at an operating point."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    hits: int = Field(description="With ALL, called suspicious.")
    misses: int = Field(description="With ALL, not called so.")
    alarms: int = Field(description="Without ALL, called suspicious.")
    passes: int = Field(description="Without ALL, not called so.")


def confusion_of(answers: Answers, point: OperatingPoint) -> Confusion:
    """The counts of some answers at an operating point; the threshold itself counts as suspicious."""
    positive, suspicious = answers.positive, answers.probabilities(point.temperature) >= point.threshold
    return Confusion(
        hits=int((positive & suspicious).sum()),
        misses=int((positive & ~suspicious).sum()),
        alarms=int((~positive & suspicious).sum()),
        passes=int((~positive & ~suspicious).sum()),
    )
