"""A model card that is valid and says nothing, for tests to change where it matters to them; loads no torch."""

from typing import Any

from cloud_service.ml.evaluation.estimate import Estimate
from cloud_service.ml.evaluation.held_out import HeldOutFigures
from cloud_service.ml.evaluation.measures import Measure
from cloud_service.ml.model_card import ModelCard, TrainingRecord
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
_HELD_OUT = HeldOutFigures(
    part="all",
    images=1,
    images_with_all=1,
    groups=1,
    measures={Measure.ACCURACY: Estimate(value=0.5), Measure.ROC_AUC: None, Measure.LOSS: Estimate(value=0.7)},
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
