"""What an evaluation says, as data: JSON for other programs, and what texts and figures are made from."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from cloud_service.ml.evaluation.conformal import Coverage
from cloud_service.ml.evaluation.confusion import Confusion
from cloud_service.ml.evaluation.curves import Calibration, RocCurve
from cloud_service.ml.evaluation.held_out import ColourComparison, FlagRates, HeldOutFigures
from cloud_service.ml.evaluation.measures import OperatingPoint
from cloud_service.ml.evaluation.part import Part
from shared.identifiers import Sha256
from shared.vocabulary import RESEARCH_USE_ONLY


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Assessment(_Part):
    """How a network did on images; all that was chosen was chosen on others."""

    point: OperatingPoint
    figures: HeldOutFigures = Field(description="Of all these images.")
    by_kind: tuple[HeldOutFigures, ...] = Field(description="Of each kind of image, where there are several.")
    confusion: Confusion
    roc: RocCurve
    roc_of_colours: RocCurve | None = Field(description="Of the colour forest; null: there is none.")
    calibration: Calibration = Field(description="Of the probabilities as they are served.")
    calibration_without_temperature: Calibration
    coverage: Coverage | None = Field(description="Of the abstain band; null: the model has none.")
    flags: FlagRates | None = Field(description="Of the out-of-distribution flag; null: the model has none.")
    colours: ColourComparison | None = Field(description="Null: there was nothing to train the forest on.")
    warnings: tuple[str, ...] = Field(description="In plain words, what a reader must know before the figures.")


class Evaluation(_Part):
    """One model on one part of one data set."""

    schema_version: Literal[1] = 1
    model_name: str
    model_version: str
    model_digest: Sha256
    data: str = Field(description="Name of the data set's folder.")
    data_digest: Sha256
    split_digest: Sha256 | None = Field(description="Null: the whole data set was measured.")
    part: Part
    assessment: Assessment
    intervals: str = (
        "95 %, by 2,000 bootstrap replicates that draw whole groups of images, widened where groups are few "
        "(Hesterberg 2015)."
    )
    research_use: str = RESEARCH_USE_ONLY
