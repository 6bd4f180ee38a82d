"""All that the validation part chooses, in one place, so that no test image can have a say in it."""

from pydantic import BaseModel, ConfigDict

from cloud_service.ml.evaluation.answers import Answers, Floats
from cloud_service.ml.evaluation.calibration import fit_temperature
from cloud_service.ml.evaluation.conformal import ALPHA, AbstainBand, fit_abstain_band
from cloud_service.ml.evaluation.measures import OperatingPoint
from cloud_service.ml.evaluation.out_of_distribution import OutOfDistributionCard, fit_flags
from cloud_service.ml.evaluation.threshold import SENSITIVITY, Threshold, choose_threshold


class Choices(BaseModel):
    """How a network's logits become answers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    temperature: float
    threshold: Threshold
    abstain_band: AbstainBand
    flags: OutOfDistributionCard

    @property
    def point(self) -> OperatingPoint:
        """Where figures are taken."""
        return OperatingPoint(threshold=self.threshold.probability, temperature=self.temperature)


def choose(validation: Answers, scores: Floats, *, sensitivity: float = SENSITIVITY, alpha: float = ALPHA) -> Choices:
    """Temperature first, then what is told in calibrated probabilities.

    Args:
        validation: the network's answers on the validation part.
        scores: (n,) the out-of-distribution scores of the same images.
        sensitivity: that the threshold is to reach.
        alpha: share of each label's images that the abstain band may leave uncovered.

    Raises:
        EvaluationError: the part holds one label only.
    """
    temperature = fit_temperature(validation)
    return Choices(
        temperature=temperature,
        threshold=choose_threshold(validation, temperature=temperature, sensitivity=sensitivity),
        abstain_band=fit_abstain_band(validation, temperature=temperature, alpha=alpha),
        flags=fit_flags(scores),
    )
