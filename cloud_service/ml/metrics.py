"""How well probabilities fit labels."""

import numpy as np
from numpy.typing import NDArray

from cloud_service.ml.model_card import HeldOutMetrics


def measure(
    part: str, logits: NDArray[np.float32], labels: NDArray[np.float32], *, threshold: float = 0.5
) -> HeldOutMetrics:
    """The figures of one part of a data set.

    Args:
        part: what to call it.
        logits: (N,) of the network, N ≥ 1.
        labels: (N,), 1 = ALL and 0 = not.
        threshold: probability from which on an image counts as suspicious, in (0, 1).
    """
    positive = labels > 0
    suspicious = logits >= np.log(threshold / (1.0 - threshold))
    # log(1 + exp(x)) - x·y is the binary cross-entropy of the logit x and the label y.
    losses = np.logaddexp(0.0, logits.astype(np.float64)) - logits * labels
    return HeldOutMetrics(
        part=part,
        images=len(labels),
        images_with_all=int(positive.sum()),
        accuracy=float((suspicious == positive).mean()),
        sensitivity=_share(suspicious[positive]),
        specificity=_share(~suspicious[~positive]),
        roc_auc=roc_auc(logits[positive], logits[~positive]),
        loss=max(0.0, float(losses.mean())),
    )


def roc_auc(positives: NDArray[np.float32], negatives: NDArray[np.float32]) -> float | None:
    """The chance that a random positive scores above a random negative, ties counting half; None without either."""
    if not len(positives) or not len(negatives):
        return None
    ordered = np.sort(negatives)
    below, up_to = np.searchsorted(ordered, positives, "left"), np.searchsorted(ordered, positives, "right")
    return float((below + up_to).mean() / (2 * len(negatives)))


def _share(hits: NDArray[np.bool_]) -> float | None:
    return float(hits.mean()) if len(hits) else None
