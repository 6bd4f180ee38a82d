"""Why a model's answer should not be relied on, in whole sentences; NumPy alone, so that serving says it too."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from cloud_service.ml.evaluation.conformal import AbstainBand, prediction_sets
from cloud_service.ml.evaluation.typical import Typical
from cloud_service.ml.model_card import ModelCard, PackageFile
from cloud_service.ml.package import ModelPackage
from shared.vocabulary import Label


@dataclass(frozen=True, slots=True)
class Doubter:
    """What a model's card and statistics say against its own answers. Made by `of`, once a model."""

    card: ModelCard
    typical: Typical | None  # None: the package has no statistics, and no image is flagged as unlike others

    @classmethod
    def of(cls, package: ModelPackage) -> Self:
        """The doubter of a package.

        Raises:
            ModelPackageError: the statistics are not those that the card names.
            BrokenStatisticsError: they hold something else.
        """
        flagged = package.card.out_of_distribution is not None
        typical = Typical.from_bytes(package.read(PackageFile.STATISTICS)) if flagged else None
        return cls(package.card, typical)

    def doubts(self, pixels: NDArray[np.uint8], probability: float) -> tuple[str, ...]:
        """Why the answer on one image should not be relied on, the gravest first; empty: nothing speaks against it.

        Args:
            pixels: (S, S, 3) uint8, as the model saw them.
            probability: of ALL, as the model gave it, in [0, 1].
        """
        return (*self._of_image(pixels), *self._of_probability(probability))

    def _of_image(self, pixels: NDArray[np.uint8]) -> Iterator[str]:
        flags = self.card.out_of_distribution
        if self.typical is not None and flags is not None and self.typical.scores(pixels[None])[0] > flags.threshold:
            yield "Unlike the images that the model was trained on: its answer means nothing."

    def _of_probability(self, probability: float) -> Iterator[str]:
        if self.card.abstain_band is not None:
            yield from _by_band(self.card.abstain_band, probability, self.card.label_of(probability))


def _by_band(band: AbstainBand, probability: float, label: Label) -> Iterator[str]:
    low, high = band.bounds
    (like_all,), (like_others,) = prediction_sets(band, np.array([probability]))
    if like_all == like_others:
        why = "Undecided" if like_all else "Like neither"
        yield f"{why}: the model abstains between probabilities of {low:.3f} and {high:.3f}."
    elif like_all != (label is Label.SUSPICIOUS):
        others = "with" if like_all else "without"
        yield f"Near the threshold: by the abstain band this probability is rather one of images {others} ALL."
