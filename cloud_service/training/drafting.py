"""Recipes from the command line: what is there already, and what is to be different."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud_service.datasets.queries import newest_version
from cloud_service.errors import NotFoundError
from cloud_service.ml.training.presets import RECIPES, load_recipe
from cloud_service.models import Dataset
from cloud_service.training.keeping import document_in, newest_recipe
from cloud_service.training.recipe_schemas import NewRecipe
from cloud_service.training.recipes import PRESETS, RecipeDraft, RecipeSettings
from shared.errors import ConfigurationError

_OF_NAMES = (
    "A name has letters without accents, digits, spaces and the signs . _ + - and begins with a letter or a digit."
)


@dataclass(frozen=True, slots=True)
class Changes:
    """What is to be different; None leaves it as it is."""

    datasets: Sequence[str] | None = None  # NAME or NAME:VERSION
    recipe: str | None = None  # a preset's name, or a file
    training: Mapping[str, object] = field(default_factory=dict)  # settings by name
    others: Mapping[str, object] = field(default_factory=dict)  # fields of RecipeSettings, by name


def wanted_recipe(session: Session, name: str, changes: Changes) -> NewRecipe:
    """The newest version of a recipe with changes; of a new one, the first preset with them.

    Raises:
        NotFoundError: a data set is not known.
        ConfigurationError: it is a new recipe and names no data set, there is no such preset or file, or the name or a
            change is not one that the API would take.
    """
    newest = newest_recipe(session, name)
    document = document_in(newest) if newest else None
    if document is None and not changes.datasets:
        raise ConfigurationError(f"There is no recipe {name!r} yet. Name what to train on with --dataset.")
    told = {part: getattr(document or PRESETS[0].settings, part) for part in RecipeSettings.model_fields}
    if changes.recipe is not None:
        recipe = load_recipe(changes.recipe)
        told |= {part: getattr(recipe, part) for part in ("network", "preprocess", "training")}
        told["preset"] = changes.recipe if changes.recipe in RECIPES else None
    told |= {part: value for part, value in changes.others.items() if value is not None}
    by_hand = {part: value for part, value in changes.training.items() if value is not None}
    told["training"] = told["training"].model_copy(update=by_hand)
    datasets = [_dataset_id(session, named) for named in changes.datasets or ()]
    kept = [reference.id for reference in document.datasets] if document else []
    try:
        return NewRecipe(name=name, document=RecipeDraft(**told, datasets=tuple(datasets or kept)))
    except ValidationError as error:
        raise ConfigurationError(_told(error)) from error


def _told(error: ValidationError) -> str:
    """The first thing that is wrong with a recipe, and what to do about it."""
    fault = error.errors()[0]
    where = ".".join(map(str, fault["loc"]))
    advice = _OF_NAMES if fault["loc"] == ("name",) else "`smearflow training start --help` names what can be set."
    return f"That is no recipe: {where}: {fault['msg']}. {advice}"


def _dataset_id(session: Session, named: str) -> UUID:
    name, _, number = named.rpartition(":") if named.rpartition(":")[2].isdecimal() else (named, "", "")
    if not number:
        found = newest_version(session, name)
    else:
        found = session.scalars(
            select(Dataset).where(Dataset.name == name, Dataset.number == int(number))
        ).one_or_none()
    if found is None:
        raise NotFoundError(f"There is no data set {named!r}; see `smearflow dataset list`.")
    return found.id
