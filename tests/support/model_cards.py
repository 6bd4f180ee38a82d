"""A model card that is valid and says nothing, for tests to change where it matters to them; loads no torch."""

from typing import Any

from cloud_service.ml.model_card import HeldOutMetrics, ModelCard, TrainingRecord
from cloud_service.ml.network.settings import NetworkSettings
from shared.imaging.preprocess import PreprocessSpec

_TRAINING = TrainingRecord(
    data="none",
    data_digest="0" * 64,
    images_trained_on=1,
    images_chosen_by=1,
    settings={},
    chosen_epoch=1,
    software={},
)
_HELD_OUT = HeldOutMetrics(
    part="all",
    images=1,
    images_with_all=1,
    accuracy=0.5,
    sensitivity=0.5,
    specificity=None,
    roc_auc=None,
    loss=0.7,
)


def a_card(**changes: Any) -> ModelCard:
    """A card; `changes` replace single fields."""
    fields: dict[str, Any] = {
        "name": "random",
        "version": "1",
        "files": {},
        "network": NetworkSettings(),
        "preprocess": PreprocessSpec(),
        "threshold": 0.5,
        "training": _TRAINING,
        "held_out": (_HELD_OUT,),
        "onnx_difference": 0.0,
        "intended_use": "Tests.",
        "limits": ("It knows nothing.",),
        "clinical_meaning": "None.",
    }
    return ModelCard(**fields | changes)
