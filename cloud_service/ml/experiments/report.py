"""The report of an experiment as data; its HTML and Markdown are two ways to show it."""

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from cloud_service.ml.evaluation.confusion import Confusion
from cloud_service.ml.evaluation.estimate import Estimate
from cloud_service.ml.experiments.material import DataRecord
from cloud_service.ml.experiments.plan import Arm, Comparison, Experiment, Row
from cloud_service.ml.experiments.record import PartSizes, UsedSplit
from cloud_service.ml.experiments.statistics import Figures
from cloud_service.ml.training.settings import Recipe
from shared.vocabulary import RESEARCH_USE_ONLY

SOURCE: Final = "Bukhari et al. (2022)"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class RunReport(_Part):
    """One run of an arm."""

    run: int
    seed: int
    splits: tuple[UsedSplit, ...]
    sizes: PartSizes
    epochs: int
    chosen_epoch: int = Field(description="By the least validation loss; the test part was not looked at.")
    swing: tuple[float, float] = Field(
        description="Least and greatest validation accuracy in the second half of the epochs."
    )
    figures: Figures
    colours: Figures = Field(description="The forest on colours, on the same test part.")
    over_colours: Estimate | None = Field(description="Balanced accuracy less that of the forest on colours, paired.")
    colour_warning: str | None = Field(description="Plain words where the network does not clearly beat colours.")
    confusion: Confusion = Field(description="Of the test part, at a probability of 0.5.")
    seconds: float


class ArmReport(_Part):
    """One model of the experiment over all its runs."""

    arm: Arm
    runs: tuple[RunReport, ...]
    mean: Figures
    colours: Figures
    over_colours: Estimate | None
    colour_warning: str | None
    leaks: tuple[str, ...]

    @property
    def accuracy_range(self) -> tuple[float, float]:
        """Least and greatest accuracy of the runs."""
        accuracies = [found.value for run in self.runs if (found := run.figures["accuracy"]) is not None]
        return min(accuracies), max(accuracies)


class ComparisonReport(_Part):
    """Two arms on the same splits."""

    comparison: Comparison
    differences: Figures = Field(description="The first's less the second's, means over the runs, paired by image.")
    accuracy_by_run: tuple[float | None, ...]
    verdict: str


class TableReport(_Part):
    """A table of the paper beside ours."""

    key: Experiment
    title: str
    rows: tuple[Row, ...]
    comparisons: tuple[ComparisonReport, ...]


class Report(_Part):
    """Everything that an experiment says and all that is needed to repeat it."""

    schema_version: Literal[1] = 1
    experiment: Experiment
    title: str
    research_use: str = RESEARCH_USE_ONLY
    created: str = Field(description="UTC, ISO 8601.")
    command: str = Field(description="Makes the experiment again, beside the data.")
    quick: bool
    runs: int
    run_word: Literal["run", "fold"]
    data: tuple[DataRecord, ...]
    cautions: tuple[str, ...]
    measuring: tuple[str, ...] = Field(description="How the figures are made.")
    differences: tuple[str, ...] = Field(description="What is done otherwise than in the paper.")
    tables: tuple[TableReport, ...]
    arms: tuple[ArmReport, ...]
    recipes: dict[str, Recipe]
    software: tuple[dict[str, str], ...] = Field(description="One entry, or several where the versions changed.")
    machine: str

    def arm(self, arm: Arm) -> ArmReport:
        """The report of one of the arms."""
        return next(found for found in self.arms if found.arm == arm)
