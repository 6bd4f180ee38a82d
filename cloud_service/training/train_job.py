"""The kind `train`: from a version of a recipe to a model that is registered."""

import errno
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from sqlalchemy.orm import Session

from cloud_service.audit.trail import Actor
from cloud_service.blob_store import BlobStore
from cloud_service.config import settings
from cloud_service.datasets.materials import MaterialOrder, order_of
from cloud_service.ml.datasets.writing import write_whole
from cloud_service.ml.package import load_package
from cloud_service.ml.training.settings import Recipe
from cloud_service.models import TrainingJob, TrainingRecipe, now
from cloud_service.registry.versions import KeptPackage, register_package
from cloud_service.training.folders import KEPT_FOR, RUN_NAME, JobFolders
from cloud_service.training.keeping import document_in, known_recipe, usable_datasets
from cloud_service.training.kinds import ORDER_NAME, OUTCOME_NAME, Tell
from cloud_service.training.recipes import RecipeDocument
from cloud_service.training.service import MOST_REASON
from shared.errors import PermanentError, SmearflowError, TransientError
from shared.identifiers import Sha256, SlugId

DATA_NAME: Final = "data"
_NO_SPACE: Final = (errno.ENOSPC, errno.EDQUOT)


class TrainOrder(BaseModel):
    """What the job's process needs to know."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    recipe: Recipe
    allow_leaks: bool
    materials: list[MaterialOrder]
    model_name: SlugId
    model_version: str
    data: str  # for the card


class TrainOutcome(BaseModel):
    """What came of it; the package lies beside it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    digest: Sha256
    package_sha256: Sha256
    """Of its archive, which the process has put in the blob store."""
    epochs: int
    chosen_epoch: int


class Train:
    """Trains by a recipe; the job's subject is the recipe's id."""

    uses_every_gpu = True

    def prepare(self, session: Session, job: TrainingJob, folder: Path, blobs: BlobStore) -> None:  # noqa: ARG002 - the kinds' shape
        """Refuse data that must not be trained on, as it stands now; write the order.

        Raises:
            PermanentError: a data set is not known, removed, or holds images of a locked test set.
        """
        recipe = known_recipe(session, UUID(job.subject))
        document = document_in(recipe)
        ids = [reference.id for reference in document.datasets]
        usable_datasets(session, ids)
        order = _order(recipe, document, [order_of(session, dataset_id) for dataset_id in ids], folder)
        write_whole(folder / ORDER_NAME, order.model_dump_json().encode())

    def work(self, folder: Path, blobs: BlobStore, tell: Tell) -> None:
        """Fetch the images, train, measure, and write the package.

        Raises:
            PermanentError: the data or the recipe do not allow it, or the loss is no longer a number.
            TransientError: the blob store is away, or the disk is full.
        """
        from cloud_service.training.training_run import train  # noqa: PLC0415 - torch, in this process alone

        order = TrainOrder.model_validate_json((folder / ORDER_NAME).read_bytes())
        try:
            train(order, folder, blobs, tell)
        except SmearflowError as error:
            cause = error.__cause__
            if isinstance(cause, OSError) and cause.errno in _NO_SPACE:
                raise TransientError(
                    f"The disk with {folder} is full. Free some space; the training goes on from its last whole epoch."
                ) from error
            raise

    def finish(self, session: Session, job: TrainingJob, folder: Path, blobs: BlobStore) -> dict[str, Any]:  # noqa: ARG002 - the kinds' shape
        """Register the package, which the process has kept in the blob store; once, however often this is called."""
        outcome = TrainOutcome.model_validate_json((folder / OUTCOME_NAME).read_bytes())
        package = load_package(folder / RUN_NAME / "model")
        if package.digest != outcome.digest:
            raise PermanentError(
                f"The package of training job {job.id} is not the one that was written when it ended "
                f"({outcome.digest[:12]}): something has changed it. Train again."
            )
        kept = KeptPackage(package, outcome.package_sha256)
        version = register_package(session, kept, by=Actor(job.created_by), training_job_id=job.id)
        return {
            "model": version.digest,
            "model_name": version.name,
            "model_version": version.version,
            "epochs": outcome.epochs,
            "chosen_epoch": outcome.chosen_epoch,
        }

    def fail(self, session: Session, job: TrainingJob, reason: str) -> None:  # noqa: ARG002 - the kinds' shape
        """Say where its weights are, where it had come so far: they took hours."""
        weights = JobFolders(settings().training_dir).weights(job.id)
        if weights is not None and job.cancel_asked_by is None:
            until = f"{now() + KEPT_FOR:%Y-%m-%d}"
            kept = f" What was trained is not lost: until {until} the training worker keeps its weights as {weights}."
            job.reason = reason[: MOST_REASON - len(kept)] + kept


def _order(
    recipe: TrainingRecipe, document: RecipeDocument, materials: list[MaterialOrder], folder: Path
) -> TrainOrder:
    """The order of this attempt; a run that goes on keeps its number of threads, which moves the last digits."""
    former = folder / ORDER_NAME
    if former.is_file():
        threads = TrainOrder.model_validate_json(former.read_bytes()).recipe.training.threads
    else:
        threads = settings().training_threads
    training = document.training.model_copy(update={"threads": threads, "device": "auto"})
    named = ", ".join(f"version {material.number} of {material.name}" for material in materials)
    digests = ", ".join(material.digest for material in materials)
    return TrainOrder(
        recipe=document.recipe.model_copy(update={"training": training}),
        allow_leaks=document.allow_leaks,
        materials=materials,
        model_name=_slug(recipe.name),
        model_version=str(recipe.number),
        data=f"Trained by version {recipe.number} of the recipe {recipe.name}, on {named} (digests {digests}).",
    )


def _slug(name: str) -> str:
    """A recipe's name as a model card spells names."""
    return "".join(sign if sign.isalnum() or sign in "_-" else "-" for sign in name)[:64]
