"""Recipes in the database: kept as versions that never change, and read again."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

from pydantic import ValidationError
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cloud_service.audit.actions import Action
from cloud_service.audit.trail import Actor, record
from cloud_service.database import upsert
from cloud_service.datasets.locked import require_none_locked
from cloud_service.datasets.queries import known_dataset
from cloud_service.errors import ConflictError, NotFoundError
from cloud_service.models import Dataset, TrainingRecipe, now
from cloud_service.training.recipe_schemas import RecipeView
from cloud_service.training.recipes import DatasetReference, RecipeDocument, RecipeDraft, RecipeSettings
from shared.errors import PermanentError


def save_recipe(session: Session, actor: Actor, *, name: str, draft: RecipeDraft) -> TrainingRecipe:
    """Keep a recipe as the next version of its name; the newest one, where that says the same already.

    Args:
        session: the transaction.
        actor: who wants it.
        name: of the recipe.
        draft: what it says.

    Raises:
        NotFoundError: a data set is not known.
        ConflictError: a data set is removed or a locked test set, or shares images with one; one is named twice, or
            all images have one label.
    """
    recipe, is_new = put_recipe(session, actor, name=name, draft=draft)
    if is_new:
        record_saved(session, actor, recipe)
    return recipe


def put_recipe(session: Session, actor: Actor, *, name: str, draft: RecipeDraft) -> tuple[TrainingRecipe, bool]:
    """`save_recipe` for who has events to write before the audit trail's entry; returns too whether it is new."""
    document = document_of(session, draft).model_dump(mode="json")
    newest = newest_recipe(session, name)
    if newest is not None and newest.document == document:
        return newest, False
    return _insert(session, name, document, actor), True


def record_saved(session: Session, actor: Actor, recipe: TrainingRecipe) -> None:
    """Tell the audit trail of a new version; a last step, as all that does."""
    record(session, actor, Action.RECIPE_SAVED, str(recipe.id), name=recipe.name, version=recipe.number)


def document_of(session: Session, draft: RecipeDraft) -> RecipeDocument:
    """What is kept of a draft: its data sets named in full, once it is clear that a model may be trained on them.

    Raises:
        NotFoundError, ConflictError: as `save_recipe`.
    """
    datasets = usable_datasets(session, draft.datasets)
    settings = {name: getattr(draft, name) for name in RecipeSettings.model_fields}
    named = tuple(DatasetReference.model_validate(dataset) for dataset in datasets)
    return RecipeDocument(**settings, datasets=named)


def usable_datasets(session: Session, dataset_ids: Sequence[UUID], *, lock: bool = False) -> list[Dataset]:
    """Data sets that a model may be trained on together; locked on wish, so that nobody removes them meanwhile.

    Raises:
        NotFoundError, ConflictError: as `save_recipe`.
    """
    # In the order of their ids, so that two transactions never wait for each other.
    found = {dataset_id: known_dataset(session, dataset_id, lock=lock) for dataset_id in sorted(set(dataset_ids))}
    datasets = [found[dataset_id] for dataset_id in dataset_ids]
    names = [dataset.name for dataset in datasets]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise ConflictError(
            f"The recipe names {', '.join(map(repr, doubled))} more than once. Versions of one data set share their "
            "images: name one version of each."
        )
    require_none_locked(session, dataset_ids)
    images, positives = sum(dataset.images for dataset in datasets), sum(dataset.positives for dataset in datasets)
    if positives in (0, images):
        label = "without ALL" if positives == 0 else "with ALL"
        raise ConflictError(
            f"A model learns from images with ALL and without; all {images:,} images of {', '.join(names)} are "
            f"{label}. Add a data set that holds the others."
        )
    return datasets


def known_recipe(session: Session, recipe_id: UUID) -> TrainingRecipe:
    """One version of a recipe.

    Raises:
        NotFoundError: there is none with this id.
    """
    found = session.get(TrainingRecipe, recipe_id)
    if found is None:
        raise NotFoundError(f"There is no recipe {recipe_id}; see `smearflow training recipes`.")
    return found


def newest_recipe(session: Session, name: str) -> TrainingRecipe | None:
    """The newest version of a recipe; None where there is none of this name."""
    versions = select(TrainingRecipe).where(TrainingRecipe.name == name)
    return session.scalars(versions.order_by(TrainingRecipe.number.desc()).limit(1)).one_or_none()


def recipe_named(session: Session, name: str) -> TrainingRecipe:
    """The newest version of a recipe.

    Raises:
        NotFoundError: there is none of this name.
    """
    found = newest_recipe(session, name)
    if found is None:
        raise NotFoundError(f"There is no recipe {name!r}; see `smearflow training recipes`.")
    return found


def all_recipes(session: Session) -> Sequence[TrainingRecipe]:
    """Every version of every recipe: by name, in it the newest version first."""
    return session.scalars(select(TrainingRecipe).order_by(TrainingRecipe.name, TrainingRecipe.number.desc())).all()


def recipe_view(recipe: TrainingRecipe) -> RecipeView:
    """A version of a recipe as the API tells it."""
    return RecipeView(
        id=recipe.id,
        name=recipe.name,
        number=recipe.number,
        document=document_in(recipe),
        created_by=recipe.created_by,
        created_at=recipe.created_at,
    )


def document_in(recipe: TrainingRecipe) -> RecipeDocument:
    """What a version of a recipe says.

    Raises:
        PermanentError: another version of this software wrote it, by rules that no longer hold.
    """
    try:
        return RecipeDocument.model_validate(recipe.document)
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(map(str, fault["loc"]))
        raise PermanentError(
            f"Version {recipe.number} of the recipe {recipe.name!r} cannot be read: {where}: {fault['msg']}. Save it "
            "anew as a new version."
        ) from error


def _insert(session: Session, name: str, document: dict[str, Any], actor: Actor) -> TrainingRecipe:
    """Write the row under the next free number; whoever saves at the same time gets the one after it."""
    while True:
        last = session.scalar(select(func.max(TrainingRecipe.number)).where(TrainingRecipe.name == name)) or 0
        row = {
            "id": uuid4(),
            "name": name,
            "number": last + 1,
            "document": document,
            "created_by": actor.name,
            "created_at": now(),
        }
        inserted = upsert(session, TrainingRecipe).on_conflict_do_nothing().returning(TrainingRecipe.id)
        if session.execute(inserted, row).first() is not None:
            return session.get_one(TrainingRecipe, row["id"])
