"""Trainings into the queue: by a version of a recipe, one at a time of each."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud_service.audit.actions import Action
from cloud_service.audit.trail import Actor, record
from cloud_service.errors import ConflictError
from cloud_service.models import TrainingJob, TrainingRecipe
from cloud_service.training.keeping import document_in, known_recipe, usable_datasets
from cloud_service.training.service import add_job, tell
from cloud_service.vocabulary import TrainingJobKind, TrainingJobState


def start_training(session: Session, actor: Actor, recipe_id: UUID) -> TrainingJob:
    """Put a training by a version of a recipe into the queue.

    Raises:
        NotFoundError: there is no such recipe.
        ConflictError: a training by it is waiting or under way, or its data must not be trained on (any more).
    """
    recipe = known_recipe(session, recipe_id)
    usable_datasets(session, [reference.id for reference in document_in(recipe).datasets], lock=True)
    unfinished = unfinished_training(session, recipe.name)
    if unfinished is not None and unfinished.subject == str(recipe_id):
        raise ConflictError(
            f"A training by version {recipe.number} of {recipe.name!r} is {unfinished.state} already: job "
            f"{unfinished.id}. The same recipe gives the same model; wait for it, or cancel it."
        )
    job = add_job(session, actor, TrainingJobKind.TRAIN, str(recipe.id), {})
    tell(session, job)
    record(session, actor, Action.TRAINING_STARTED, str(job.id), recipe=recipe.name, version=recipe.number)
    return job


def unfinished_training(session: Session, recipe_name: str) -> TrainingJob | None:
    """The newest training by any version of a recipe that waits or is under way; None where there is none.

    The recipe is locked until the end of the transaction: of two people who ask at once the second finds the job that
    the first has begun.
    """
    versions = select(TrainingRecipe.id).where(TrainingRecipe.name == recipe_name)
    session.execute(versions.order_by(TrainingRecipe.number).with_for_update())
    states = (TrainingJobState.WAITING, TrainingJobState.RUNNING)
    unfinished = select(TrainingJob).where(TrainingJob.kind == TrainingJobKind.TRAIN, TrainingJob.state.in_(states))
    newest_first = session.scalars(unfinished.order_by(TrainingJob.created_at.desc(), TrainingJob.id)).all()
    # Read after the jobs: a job that waited for its data set may have a version by now that was not there to be locked.
    subjects = {str(recipe_id) for recipe_id in session.scalars(versions)}
    return next((job for job in newest_first if job.subject in subjects), None)
