"""The threshold: from which probability on a capture is called suspicious."""

from typing import Final

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from cloud_service.ml.evaluation.answers import Answers

SENSITIVITY: Final = 0.95
"""Asked for where nothing else is said: a screening test should miss few, and the haematologist sees the rest."""

_EXTREME = 1e-6  # no threshold nearer to 0 or 1: float32 probabilities could not be told from it


class Threshold(BaseModel):
    """A threshold, what it was chosen for and what it reached on the images that chose it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    probability: float = Field(gt=0.0, lt=1.0)
    asked_sensitivity: float = Field(gt=0.0, le=1.0)
    validation_sensitivity: float = Field(ge=0.0, le=1.0, description="On the images that chose it, so too good.")
    validation_specificity: float = Field(ge=0.0, le=1.0, description="Likewise.")


def choose_threshold(validation: Answers, *, temperature: float, sensitivity: float = SENSITIVITY) -> Threshold:
    """The threshold of the best specificity among those that reach a sensitivity on the validation part.

    Among thresholds of equal specificity the most sensitive one is taken, and it is put in the middle between the two
    neighbouring logits, so that it lies as far as it can from the images on both sides.

    The sensitivity on other images may be lower: the choice is made on as many images with ALL as the validation part
    holds. Only the figure on the test part says what it came to.

    Args:
        validation: the answers that choose.
        temperature: that probabilities are taken at.
        sensitivity: to be reached, in (0, 1].

    Raises:
        EvaluationError: the part holds one label only.
    """
    validation.require_both_labels("validation")
    logits, positive = validation.logits.astype(np.float64), validation.positive
    distinct = np.unique(logits)
    # Candidate k calls everything from the k-th distinct logit on suspicious.
    reached = np.array([(logits[positive] >= cut).mean() for cut in distinct])
    spared = np.array([(logits[~positive] < cut).mean() for cut in distinct])
    allowed = np.flatnonzero(reached >= sensitivity - 1e-12)  # the first one always is
    chosen = allowed[np.lexsort((reached[allowed], spared[allowed]))[-1]]
    below = distinct[chosen - 1] if chosen else distinct[0] - 2.0 * temperature
    middle = (below + distinct[chosen]) / 2.0 / temperature
    return Threshold(
        probability=float(np.clip(0.5 * (1.0 + np.tanh(0.5 * middle)), _EXTREME, 1.0 - _EXTREME)),
        asked_sensitivity=sensitivity,
        validation_sensitivity=float(reached[chosen]),
        validation_specificity=float(spared[chosen]),
    )
