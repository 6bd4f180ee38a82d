"""What the API tells of the models that have answered captures."""

from typing import Annotated, Any

from pydantic import AwareDatetime, Field

from cloud_service.web.schemas import ApiModel
from shared.identifiers import Sha256


class ModelSummary(ApiModel):
    """One version of one model."""

    digest: Sha256
    """Of its package; each answer names it."""
    name: Annotated[str, Field(examples=["se-cnn"])]
    version: Annotated[str, Field(examples=["demo-1"])]
    first_used_at: AwareDatetime
    last_used_at: AwareDatetime | None
    answers: int
    """How many captures it has answered."""


class ModelDetail(ModelSummary):
    """One version of one model, with its card."""

    card: dict[str, Any]
    """What it was made from, how well it did on images that it had not seen, and how far it may be believed."""
