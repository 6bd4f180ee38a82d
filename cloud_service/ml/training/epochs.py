"""The figures of an epoch; apart from the rest, so that the API can tell them without torch."""

from pydantic import BaseModel, ConfigDict


class EpochRecord(BaseModel):
    """One epoch of a training: a line of metrics.jsonl, a row of `training_epoch`, a point of the page's curves."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    epoch: int
    """From 1."""
    training_loss: float
    """Mean of the epoch's steps, on images as augmented."""
    validation_loss: float
    validation_accuracy: float
    """At a probability of 0.5."""
    learning_rate: float
    """Of the epoch's last step."""
    images_per_second: float
    """Trained on, validation not counted."""
    seconds: float
    """Of the whole epoch."""
