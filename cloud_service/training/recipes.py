"""Recipes: everything that, with the software, decides what a training returns; typed, versioned, never changed.

A recipe is what `ml.training.settings.Recipe` is to a run by hand, and the versions of the data sets that it is trained
on. How many threads there are, and which device, is the worker's affair: it replaces what a document says of them.
"""

import json
from typing import Annotated, Final, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from cloud_service.ml.network.settings import NetworkSettings
from cloud_service.ml.training.presets import MODERN, PAPER
from cloud_service.ml.training.settings import Recipe, TrainingSettings
from cloud_service.web.schemas import ApiModel, ApiRequest
from shared.identifiers import Sha256
from shared.imaging.preprocess import PreprocessSpec

RecipeName = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._+-]*$")]
"""What people call a recipe; its versions share it."""
MOST_DATASETS: Final = 20


class RecipeSettings(ApiRequest):
    """A recipe without its data."""

    description: Annotated[str, Field(max_length=2000)] = ""
    """What it is for, in a person's words."""
    preset: Annotated[str, Field(max_length=100)] | None = None
    """Which preset its settings were begun from; they may have been changed since."""
    network: NetworkSettings = MODERN.network
    preprocess: PreprocessSpec = MODERN.preprocess
    """What is done to each image, also in service: size, corners, border, stain normalisation."""
    training: TrainingSettings = MODERN.training
    """Hyper-parameters, the shares of the split, and the seed."""
    allow_leaks: bool = False
    """Train although images of different parts look the same or belong together; the model's card then says so."""

    @model_validator(mode="after")
    def _holds_numbers(self) -> Self:
        try:
            json.dumps(self.model_dump(mode="json"), allow_nan=False)
        except ValueError as error:
            raise ValueError("infinity, and what is no number, is no setting") from error
        return self

    @property
    def recipe(self) -> Recipe:
        """What a run takes."""
        return Recipe(network=self.network, preprocess=self.preprocess, training=self.training)


class RecipeDraft(RecipeSettings):
    """A recipe as somebody asks for it: its data sets by id."""

    datasets: Annotated[tuple[UUID, ...], Field(min_length=1, max_length=MOST_DATASETS)]
    """Versions of data sets, each name once."""


class DatasetReference(ApiModel):
    """A version of a data set, named so that nothing else can be meant."""

    id: UUID
    name: str
    number: int
    """The version, from 1."""
    digest: Sha256


class RecipeDocument(RecipeSettings):
    """A version of a recipe, as it is kept."""

    schema_version: Literal[1] = 1
    datasets: Annotated[tuple[DatasetReference, ...], Field(min_length=1, max_length=MOST_DATASETS)]

    def as_draft(self, datasets: tuple[UUID, ...]) -> RecipeDraft:
        """The same settings, to be trained on other data sets."""
        kept = {name: getattr(self, name) for name in RecipeSettings.model_fields}
        return RecipeDraft(**kept, datasets=datasets)


class RecipePreset(ApiModel):
    """Settings to begin a recipe from."""

    name: str
    title: str
    description: str
    settings: RecipeSettings


PRESETS: Final = (
    RecipePreset(
        name="modern",
        title="Steady",
        description="The same network with a falling learning rate, averaged weights and richer augmentation, so that "
        "neighbouring epochs agree; on images of half the width, which is four times as fast. Begin with this one.",
        settings=RecipeSettings(preset="modern"),
    ),
    RecipePreset(
        name="paper",
        title="As published",
        description="Adam at a constant learning rate of 0.001 and the augmentation of Bukhari et al. (2022). Its "
        "held-out accuracy swings from epoch to epoch; take it to compare with the paper.",
        settings=RecipeSettings(
            preset="paper", network=PAPER.network, preprocess=PAPER.preprocess, training=PAPER.training
        ),
    ),
)
"""What a new recipe may begin from; the first one is the default."""
