"""What a reader should know of a model, out of its card."""

from cloud_service.cases.schemas import ModelFacts
from cloud_service.ml.evaluation.conformal import AbstainBand
from cloud_service.models import ModelVersion


def facts_of(model: ModelVersion) -> ModelFacts:
    """The facts of a model that has answered; its card was checked when its package was loaded."""
    card = model.card
    band = card.get("abstain_band")
    return ModelFacts(
        name=model.name,
        version=model.version,
        digest=model.digest,
        intended_use=card["intended_use"],
        limits=card["limits"],
        threshold=card["threshold"],
        abstain_between=AbstainBand.model_validate(band).bounds if band else None,
    )
