"""Figures on held-out images that stand on a model's card as well as in a report; loads no library but pydantic's."""

from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from cloud_service.ml.evaluation.estimate import Estimate
from cloud_service.ml.evaluation.measures import Measure
from shared.wording import counted


class _Figures(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


ALL_IMAGES: Final = "all"


class HeldOutFigures(_Figures):
    """How a model did on images that took no part in its making."""

    part: str = Field(min_length=1, description="Which images: all of them, or those of one kind.")
    images: int = Field(ge=1)
    images_with_all: int = Field(ge=0, description="How many of them show ALL.")
    groups: int = Field(ge=1, description="Groups (patients, smears) that they come from; intervals rest on these.")
    measures: dict[Measure, Estimate | None] = Field(description="Null: not defined, as a sensitivity without ALL.")

    @property
    def title(self) -> str:
        """Such as `all 300 images in 20 groups`, or `120 images (crop) in 20 groups` of one kind."""
        which = "all " if self.part == ALL_IMAGES else ""
        kind = "" if self.part == ALL_IMAGES else f" ({self.part})"
        return f"{which}{counted(self.images, 'image')}{kind} in {counted(self.groups, 'group')}"

    def value(self, measure: Measure) -> float | None:
        """The figure itself; None where it was not measured or is not defined."""
        estimate = self.measures.get(measure)
        return None if estimate is None else estimate.value


class FlagRates(_Figures):
    """How often images were flagged as unlike the training part's."""

    in_distribution: Estimate = Field(
        description="Share of the measured images themselves: false flags, if they are of the training's own source."
    )
    probes: dict[str, Estimate] = Field(description="Share of pictures that are no such smear, by kind.")


class ColourComparison(_Figures):
    """What a random forest on colour statistics does on the same images."""

    trained_on: str
    balanced_accuracy: Estimate | None
    roc_auc: Estimate | None
    difference: Estimate | None = Field(description="The network's balanced accuracy less the forest's, paired.")
    warning: str | None = Field(description="Plain words where the network does not clearly beat it.")
