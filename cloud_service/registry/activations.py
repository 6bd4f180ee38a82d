"""Which model is in service where: put there, gone back from, and never forgotten.

Rows of `model_activation` are added and ended, never removed. Each function here changes what it must in the caller's
transaction and ends with events and the audit entry: rows that others lock are to be changed before it is called.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID, uuid4

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from cloud_service.audit.actions import Action
from cloud_service.audit.trail import Actor, record
from cloud_service.errors import ConflictError, NotFoundError
from cloud_service.models import EVERYWHERE, ModelActivation, ModelVersion, ShadowRun, Site, now
from cloud_service.registry.events import record_model_events
from cloud_service.registry.states import settle_states
from cloud_service.registry.versions import active_digest
from cloud_service.registry.words import named
from cloud_service.vocabulary import ActivationKind, ModelState


@dataclass(frozen=True, slots=True)
class Promotion:
    """What is to come into service, where, and who wants it so.

    Args:
        digest: of the model.
        scope: a site's id, or EVERYWHERE.
        champion: digest of the model that was in service in the scope when the promotion was decided on; None: none
            was. Where another one is by now, the promotion is refused.
        by: who proposed it.
        approved_by: the second person.
        reason: for people.
        proposal_id: that was approved.
        override_reason: why in spite of what failed at the gate.
    """

    digest: str
    scope: str
    champion: str | None
    by: str
    approved_by: str
    reason: str
    proposal_id: UUID | None = None
    override_reason: str | None = None


def promote(session: Session, actor: Actor, promotion: Promotion) -> ModelActivation:
    """Put a model into service; the one before it ends at the same moment.

    Args:
        session: the transaction.
        actor: who decides: the second person, for the audit trail.
        promotion: what, where and why.

    Raises:
        NotFoundError: there is no such model or site.
        ConflictError: it is in service there already, was rejected, its package is not kept, or another model came
            into service meanwhile.
    """
    version = _version(session, promotion.digest)
    _check_may_serve(session, version, promotion.scope)
    held = open_in(session, promotion.scope)
    former = active_digest(session, promotion.scope)
    _check_still_holds(promotion, held, former)
    new = put_into_service(
        session,
        held,
        scope=promotion.scope,
        model_digest=version.digest,
        kind=ActivationKind.PROMOTION,
        by=promotion.by,
        approved_by=promotion.approved_by,
        reason=promotion.reason,
        proposal_id=promotion.proposal_id,
    )
    _end_shadow_runs(session, version.digest, promotion.approved_by)
    _tell(session, [version.digest, *([former] if former else [])])
    record(
        session,
        actor,
        Action.MODEL_PROMOTED,
        version.digest,
        scope=promotion.scope,
        former=former,
        proposal=str(promotion.proposal_id) if promotion.proposal_id else None,
        proposed_by=promotion.by,
        reason=promotion.reason,
        override_reason=promotion.override_reason,
    )
    return new


def roll_back(
    session: Session, actor: Actor, *, scope: str, reason: str, expected: str | None = None
) -> tuple[ModelActivation, ModelActivation]:
    """Go back to the model that was in service in a scope before; to go back twice is to go back further.

    A site whose own model was its first gives it up: the model that answers everywhere answers there again. Nothing
    is analysed anew by this.

    Args:
        session: the transaction.
        actor: who goes back.
        scope: a site's id, or EVERYWHERE.
        reason: for people.
        expected: digest of the model that is to go, so that of two people at once only one goes back; None: whichever.

    Returns:
        What was ended, and what answers now; the latter is ended at once where a site gave up its own model, since
        no row of the site's holds then.

    Raises:
        ConflictError: nothing is in service in the scope, nothing was before, or it is not the model that was expected.
        NotFoundError: there is no such site.
    """
    check_scope(session, scope)
    held = open_in(session, scope)
    if held is None:
        raise ConflictError(f"{named(scope)} has no model of its own that one could go back from.")
    if expected not in {None, held.model_digest}:
        raise ConflictError(
            f"Model {_short(held.model_digest)} is in service in {named(scope)} by now, not {_short(expected)}: "
            "somebody was faster. Look at the timeline, then decide anew."
        )
    before = _before(session, scope)
    target = active_digest(session, EVERYWHERE) if before is None and scope != EVERYWHERE else before
    if target is None:
        raise ConflictError(f"Model {_short(held.model_digest)} is the first in {named(scope)}: nothing was before it.")
    new = put_into_service(
        session, held, scope=scope, model_digest=target, kind=ActivationKind.ROLLBACK, by=actor.name, reason=reason
    )
    if before is None:
        new.until_at = new.from_at
    _end_shadow_runs(session, target, actor.name)
    _tell(session, [target, held.model_digest])
    record(session, actor, Action.MODEL_ROLLED_BACK, target, scope=scope, former=held.model_digest, reason=reason)
    return held, new


def reject(session: Session, actor: Actor, *, digest: str, reason: str) -> None:
    """Decide against a model: it comes into service no more, and its shadow run ends.

    Raises:
        NotFoundError: there is no such model.
        ConflictError: it is in service, or rejected already.
    """
    version = _version(session, digest)
    if version.state == ModelState.REJECTED:
        raise ConflictError(f"Model {_short(digest)} is rejected already.")
    scopes = session.scalars(
        select(ModelActivation.scope).where(ModelActivation.model_digest == digest, ModelActivation.until_at.is_(None))
    ).all()
    if scopes:
        raise ConflictError(
            f"Model {_short(digest)} is in service in {', '.join(map(named, scopes))}. Go back to another one first."
        )
    version.state = ModelState.REJECTED
    _end_shadow_runs(session, digest, actor.name)
    session.flush()
    record_model_events(session, [digest])
    record(session, actor, Action.MODEL_REJECTED, digest, reason=reason)


def check_scope(session: Session, scope: str) -> None:
    """See that a scope exists.

    Raises:
        NotFoundError: there is no such site.
    """
    if scope != EVERYWHERE and session.get(Site, scope) is None:
        raise NotFoundError(f"There is no site {scope}.")


def _check_may_serve(session: Session, version: ModelVersion, scope: str) -> None:
    check_scope(session, scope)
    if version.state == ModelState.REJECTED:
        raise ConflictError(f"Model {_short(version.digest)} was rejected; it cannot come into service.")
    if version.package_sha256 is None:
        raise ConflictError(
            f"The package of model {_short(version.digest)} is not kept here, so no worker could load it; register it."
        )


def _check_still_holds(promotion: Promotion, held: ModelActivation | None, former: str | None) -> None:
    """See that nobody was faster: with the same model, or with another one."""
    if held is not None and held.model_digest == promotion.digest:
        raise ConflictError(
            f"Model {_short(promotion.digest)} is in service in {named(promotion.scope)} already, since "
            f"{held.from_at:%Y-%m-%d %H:%M} UTC, by {held.by}."
        )
    if former != promotion.champion:
        raise ConflictError(
            f"Another model is in service in {named(promotion.scope)} by now: {_short(former)}, not "
            f"{_short(promotion.champion)}. Assess the candidate against that one, and propose it anew."
        )


def _version(session: Session, digest: str) -> ModelVersion:
    version = session.get(ModelVersion, digest, with_for_update=True)
    if version is None:
        raise NotFoundError(f"No model with the digest {digest} is registered.")
    return version


def open_in(session: Session, scope: str) -> ModelActivation | None:
    """The open row of a scope, locked: who comes second waits here, and then finds what the first has left."""
    query = select(ModelActivation).where(ModelActivation.scope == scope, ModelActivation.until_at.is_(None))
    return session.scalars(query.with_for_update(), execution_options={"populate_existing": True}).one_or_none()


def put_into_service(session: Session, held: ModelActivation | None, **fields: object) -> ModelActivation:
    """End one activation and open another, at the same moment.

    Raises:
        ConflictError: another transaction opened one meanwhile.
    """
    at = now()
    if held is not None:
        held.until_at = at
        session.flush()  # before the new row: there is one open row a scope
    new = ModelActivation(id=uuid4(), from_at=at, **fields)
    try:
        with session.begin_nested():
            session.add(new)
    except IntegrityError as error:
        raise ConflictError(
            f"Another model came into service in {named(new.scope)} at this very moment. Look at the timeline, then "
            "decide anew."
        ) from error
    return new


def _before(session: Session, scope: str) -> str | None:
    """The model before the one in service in a scope: promotions are laid on a pile, going back takes the top away."""
    rows = session.execute(
        select(
            ModelActivation.model_digest,
            ModelActivation.kind,
            ModelVersion.state,
            (ModelActivation.until_at == ModelActivation.from_at).label("gave_up"),
        )
        .join(ModelVersion, ModelVersion.digest == ModelActivation.model_digest)
        .where(ModelActivation.scope == scope)
        .order_by(ModelActivation.from_at, ModelActivation.until_at.is_(None), ModelActivation.id)
    )
    pile: list[tuple[str, str]] = []
    for digest, kind, state, gave_up in rows:
        if gave_up:  # a site went back to the model everywhere: nothing of its own lies below
            pile.clear()
            continue
        if kind == ActivationKind.ROLLBACK:
            while pile and pile[-1][0] != digest:
                pile.pop()
        if not pile or pile[-1][0] != digest:
            pile.append((digest, state))
    below = [digest for digest, state in pile[:-1] if state != ModelState.REJECTED]
    return below[-1] if below else None


def _end_shadow_runs(session: Session, digest: str, by: str) -> None:
    session.execute(
        update(ShadowRun)
        .where(ShadowRun.model_digest == digest, ShadowRun.ended_at.is_(None))
        .values(ended_at=now(), ended_by=by)
    )


def _tell(session: Session, digests: Sequence[str]) -> None:
    session.flush()
    settle_states(session)
    record_model_events(session, set(digests))


def _short(digest: str | None) -> str:
    return digest[:12] if digest else "none"
