"""What Bukhari et al. (2022) report, as data.

The source is M. Bukhari, S. Yasmin, S. Sammad and A. A. Abd El-Latif, "A Deep Learning Framework for Leukemia Cancer
Detection in Microscopic Blood Samples Using Squeeze and Excitation Learning", Mathematical Problems in Engineering
2022, 2801227, doi 10.1155/2022/2801227. Shares are as printed, in percent; a figure that is not here is None.
"""

from enum import StrEnum
from typing import Final

from pydantic import BaseModel, ConfigDict

CITATION: Final = (
    'Bukhari, Yasmin, Sammad and Abd El-Latif, "A Deep Learning Framework for Leukemia Cancer Detection in Microscopic '
    'Blood Samples Using Squeeze and Excitation Learning", Mathematical Problems in Engineering 2022, 2801227, '
    "doi:10.1155/2022/2801227"
)


class PaperData(StrEnum):
    """What the paper trains and tests on."""

    IDB1 = "ALL-IDB1"  # 108 whole fields
    IDB2 = "ALL-IDB2"  # 260 single cells, cut from such fields
    BOTH = "ALL-IDB1 and ALL-IDB2"


class PaperModel(BaseModel):
    """Which of the paper's models a figure is of."""

    model_config = ConfigDict(frozen=True)

    data: PaperData
    squeeze_excitation: bool  # without: the "traditional CNN"
    augmented: bool = True


class PaperFigures(BaseModel):
    """What the paper says of one model on its three runs."""

    model_config = ConfigDict(frozen=True)

    model: PaperModel
    source: str  # where in the paper
    accuracies: tuple[float, ...] = ()  # run by run, percent
    accuracy: float | None = None  # means over the runs, percent
    precision: float | None = None
    recall: float | None = None
    f1: float | None = None
    loss: float | None = None  # binary cross-entropy

    @property
    def mean_accuracy(self) -> float | None:
        """The mean accuracy as printed, or else of the runs."""
        if self.accuracy is not None or not self.accuracies:
            return self.accuracy
        return sum(self.accuracies) / len(self.accuracies)


class ClassCounts(BaseModel):
    """How many images each class has."""

    model_config = ConfigDict(frozen=True)

    not_all: int
    with_all: int

    @property
    def total(self) -> int:
        """Both together."""
        return self.not_all + self.with_all


class PaperSizes(BaseModel):
    """Sizes of the paper's parts."""

    model_config = ConfigDict(frozen=True)

    source: str
    training: ClassCounts  # after augmentation
    test: ClassCounts


_IDB1, _IDB2, _BOTH = (PaperModel(data=data, squeeze_excitation=True) for data in PaperData)
_TRADITIONAL = PaperModel(data=PaperData.BOTH, squeeze_excitation=False)
_UNAUGMENTED, _TRADITIONAL_UNAUGMENTED = (
    model.model_copy(update={"augmented": False}) for model in (_BOTH, _TRADITIONAL)
)

FIGURES: Final = (
    PaperFigures(model=_IDB1, source="Table 2", accuracies=(100.0, 100.0, 100.0)),
    PaperFigures(model=_IDB2, source="Table 2", accuracies=(96.0, 98.0, 99.98)),
    PaperFigures(
        model=_BOTH, source="Table 5", accuracies=(97.0, 99.0, 99.0),
        accuracy=98.3, precision=98.16, recall=98.16, f1=98.43, loss=0.117,
    ),
    PaperFigures(
        model=_TRADITIONAL, source="Table 5", accuracies=(95.0, 92.0, 91.4),
        accuracy=92.8, precision=92.5, recall=95.28, f1=92.5, loss=1.44,
    ),
    PaperFigures(model=_UNAUGMENTED, source="Table 6", accuracy=94.0, loss=0.15),
    PaperFigures(model=_TRADITIONAL_UNAUGMENTED, source="Table 6", accuracy=88.6, loss=0.57),
)  # fmt: skip


def _sizes(source: str, training: tuple[int, int], test: tuple[int, int]) -> PaperSizes:
    first, second = (ClassCounts(not_all=not_all, with_all=with_all) for not_all, with_all in (training, test))
    return PaperSizes(source=source, training=first, test=second)


SIZES: Final = {
    PaperData.IDB1: _sizes("Table 1", training=(800, 920), test=(13, 9)),
    PaperData.IDB2: _sizes("Table 3", training=(1030, 1050), test=(27, 25)),
    PaperData.BOTH: _sizes("Table 4", training=(1036, 1022), test=(41, 33)),
}
"""The test parts of Tables 1 and 3 add up to Table 4's, but for one image's label: each data set was divided by itself
and the parts put together."""


def figures_of(model: PaperModel) -> PaperFigures | None:
    """What the paper says of `model`; None where it says nothing."""
    return next((figures for figures in FIGURES if figures.model == model), None)
