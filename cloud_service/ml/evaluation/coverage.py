"""What an abstain band did on images that did not set it."""

import numpy as np
from numpy.typing import NDArray

from cloud_service.ml.evaluation.answers import Answers
from cloud_service.ml.evaluation.conformal import AbstainBand, Coverage, prediction_sets
from cloud_service.ml.evaluation.estimate import Estimate
from cloud_service.ml.evaluation.intervals import estimate_share


def coverage_of(band: AbstainBand, answers: Answers, *, temperature: float, seed: int = 0) -> Coverage:
    """What the band does on images that did not set it."""
    positive = answers.positive
    holds_all, holds_not = prediction_sets(band, answers.probabilities(temperature))
    covered, answered = np.where(positive, holds_all, holds_not), holds_all ^ holds_not
    groups = answers.groups

    def of_label(mask: NDArray[np.bool_]) -> Estimate | None:
        return estimate_share(covered[mask], groups[mask], seed=seed) if mask.any() else None

    return Coverage(
        promised=1.0 - band.alpha,
        coverage=estimate_share(covered, groups, seed=seed),
        coverage_with_all=of_label(positive),
        coverage_without=of_label(~positive),
        answered=estimate_share(answered, groups, seed=seed),
        undecided=float((holds_all & holds_not).mean()),
        like_neither=float((~holds_all & ~holds_not).mean()),
        wrong_answers=estimate_share(answered & ~covered, groups, seed=seed),
    )
