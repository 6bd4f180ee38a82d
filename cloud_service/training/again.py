"""Train again with the newest signed cases: a new version of their data set, then of the recipe, then a model.

The job is there from the beginning, and waits: its parameters name the import of the signed cases. `advance` looks
after such jobs, in a transaction each, every few seconds in each training worker. What the database says is all that
counts, so a process that is killed in between leaves nothing half done. Who cancels such a job leaves its import alone:
that goes on, and its data set is there for whoever wants it.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud_service.audit.actions import Action
from cloud_service.audit.trail import Actor, record
from cloud_service.datasets.service import begin_signed_import
from cloud_service.errors import ConflictError
from cloud_service.models import Dataset, DatasetImport, TrainingJob, TrainingRecipe, now
from cloud_service.training.keeping import document_in, known_recipe, put_recipe, recipe_named, record_saved
from cloud_service.training.recipes import RecipeDocument
from cloud_service.training.service import add_job, end, tell
from cloud_service.training.starting import unfinished_training
from cloud_service.vocabulary import DatasetImportState, DatasetSource, TrainingJobKind, TrainingJobState
from shared.errors import PermanentError

SIGNED_CASES: Final = "signed cases"
"""What the data set is called in a recipe that has none of signed cases yet."""
IMPORT: Final = "import_id"
"""The parameter of a job that waits for its data set."""
NOT_YET: Final = datetime(9999, 1, 1, tzinfo=UTC)
"""No worker begins such a job before `advance` says so."""
_WAITS_FOR_A_PERSON: Final = "Waits for somebody to keep the data set {name!r}: its report says what stands in the way."


def train_again(session: Session, actor: Actor, recipe_name: str) -> TrainingJob:
    """Queue a training by a recipe's newest version, with the images of all cases that are signed by now.

    Raises:
        NotFoundError: there is no such recipe.
        ConflictError: a training by this recipe is waiting or under way, or its signed cases belong elsewhere.
    """
    recipe = recipe_named(session, recipe_name)
    unfinished = unfinished_training(session, recipe_name)
    if unfinished is not None:
        raise ConflictError(
            f"A training by {recipe_name!r} is {unfinished.state} already: job {unfinished.id}. Wait for it, or cancel "
            "it."
        )
    former = _of_signed_cases(session, document_in(recipe))
    name, site = (former.name, former.site_id) if former else (SIGNED_CASES, None)
    wanted = begin_signed_import(session, actor, name=name, site=site, confirm=True)
    job = add_job(session, actor, TrainingJobKind.TRAIN, str(recipe.id), {IMPORT: str(wanted.id)})
    job.not_before = NOT_YET
    job.reason = f"Waits for the data set {name!r}, made anew of the cases that are signed by now."
    tell(session, job)
    record(session, actor, Action.TRAINING_STARTED, str(job.id), recipe=recipe.name, signed_cases=str(wanted.id))
    return job


def waiting_jobs(session: Session) -> Sequence[UUID]:
    """Ids of the jobs that wait for a data set, the oldest first."""
    waiting = select(TrainingJob.id).where(
        TrainingJob.kind == TrainingJobKind.TRAIN,
        TrainingJob.state == TrainingJobState.WAITING,
        TrainingJob.not_before == NOT_YET,
    )
    return session.scalars(waiting.order_by(TrainingJob.created_at)).all()


def advance(session: Session, job_id: UUID) -> bool:
    """Let a job begin whose data set is there, or end it where that will never be; the transaction of this job alone.

    Returns:
        Whether something changed.
    """
    job = session.get(TrainingJob, job_id, with_for_update={"skip_locked": True}, populate_existing=True)
    if job is None or job.state != TrainingJobState.WAITING or job.not_before != NOT_YET:
        return False  # another process has it, or had it
    wanted = session.get_one(DatasetImport, UUID(job.parameters[IMPORT]))
    try:
        return _advance(session, job, wanted)
    except PermanentError as error:  # found by reading alone, so nothing is written yet
        end(session, job, TrainingJobState.FAILED, str(error))
        return True


def _advance(session: Session, job: TrainingJob, wanted: DatasetImport) -> bool:
    saved: TrainingRecipe | None = None
    match wanted.state:
        case DatasetImportState.IMPORTED:
            saved = _release(session, job, wanted)
        case DatasetImportState.REFUSED if _is_new_to(session, job, wanted.dataset_id):
            saved = _release(session, job, wanted)  # made already, by whomever, and not yet trained on
        case DatasetImportState.REFUSED | DatasetImportState.DROPPED:
            why = wanted.reason or "a person decided so."
            end(session, job, TrainingJobState.FAILED, f"The import of {wanted.name!r} was {wanted.state}: {why}")
            return True
        case DatasetImportState.CHECKED if job.reason != (reason := _WAITS_FOR_A_PERSON.format(name=wanted.name)):
            job.reason = reason
        case _:
            return False
    tell(session, job)
    if saved is not None:
        record_saved(session, Actor(job.created_by), saved)
    return True


def _release(session: Session, job: TrainingJob, wanted: DatasetImport) -> TrainingRecipe | None:
    """Let a job begin, by a new version of its recipe, which is returned; None where there is none to be saved."""
    former = _newest(session, job)
    document = document_in(former)
    replaced = _of_signed_cases(session, document)
    others = [named.id for named in document.datasets if replaced is None or named.id != replaced.id]
    assert wanted.dataset_id is not None  # noqa: S101 - that is why it may begin
    draft = document.as_draft((*others, wanted.dataset_id))
    recipe, is_new = put_recipe(session, Actor(job.created_by), name=former.name, draft=draft)
    job.subject, job.not_before, job.reason = str(recipe.id), now(), None
    return recipe if is_new else None


def _is_new_to(session: Session, job: TrainingJob, dataset_id: UUID | None) -> bool:
    document = document_in(_newest(session, job))
    return dataset_id is not None and dataset_id not in {named.id for named in document.datasets}


def _newest(session: Session, job: TrainingJob) -> TrainingRecipe:
    """The newest version of a job's recipe: somebody may have changed it while the job waited."""
    return recipe_named(session, known_recipe(session, UUID(job.subject)).name)


def _of_signed_cases(session: Session, document: RecipeDocument) -> Dataset | None:
    """The recipe's data set that was made of signed cases; the first, where there are several."""
    ids = [reference.id for reference in document.datasets]
    made = select(DatasetImport.dataset_id).where(
        DatasetImport.source == DatasetSource.SIGNED_CASES, DatasetImport.dataset_id.in_(ids)
    )
    found = set(session.scalars(made))
    return next((session.get_one(Dataset, dataset_id) for dataset_id in ids if dataset_id in found), None)
