"""Removing a data set: never while something needs it."""

import json
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud_service.audit.actions import Action
from cloud_service.audit.trail import Actor, record
from cloud_service.datasets.queries import known_dataset
from cloud_service.errors import ConflictError
from cloud_service.models import (
    Dataset,
    ModelActivation,
    ModelAssessment,
    ModelVersion,
    TrainingJob,
    TrainingRecipe,
    now,
)
from cloud_service.vocabulary import DatasetPurpose, TrainingJobKind, TrainingJobState


def remove_dataset(session: Session, actor: Actor, dataset_id: UUID) -> Dataset:
    """Remove a version of a data set.

    Its rows stay, and its images, which captures and other versions may share: so it stays known what models were
    trained on, and no later test set may hold it.

    Raises:
        NotFoundError: there is none with this id.
        ConflictError: it is removed already, a job needs it, or a model in service was assessed on it.
    """
    dataset = known_dataset(session, dataset_id, lock=True)
    if dataset.removed_at is not None:
        raise ConflictError(f"{_name(dataset)} was removed already, by {dataset.removed_by}.")
    unfinished = TrainingJob.state.in_([TrainingJobState.WAITING, TrainingJobState.RUNNING])
    for job in session.scalars(select(TrainingJob).where(unfinished)):
        if _needs(session, job, dataset):
            raise ConflictError(
                f"{_name(dataset)} is needed by the {job.kind} job {job.id}, which is {job.state}. Cancel the job, or "
                "wait for its end."
            )
    if dataset.purpose == DatasetPurpose.LOCKED_TEST and (model := _model_assessed_on(session, dataset)):
        raise ConflictError(
            f"{_name(dataset)} is what the model {model.name} {model.version} ({model.digest[:12]}) was assessed on, "
            "and that model is in service. It stays until the model is not."
        )
    dataset.removed_by, dataset.removed_at = actor.name, now()
    session.flush()
    record(session, actor, Action.DATASET_REMOVED, str(dataset.id), name=dataset.name, version=dataset.number)
    return dataset


def _name(dataset: Dataset) -> str:
    return f"Version {dataset.number} of {dataset.name!r}"


def _needs(session: Session, job: TrainingJob, dataset: Dataset) -> bool:
    """Whether a job's parameters or recipe name a data set; the gate measures on locked test sets of its own choice."""
    if job.kind == TrainingJobKind.ASSESS and dataset.purpose == DatasetPurpose.LOCKED_TEST:
        return True
    told = [job.parameters]
    if job.kind == TrainingJobKind.TRAIN:
        recipe = session.get(TrainingRecipe, UUID(job.subject))
        told += [recipe.document] if recipe else []
    return any(_mentions(document, dataset) for document in told)


def _model_assessed_on(session: Session, dataset: Dataset) -> ModelVersion | None:
    """A model in service whose assessment names a data set by its id or digest."""
    in_service = (
        select(ModelVersion, ModelAssessment)
        .join(ModelAssessment, ModelAssessment.model_digest == ModelVersion.digest)
        .join(ModelActivation, ModelActivation.model_digest == ModelVersion.digest)
        .where(ModelActivation.until_at.is_(None))
    )
    for model, assessment in session.execute(in_service):
        if _mentions([assessment.figures, assessment.checks], dataset):
            return model
    return None


def _mentions(document: object, dataset: Dataset) -> bool:
    text = json.dumps(document)
    return str(dataset.id) in text or dataset.digest in text
