"""How people have a model measured against the one in service."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud_service.audit.actions import Action
from cloud_service.audit.trail import Actor, record
from cloud_service.errors import ConflictError
from cloud_service.gate.standing import short
from cloud_service.ml.evaluation.measures import Measure
from cloud_service.models import TrainingJob
from cloud_service.registry.activations import check_scope
from cloud_service.registry.versions import active_digest, version_by_digest
from cloud_service.registry.words import named
from cloud_service.training.service import add_job, tell
from cloud_service.vocabulary import ModelState, TrainingJobKind, TrainingJobState


def assess(session: Session, actor: Actor, *, digest: str, scope: str, promises: Sequence[Measure]) -> TrainingJob:
    """Queue the measuring of a model against the one in service in a scope, on the locked test sets.

    Args:
        session: the transaction.
        actor: who wants it.
        digest: of the model, or what it begins with.
        scope: a site's id, or EVERYWHERE.
        promises: what is to be better or equal.

    Raises:
        NotFoundError: there is no such model or site.
        ConflictError: the model was rejected, is in service there itself, or is being assessed for the scope already.
    """
    version = version_by_digest(session, digest)
    check_scope(session, scope)
    if version.state == ModelState.REJECTED:
        raise ConflictError(f"{_capital(version.digest)} was rejected: there is nothing to assess it for.")
    if active_digest(session, scope) == version.digest:
        raise ConflictError(
            f"{_capital(version.digest)} is in service in {named(scope)} itself: there is nothing to compare it with."
        )
    if is_under_way(session, version.digest, scope):
        raise ConflictError(f"{_capital(version.digest)} is being assessed for {named(scope)} already: wait for that.")
    parameters = {"scope": scope, "promises": [str(measure) for measure in promises]}
    job = add_job(session, actor, TrainingJobKind.ASSESS, version.digest, parameters)
    tell(session, job)
    record(session, actor, Action.MODEL_ASSESSED, version.digest, job=str(job.id), **parameters)
    return job


def is_under_way(session: Session, digest: str, scope: str) -> bool:
    """Whether the model of this whole digest is being assessed for a scope, or waits for that."""
    jobs = select(TrainingJob).where(
        TrainingJob.kind == TrainingJobKind.ASSESS,
        TrainingJob.subject == digest,
        TrainingJob.state.in_([TrainingJobState.WAITING, TrainingJobState.RUNNING]),
    )
    return any(job.parameters["scope"] == scope for job in session.scalars(jobs))


def _capital(digest: str) -> str:
    return short(digest).capitalize()
