"""Two models on the same images, as data: the one in service (champion) and one that wants its place (challenger)."""

from pydantic import BaseModel, ConfigDict, Field

from cloud_service.ml.evaluation.confusion import Confusion
from cloud_service.ml.evaluation.curves import Calibration, RocCurve
from cloud_service.ml.evaluation.estimate import Estimate
from cloud_service.ml.evaluation.held_out import HeldOutFigures
from cloud_service.ml.evaluation.measures import Measure, OperatingPoint


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ComparedModel(_Part):
    """One model on the images, at the threshold and temperature of its own card."""

    point: OperatingPoint
    figures: HeldOutFigures
    confusion: Confusion
    roc: RocCurve
    calibration: Calibration = Field(description="Of the probabilities as they are served.")


class PairedCounts(_Part):
    """How many images of one label each model calls rightly."""

    both: int
    only_challenger: int
    only_champion: int
    neither: int


class Comparison(_Part):
    """The challenger beside the champion."""

    challenger: ComparedModel
    champion: ComparedModel | None = Field(description="Null: no model is in service, or it could not be measured.")
    groups_with_all: int = Field(description="Groups (patients, smears) that hold images with ALL.")
    differences: dict[Measure, Estimate | None] = Field(
        description="The challenger's figure less the champion's, with its paired interval; null: not defined."
    )
    with_all: PairedCounts | None = Field(description="Images with ALL; null: there is no champion.")
    without_all: PairedCounts | None
    warnings: tuple[str, ...] = Field(description="In plain words, what a reader must know before the figures.")
