"""How fit a capture is to be analysed: the measures, as they travel and are kept; `assessment` takes them.

Apart from it, since most who read the measures need no NumPy.
"""

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Fraction = Annotated[float, Field(ge=0.0, le=1.0)]


class Verdict(StrEnum):
    """What becomes of a capture; an unusable one is for a person to take again."""

    GOOD = "good"
    DOUBTFUL = "doubtful"  # analysed, with the reasons beside its result
    UNUSABLE = "unusable"  # its result would mean nothing


class QualityMeasures(BaseModel):
    """What was measured on one capture, and what it means."""

    model_config = ConfigDict(frozen=True)

    focus: float = Field(ge=0.0, description="1 or more is sharp, below 0.8 the nuclei cannot be judged")
    mean_luminance: float = Field(ge=0.0, le=255.0)
    clipped_dark: Fraction = Field(description="part of the pixels that are black in all channels")
    clipped_bright: Fraction = Field(description="part of the pixels that are white in all channels")
    foreground: Fraction = Field(description="part of the field that is covered by cells")
    width: int = Field(ge=1, description="pixels, of the file")
    height: int = Field(ge=1, description="pixels, of the file")
    verdict: Verdict
    reasons: tuple[str, ...] = Field(description="in plain words, each with what to do; empty where good")
