"""What a training would take: images, and seconds by what former jobs have measured."""

from contextlib import suppress
from dataclasses import dataclass
from statistics import median
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud_service.ml.network.settings import NetworkSettings
from cloud_service.models import TrainingEpoch, TrainingJob, TrainingRecipe
from cloud_service.training.keeping import document_in, usable_datasets
from cloud_service.training.recipe_schemas import TrainingEstimate
from cloud_service.training.recipes import RecipeDocument, RecipeDraft, RecipeSettings
from cloud_service.vocabulary import TrainingJobKind
from shared.errors import PermanentError
from shared.wording import counted

_GUESSES: Final = {"se-cnn": 25.0, "resnet34": 3.0, "densenet121": 2.5}
"""Images a second in training, of 224 by 224 pixels on two cores: the SE-CNN's as measured on an Ice Lake server
(tests/benchmarks/test_training.py), the others' by their multiply-accumulates."""
_GUESSED_SIZE: Final = 224
_FORWARD_IS_FASTER: Final = 3.0  # an image is judged so much faster than it is trained on
_READING_SECONDS: Final = 0.03  # to fetch, hash, decode and compare one image
_PACKING_SECONDS: Final = 20.0  # to export, measure and write the package
_JOBS_LOOKED_AT: Final = 20


@dataclass(frozen=True, slots=True)
class Speed:
    """Images a second in training, and how that is known."""

    images_per_second: float
    is_measured: bool
    basis: str  # the end of a sentence


def estimate(session: Session, draft: RecipeDraft) -> TrainingEstimate:
    """What a training by a draft would take, on the worker that trained before.

    Raises:
        NotFoundError, ConflictError: as `keeping.save_recipe`.
    """
    datasets = usable_datasets(session, draft.datasets)
    images = sum(dataset.images for dataset in datasets)
    settings = draft.training
    validation, test = round(images * settings.validation_share), round(images * settings.test_share)
    trained = max(images - validation - test, 1)
    if settings.is_augmented_offline:
        trained = settings.offline_all + settings.offline_not_all
    speed = measured_speed(session, draft) or guessed_speed(draft.network, draft.preprocess.size)
    judged = settings.epochs * (validation + settings.batch_norm_images) + test
    work = settings.epochs * trained + judged / _FORWARD_IS_FASTER
    seconds = images * _READING_SECONDS + work / speed.images_per_second + _PACKING_SECONDS
    return TrainingEstimate(
        images=images,
        training_images=trained,
        epochs=settings.epochs,
        seconds=round(seconds, 1),
        images_per_second=round(speed.images_per_second, 1),
        is_measured=speed.is_measured,
        words=f"About {_spoken(seconds)} for {counted(settings.epochs, 'epoch')} of {counted(trained, 'image')}, at "
        f"{speed.images_per_second:.0f} images a second {speed.basis}.",
    )


def measured_speed(session: Session, settings: RecipeSettings) -> Speed | None:
    """The speed of the newest job with the same network; None where there was none.

    A job with images of another size counts by the number of pixels, where there is none of this size.
    """
    scaled: Speed | None = None
    for job_id, document in _former(session):
        if document.network != settings.network:
            continue
        figures = session.scalars(select(TrainingEpoch.figures).where(TrainingEpoch.job_id == job_id)).all()
        rates = [rate for found in figures if (rate := found.get("images_per_second"))]
        if not rates:
            continue
        if document.preprocess.size == settings.preprocess.size:
            return Speed(median(rates), is_measured=True, basis="as measured in the last such training")
        if scaled is None:
            faster = (document.preprocess.size / settings.preprocess.size) ** 2
            basis = f"as a training on images of {document.preprocess.size} pixels lets one expect"
            scaled = Speed(median(rates) * faster, is_measured=True, basis=basis)
    return scaled


def guessed_speed(network: NetworkSettings, size: int) -> Speed:
    """A speed for two cores of a common processor, where nothing was measured yet."""
    rate = _GUESSES[network.backbone] * (_GUESSED_SIZE / size) ** 2
    return Speed(rate, is_measured=False, basis="as guessed for two cores: nothing like it was trained here yet")


def _former(session: Session) -> list[tuple[UUID, RecipeDocument]]:
    """The newest trainings that have begun, and what they were trained by."""
    begun = select(TrainingJob).where(TrainingJob.kind == TrainingJobKind.TRAIN, TrainingJob.started_at.is_not(None))
    found = []
    for job in session.scalars(begun.order_by(TrainingJob.started_at.desc()).limit(_JOBS_LOOKED_AT)):
        recipe = session.get(TrainingRecipe, UUID(job.subject))
        with suppress(PermanentError):  # of one that an older version of this software wrote
            found += [(job.id, document_in(recipe))] if recipe else []
    return found


def _spoken(seconds: float) -> str:
    minutes = seconds / 60
    if minutes < 2:  # noqa: PLR2004 - then seconds tell more
        return f"{seconds:.0f} seconds"
    return f"{minutes:.0f} minutes" if minutes < 120 else f"{minutes / 60:.0f} hours"  # noqa: PLR2004 - likewise
