"""A network's answers on labelled images: what every figure of an evaluation is worked out from."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from cloud_service.ml.datasets.samples import Sample
from shared.errors import PermanentError

Floats = NDArray[np.float64]


class EvaluationError(PermanentError):
    """An evaluation cannot be made as asked; the text says why and what to change."""


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """What a network said of N images, and what they are.

    Raises:
        EvaluationError: there is no image, the lengths differ, or a logit is not a number.
    """

    logits: NDArray[np.floating]  # (N,), as the network gives them: before any temperature
    labels: NDArray[np.floating]  # (N,), 1 = ALL and 0 = not
    groups: NDArray[np.str_]  # (N,), images of one group (a patient, a smear) are not independent
    features: NDArray[np.floating]  # (N, F) embeddings; F is 0 where none were asked for
    paths: tuple[Path, ...] = ()

    def __post_init__(self) -> None:
        count = len(self.logits)
        if not count:
            raise EvaluationError("There is no image to measure on; name a part or a data set that holds some.")
        lengths = {len(self.labels), len(self.groups), len(self.features), len(self.paths) or count}
        if lengths != {count}:
            raise EvaluationError(f"{count} logits came with labels, groups, features or paths of {sorted(lengths)}.")
        broken = np.flatnonzero(~np.isfinite(self.logits))
        if broken.size:
            raise EvaluationError(
                f"The network gave no number for {broken.size} of {count} images, the first being number {broken[0]}. "
                "Look for broken weights or broken images."
            )

    @classmethod
    def of_samples(
        cls, samples: Sequence[Sample], logits: NDArray[np.floating], features: NDArray[np.floating] | None = None
    ) -> Self:
        """The answers on `samples`, in their order: logits (N,) and, where wanted, features (N, F)."""
        return cls(
            logits=np.asarray(logits, dtype=np.float64),
            labels=np.array([sample.is_all for sample in samples], dtype=np.float64),
            groups=np.array([sample.group for sample in samples], dtype=np.str_),
            features=np.zeros((len(samples), 0), dtype=np.float32) if features is None else features,
            paths=tuple(sample.path for sample in samples),
        )

    @property
    def positive(self) -> NDArray[np.bool_]:
        """(N,), whether each image shows ALL."""
        return self.labels > 0

    def probabilities(self, temperature: float = 1.0) -> Floats:
        """(N,) float64, sigmoid(logit / temperature): the probability of ALL."""
        # sigmoid(x) = (1 + tanh(x / 2)) / 2 stays finite where exp(-x) overflows.
        return np.asarray(0.5 * (1.0 + np.tanh(0.5 * self.logits.astype(np.float64) / temperature)))

    def where(self, mask: NDArray[np.bool_]) -> "Answers":
        """The answers on the images that a mask (N,) picks, in their order."""
        return Answers(
            logits=self.logits[mask],
            labels=self.labels[mask],
            groups=self.groups[mask],
            features=self.features[mask],
            paths=tuple(path for path, picked in zip(self.paths, mask.tolist(), strict=False) if picked),
        )

    def require_both_labels(self, part: str) -> None:
        """Refuses images of one label only, on which nothing can be chosen or told apart.

        Raises:
            EvaluationError: as said.
        """
        with_all = int(self.positive.sum())
        if with_all in (0, len(self.labels)):
            raise EvaluationError(
                f"The {part} part holds {with_all} images with ALL and {len(self.labels) - with_all} without; both are "
                "needed. Split the data set again, or add images of the label that is missing."
            )
