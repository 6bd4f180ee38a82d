"""The models that have answered captures, over HTTP."""

from typing import Annotated

from fastapi import APIRouter

from cloud_service.accounts.dependencies import requires
from cloud_service.accounts.identity import Identity
from cloud_service.accounts.permissions import Permission
from cloud_service.inference import models
from cloud_service.inference.model_schemas import ModelDetail, ModelSummary
from cloud_service.web.services import Reading
from shared.identifiers import Sha256

router = APIRouter(prefix="/api/v1/models", tags=["models"])

Viewer = Annotated[Identity, requires(Permission.SEE_MODELS)]


@router.get("")
def list_models(_who: Viewer, session: Reading) -> list[ModelSummary]:
    """Every model that has answered a capture, the newest first."""
    return models.models_in_use(session)


@router.get("/{digest}")
def get_model(_who: Viewer, session: Reading, digest: Sha256) -> ModelDetail:
    """One model with its card."""
    return models.model_by_digest(session, digest)
