"""When a model should rather not answer: an abstain band by split-conformal prediction.

For each label the validation part says how small the probability of that label can be where it is right. A new image's
prediction set holds each label whose probability is not smaller than that; the model answers where the set holds one
label, and abstains where it holds both (undecided) or none (like neither).

What is promised: at least 1 - alpha of the new images *of each label* have their label in the set, so at most alpha of
them get a wrong answer. It rests on one assumption, exchangeability: new images come from the same source as the
validation images, as if both had been shuffled together. So it promises nothing for another laboratory, stain or
camera; images of one patient or smear count for less than their number, and with few groups the coverage may be well
off; and the epoch was chosen on the same validation part, which makes it slightly too hopeful. Therefore the coverage
measured on the test part stands beside the promise. A capture's label comes from the threshold, which is chosen to miss
few: near it the label may be the other one than the set holds, and `doubts` says so. The temperature does not
matter: it keeps the order of images, on which alone a label's quantile depends.

Sources: Vovk, Gammerman and Shafer (2005), section 4.5, label-conditional; Angelopoulos and Bates (2023), sections 1
and 4.2.
"""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from cloud_service.ml.evaluation.answers import Answers, EvaluationError, Floats
from cloud_service.ml.evaluation.estimate import Estimate

ALPHA: Final = 0.1
_ROUNDING: Final = 1e-9  # 20 times 0.95 must be 19, not 19.000000000000004


class AbstainBand(BaseModel):
    """Conformal quantiles of both labels. The band lies between the two bounds that they set."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    alpha: float = Field(gt=0.0, lt=1.0, description="Share of a label's images that may lack it in their set.")
    quantile_all: float = Field(
        ge=0.0, le=1.0, description="ALL is in the set from a probability of 1 - quantile_all on; 1: always."
    )
    quantile_not_all: float = Field(
        ge=0.0, le=1.0, description="NOT ALL is in the set up to a probability of quantile_not_all; 1: always."
    )
    images_with_all: int = Field(ge=0, description="Of the validation part, that set the first quantile.")
    images_without: int = Field(ge=0, description="Likewise, the second.")

    @property
    def warning(self) -> str | None:
        """Plain words where validation images were too few, so that the model abstains more than it should."""
        least = math.ceil((1.0 - self.alpha) / self.alpha - _ROUNDING)
        if min(self.images_with_all, self.images_without) >= least:
            return None
        return (
            f"The abstain band rests on {self.images_with_all} validation images with ALL and {self.images_without} "
            f"without; it needs {least} of each. As it is, the model abstains on most images or on all."
        )

    @property
    def bounds(self) -> tuple[float, float]:
        """Between these probabilities of ALL the model abstains."""
        low, high = sorted((1.0 - self.quantile_all, self.quantile_not_all))
        return low, high


class Coverage(BaseModel):
    """What an abstain band did on held-out images."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    promised: float = Field(description="1 - alpha, for each label.")
    coverage: Estimate = Field(description="Share of the images whose set holds their label.")
    coverage_with_all: Estimate | None
    coverage_without: Estimate | None
    answered: Estimate = Field(description="Share of the images whose set holds one label; on the rest it abstains.")
    undecided: float = Field(description="Share whose set holds both labels.")
    like_neither: float = Field(description="Share whose set holds none.")
    wrong_answers: Estimate = Field(description="Share of all images whose set holds one label, the wrong one.")


def fit_abstain_band(validation: Answers, *, temperature: float, alpha: float = ALPHA) -> AbstainBand:
    """The conformal quantiles of a validation part.

    A label's quantile is the ⌈(n + 1)(1 - alpha)⌉-th smallest of 1 - (probability of that label) over its n images,
    the rank that makes the promise hold for finite n. Where n is so small that there is no such rank (below 9 at an
    alpha of 0.1), the promise can be kept only by always holding the label in the set: the quantile is 1.

    Raises:
        EvaluationError: the part holds one label only, or alpha is not between 0 and 1.
    """
    if not 0.0 < alpha < 1.0:
        raise EvaluationError(f"The share alpha of uncovered images must lie between 0 and 1; {alpha} does not.")
    validation.require_both_labels("validation")
    probabilities, positive = validation.probabilities(temperature), validation.positive
    return AbstainBand(
        alpha=alpha,
        quantile_all=conformal_quantile(1.0 - probabilities[positive], alpha),
        quantile_not_all=conformal_quantile(probabilities[~positive], alpha),
        images_with_all=int(positive.sum()),
        images_without=int((~positive).sum()),
    )


def conformal_quantile(scores: Floats, alpha: float, *, otherwise: float = 1.0) -> float:
    """The ⌈(n + 1)(1 - alpha)⌉-th smallest of n scores (N,); `otherwise` where n is too small for it.

    A new score, exchangeable with these, is above it with a chance of at most alpha.
    """
    rank = math.ceil((len(scores) + 1) * (1.0 - alpha) - _ROUNDING)
    return float(np.sort(scores)[rank - 1]) if rank <= len(scores) else otherwise


def prediction_sets(band: AbstainBand, probabilities: Floats) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Whether each image's set holds ALL, and whether it holds NOT ALL; both (N,), for probabilities (N,) of ALL."""
    return 1.0 - probabilities <= band.quantile_all, probabilities <= band.quantile_not_all
