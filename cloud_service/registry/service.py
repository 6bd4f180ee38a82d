"""What the API and the command line offer of the registry, told in their shapes."""

from sqlalchemy.orm import Session

from cloud_service.audit.trail import Actor
from cloud_service.models import ModelActivation, ModelVersion
from cloud_service.registry import activations, queries, reanalysis
from cloud_service.registry.schemas import ActivationView, ModelDetail, Rollback
from cloud_service.registry.turns import wait_for_turn


def roll_back(session: Session, actor: Actor, *, scope: str, reason: str, expected: str | None = None) -> Rollback:
    """Go back to the model before; see `activations.roll_back`.

    Raises:
        ConflictError: there is none to go back from, or to, or another one than was expected.
        NotFoundError: there is no such site.
    """
    wait_for_turn(session)
    replaced, activation = activations.roll_back(session, actor, scope=scope, reason=reason, expected=expected)
    return Rollback(
        activation=_view(session, activation),
        replaced=_view(session, replaced),
        offer=reanalysis.offer(session, scope=scope, since=replaced.from_at),
    )


def reject(session: Session, actor: Actor, *, digest: str, reason: str) -> ModelDetail:
    """Decide against a model; see `activations.reject`.

    Raises:
        NotFoundError: there is no such model.
        ConflictError: it is in service, or rejected already.
    """
    wait_for_turn(session)
    activations.reject(session, actor, digest=digest, reason=reason)
    return queries.model_by_digest(session, digest)


def _view(session: Session, activation: ModelActivation) -> ActivationView:
    version = session.get_one(ModelVersion, activation.model_digest)
    return queries.activation_view(activation, version.name, version.version)
