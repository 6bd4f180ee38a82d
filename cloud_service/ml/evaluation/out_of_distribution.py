"""Noticing what is no image of the kind that a model was trained on, before anybody reads its answer.

The score is the Mahalanobis distance of an image's `appearance` from the training part's; its threshold is a conformal
quantile of the validation part's scores. So at most ALPHA of the images of the same source are flagged by mistake,
under the assumption that `conformal` names.

Appearance, not the network's own features: with the same distance on the demo model these flagged 99 of 100
photograph-like pictures, but 7 of 100 blank fields and none of 64 real smears of another source, where appearance
flagged all of them. They are maxima over the whole image, and see nothing strange where there is nothing to see.

What it does not notice is a slight change of the stain: on drawn fields a hue turned by 10 degrees was flagged in 10 %,
by 30 in 73 %, by 60 in all. Nor does it know a cell: a smear of another disease in the usual stain looks like its own.
"""

import sys
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from cloud_service.ml.evaluation.answers import Floats
from cloud_service.ml.evaluation.conformal import conformal_quantile

ALPHA: Final = 0.02


class OutOfDistributionCard(BaseModel):
    """What a card says of a model's out-of-distribution score."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    score: str = "Mahalanobis distance of stain, light and texture statistics from those of the training part, squared."
    threshold: float = Field(gt=0.0, description="Images that score above it are flagged.")
    false_flags_promised: float = Field(
        gt=0.0, le=1.0, description="At most this share of images of the training's own source is flagged."
    )
    validation_images: int = Field(ge=1, description="How many set the threshold.")


def fit_flags(scores: Floats, *, alpha: float = ALPHA) -> OutOfDistributionCard:
    """The threshold by the scores (n,) of the validation part's images (see `typical.Typical.scores`).

    Where n is too small for a share of `alpha` (below 49 for 0.02) it is their highest score, and the promise is
    1 / (n + 1).
    """
    threshold = conformal_quantile(scores, alpha, otherwise=float(scores.max()))
    return OutOfDistributionCard(
        threshold=max(threshold, sys.float_info.min),  # images that are all alike score 0
        false_flags_promised=max(alpha, 1.0 / (len(scores) + 1)),
        validation_images=len(scores),
    )
