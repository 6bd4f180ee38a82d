"""Whether a probability of 0.9 is right nine times in ten, and the temperature that brings it nearer to that."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from cloud_service.ml.evaluation.answers import Answers, Floats
from cloud_service.ml.evaluation.curves import Calibration, ReliabilityBin

BINS: Final = 10
PRIOR_DEVIATION: Final = 0.5  # of ln T: two in three temperatures lie between 0.6 and 1.6
HIGHEST_TEMPERATURE: Final = 32.0
LOWEST_TEMPERATURE: Final = 1.0 / 32.0


def fit_temperature(validation: Answers) -> float:
    """The temperature T at which sigmoid(logit / T) fits the validation part best (Guo et al. 2017, section 4.2).

    Least cross-entropy, with a prior that ln T is normal around 0 with a deviation of 0.5: where few images are told
    apart without a fault, they alone would be fitted best by T = 0 and by probabilities of exactly 0 and 1, which they
    cannot justify. A hundred images with faults outweigh the prior. (Labels softened as Platt (1999) proposes serve
    less: every logit far from 0 pays for its softened label, which drove T up where the unseen images wanted it down.)
    One number changes neither the order of images nor a bias towards one label.

    Returns:
        T in [1/32, 32]; either end says that the logits carry no usable scale.

    Raises:
        EvaluationError: the part holds one label only.
    """
    validation.require_both_labels("validation")
    logits, labels = validation.logits.astype(np.float64), validation.labels

    def negative_log_posterior(log_temperature: float) -> float:
        scaled = logits / np.exp(log_temperature)
        loss = float(np.sum(np.logaddexp(0.0, scaled) - scaled * labels))
        return loss + 0.5 * (log_temperature / PRIOR_DEVIATION) ** 2

    bounds = (np.log(LOWEST_TEMPERATURE), np.log(HIGHEST_TEMPERATURE))
    return float(np.exp(minimize_scalar(negative_log_posterior, bounds=bounds, method="bounded").x))


def calibration_of(answers: Answers, temperature: float) -> Calibration:
    """Calibration on images, in ten bins of equal width.

    The expected error of a perfectly calibrated model is above 0 on few images: by chance alone each bin is off by
    about the standard error of its share.
    """
    probabilities = answers.probabilities(temperature)
    indices = np.minimum((probabilities * BINS).astype(np.intp), BINS - 1)
    bins = tuple(_bin(index, answers, probabilities, indices == index) for index in range(BINS))
    gaps = [
        found.images * abs(found.mean_probability - found.share_with_all)
        for found in bins
        if found.mean_probability is not None and found.share_with_all is not None
    ]
    return Calibration(expected_error=float(sum(gaps) / len(answers.logits)), bins=bins)


def _bin(index: int, answers: Answers, probabilities: Floats, mask: NDArray[np.bool_]) -> ReliabilityBin:
    images = int(mask.sum())
    return ReliabilityBin(
        low=index / BINS,
        high=(index + 1) / BINS,
        images=images,
        mean_probability=float(probabilities[mask].mean()) if images else None,
        share_with_all=float(answers.positive[mask].mean()) if images else None,
    )
