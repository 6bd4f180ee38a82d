"""What is drawn of an evaluation, as data; loads no library but pydantic's."""

from pydantic import BaseModel, ConfigDict, Field


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class RocCurve(_Part):
    """Points from (0, 0) to (1, 1)."""

    false_positive_rate: tuple[float, ...]
    true_positive_rate: tuple[float, ...]


class ReliabilityBin(_Part):
    """The images whose probability of ALL falls between two bounds."""

    low: float  # included
    high: float  # excluded, but for the last bin
    images: int
    mean_probability: float | None = Field(description="Null: the bin is empty.")
    share_with_all: float | None


class Calibration(_Part):
    """How probabilities of ALL agree with how often ALL is there."""

    expected_error: float = Field(
        description="ECE: the bins' distances between mean probability and share with ALL, weighted by their images."
    )
    bins: tuple[ReliabilityBin, ...]
