"""Recipes, estimates and schedules in the API."""

from typing import Annotated, Final
from uuid import UUID

from pydantic import AwareDatetime, Field

from cloud_service.training.recipes import RecipeDocument, RecipeDraft, RecipeName
from cloud_service.web.schemas import ApiModel, ApiRequest, Moment

MOST_DAYS: Final = 366


class RecipeView(ApiModel):
    """One version of a recipe."""

    id: UUID
    name: str
    number: int
    """The version, from 1."""
    document: RecipeDocument
    created_by: str
    created_at: AwareDatetime


class NewRecipe(ApiRequest):
    """The wish for a recipe, or for a new version of one."""

    name: RecipeName
    document: RecipeDraft


class NewJob(ApiRequest):
    """The wish to train by a version of a recipe."""

    recipe_id: UUID


class AgainRequest(ApiRequest):
    """The wish to train by a recipe again, with the images of all cases that are signed by now."""

    recipe_name: RecipeName


class EstimateRequest(ApiRequest):
    """What somebody thinks of training."""

    document: RecipeDraft


class TrainingEstimate(ApiModel):
    """What a training would take."""

    images: int
    """In all parts of the split."""
    training_images: int
    """In an epoch, after augmentation once and for all where the recipe asks for that."""
    epochs: int
    seconds: float
    """From its start to the model, roughly; early stopping may end it sooner."""
    images_per_second: float
    """By which `seconds` was worked out."""
    is_measured: bool
    """Whether that was measured in former jobs; else it is a guess for two cores of a common processor."""
    words: str
    """The estimate and where it comes from, in a sentence."""


class ScheduleRequest(ApiRequest):
    """The wish to train by a recipe again and again, each time with the newest signed cases."""

    every_days: Annotated[int, Field(ge=1, le=MOST_DAYS)]
    first_at: Moment | None = None
    """When to begin; null: `every_days` from now."""


class ScheduleView(ApiModel):
    """When a recipe is trained by again."""

    recipe_name: str
    every_days: int
    next_at: AwareDatetime
    set_by: str
    set_at: AwareDatetime
