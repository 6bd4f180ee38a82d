"""What one training run of an experiment leaves: all that the report is worked out from, in one file."""

import platform
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Final, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from cloud_service.ml.datasets.samples import Sample
from cloud_service.ml.evaluation.answers import Answers
from cloud_service.ml.experiments.paper import ClassCounts
from cloud_service.ml.experiments.plan import Arm
from cloud_service.ml.training.loop import EpochRecord
from cloud_service.ml.training.settings import Recipe

_LIBRARIES: Final = ("smearflow", "torch", "monai", "numpy", "scikit-learn", "pillow")


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class UsedSplit(_Record):
    """The split of one data set in one run."""

    data: str  # key of the data set
    file: str  # below the experiment's folder
    split_digest: str
    data_digest: str


class PartSizes(_Record):
    """Images of each part."""

    training: ClassCounts
    validation: ClassCounts
    test: ClassCounts


class TestAnswer(_Record):
    """What the network and the forest on colours said of one image of the test part."""

    __test__ = False  # no test, whatever pytest thinks of its name

    path: str  # key of the data set and name below its folder
    is_all: bool
    group: str
    kind: str
    logit: float
    colour_logit: float


class RunRecord(_Record):
    """One run of one arm, finished."""

    schema_version: Literal[1] = 1
    arm: Arm
    run: int  # from 1
    recipe: Recipe  # as it was used, with this run's seed
    splits: tuple[UsedSplit, ...]
    sizes: PartSizes
    leaks: tuple[str, ...]  # between the parts, in plain words; allowed
    chosen_epoch: int
    history: tuple[EpochRecord, ...]
    test: tuple[TestAnswer, ...]
    seconds: float  # of all epochs, also those before a resumption
    software: dict[str, str]

    @property
    def network_answers(self) -> Answers:
        """The network's answers on the test part."""
        return self._answers([answer.logit for answer in self.test])

    @property
    def colour_answers(self) -> Answers:
        """The answers of the forest on colours on the same images."""
        return self._answers([answer.colour_logit for answer in self.test])

    def _answers(self, logits: Sequence[float]) -> Answers:
        return Answers(
            logits=np.array(logits),
            labels=np.array([float(answer.is_all) for answer in self.test]),
            groups=np.array([answer.group for answer in self.test]),
            features=np.zeros((len(logits), 0)),
            paths=tuple(Path(answer.path) for answer in self.test),
        )


def counts_of(samples: Sequence[Sample]) -> ClassCounts:
    """How many of each label."""
    with_all = sum(sample.is_all for sample in samples)
    return ClassCounts(not_all=len(samples) - with_all, with_all=with_all)


def software() -> dict[str, str]:
    """Versions of what decides the outcome."""
    return {"python": platform.python_version()} | {name: version(name) for name in _LIBRARIES}
