"""How a data set is divided: apart from the dividing, which needs scikit-learn."""

from enum import StrEnum
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class SplitStrategy(StrEnum):
    """What stays together when a data set is divided."""

    STRATIFIED = "stratified"  # nothing: each image goes by itself, as in most papers; groups may leak
    GROUPED = "grouped"  # the images of one group
    BLOCKS = "blocks"  # the images of one group, and groups that follow one another, as one slide's images often do


class ValidationSource(StrEnum):
    """What the validation part takes from what is left beside the test part."""

    GROUPS = "groups"  # whole groups, or whatever else the strategy keeps together: they are not trained on
    IMAGES = "images"  # the last images of each group: it flatters itself, but no group is lost to training


class SplitSettings(BaseModel):
    """How a data set is divided."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    strategy: SplitStrategy = SplitStrategy.GROUPED
    validation_share: float = Field(default=0.15, gt=0.0, lt=1.0, description="Of each label's groups.")
    validation_from: ValidationSource = ValidationSource.GROUPS
    test_share: float = Field(default=0.2, gt=0.0, lt=1.0, description="Of each label's groups, held out.")
    seed: int = Field(default=1, ge=0, lt=2**32, description="Decides the shuffle, or where the blocks begin.")

    @model_validator(mode="after")
    def _leaves_some_to_train_on(self) -> Self:
        if self.validation_share + self.test_share >= 1:
            raise ValueError(
                f"shares of {self.validation_share} for validation and {self.test_share} for the test leave nothing to "
                "train on"
            )
        return self
