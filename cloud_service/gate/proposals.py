"""Proposals to put a model into service: made by one person, decided on by another, one decision at a time."""

from dataclasses import dataclass
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud_service.audit.actions import Action
from cloud_service.audit.trail import Actor, record
from cloud_service.blob_store import BlobStore
from cloud_service.errors import ConflictError, ForbiddenError, NotFoundError
from cloud_service.gate.queries import failed_titles, known_proposal
from cloud_service.gate.standing import NOBODY_KNOWN, closed, obstacle, overtaken, person_of, scope_of, short
from cloud_service.ml.package import ModelPackageError
from cloud_service.models import ModelAssessment, ModelProposal, ModelVersion, now
from cloud_service.registry.activations import Promotion, check_scope, promote
from cloud_service.registry.events import record_model_events
from cloud_service.registry.packages import check_kept
from cloud_service.registry.turns import wait_for_turn
from cloud_service.registry.versions import version_by_digest
from cloud_service.registry.words import named
from cloud_service.vocabulary import ModelState, ProposalState


def propose(
    session: Session,
    actor: Actor,
    *,
    digest: str,
    scope: str,
    assessment_id: UUID,
    reason: str,
    override_reason: str | None = None,
) -> ModelProposal:
    """Wish that a model come into service.

    Args:
        session: the transaction.
        actor: who wishes it.
        digest: of the model.
        scope: a site's id, or EVERYWHERE.
        assessment_id: what speaks for it.
        reason: for people.
        override_reason: why in spite of what failed at the gate; None where nothing did.

    Raises:
        ForbiddenError: nobody knows who wishes it.
        NotFoundError: there is no such model, site or assessment.
        ConflictError: the assessment is another model's or scope's, is overtaken, or failed and no override is given;
            the model was rejected; it is proposed for the scope already.
    """
    _check_known(actor)
    wait_for_turn(session)
    version = _proposable(session, digest, scope)
    assessment = _fitting_assessment(session, version, scope, assessment_id)
    _check_override(assessment, override_reason)
    proposal = ModelProposal(
        id=uuid4(),
        model_digest=version.digest,
        scope=scope,
        assessment_id=assessment.id,
        state=ProposalState.OPEN,
        reason=reason,
        override_reason=override_reason,
        proposed_by=actor.name,
        proposed_at=now(),
    )
    session.add(proposal)
    failed = failed_titles(assessment.checks)
    _tell(session, actor, Action.MODEL_PROPOSED, proposal, override_reason=override_reason, failed=failed)
    return proposal


def _check_known(actor: Actor) -> None:
    if person_of(actor.name) == NOBODY_KNOWN:
        raise ForbiddenError(
            "The system does not know who sits at this command line, so that no second person could be told from the "
            "first. Propose it in the page, or run the command as a user with a name."
        )


def _proposable(session: Session, digest: str, scope: str) -> ModelVersion:
    version = version_by_digest(session, digest)
    check_scope(session, scope)
    if version.state == ModelState.REJECTED:
        raise ConflictError(f"Model {version.digest[:12]} was rejected; it cannot come into service.")
    _check_not_proposed(session, version.digest, scope)
    return version


@dataclass(frozen=True, slots=True)
class CheckedProposal:
    """A proposal whose model's package was seen to be kept; made by `check_proposed_package` alone."""

    id: UUID
    package_sha256: str | None  # of the archive that was looked at


def check_proposed_package(session: Session, blobs: BlobStore, proposal_id: UUID) -> CheckedProposal:
    """See that the package of a proposal's model is kept; before `approve`, whose transaction must not wait for that.

    Args:
        session: a snapshot, which holds up nobody.
        blobs: where packages are kept.
        proposal_id: whose model is looked at.

    Returns:
        What `approve` asks for.

    Raises:
        NotFoundError: there is no such proposal.
        ConflictError: the package is not the one that was registered.
        TransientError: the blob store is away.
    """
    version = session.get_one(ModelVersion, known_proposal(session, proposal_id).model_digest)
    try:
        check_kept(blobs, version)
    except ModelPackageError as error:
        raise ConflictError(str(error)) from error
    return CheckedProposal(proposal_id, version.package_sha256)


def approve(session: Session, actor: Actor, checked: CheckedProposal, *, reason: str) -> ModelProposal:
    """Put the model of a proposal into service, as the second person.

    Raises:
        NotFoundError: there is no such proposal.
        ForbiddenError: the actor proposed it, or is not known.
        ConflictError: it is decided on, its assessment is overtaken, the model was rejected, or another package than
            the one that was looked at is kept for it by now.
    """
    wait_for_turn(session)
    proposal = known_proposal(session, checked.id, lock=True)
    assessment = session.get_one(ModelAssessment, proposal.assessment_id)
    version = session.get_one(ModelVersion, proposal.model_digest)
    if (found := obstacle(session, proposal, assessment, version, actor)) is not None:
        raise (ForbiddenError if found.is_the_person else ConflictError)(found.words)
    if version.package_sha256 != checked.package_sha256:
        raise ConflictError(f"The package of {short(version.digest)} was registered anew meanwhile; approve it again.")
    _close(proposal, ProposalState.APPROVED, actor, reason)
    session.flush()
    promotion = Promotion(
        digest=proposal.model_digest,
        scope=proposal.scope,
        champion=assessment.champion_digest,
        by=proposal.proposed_by,
        approved_by=actor.name,
        reason=proposal.reason,
        proposal_id=proposal.id,
        override_reason=proposal.override_reason,
    )
    promote(session, actor, promotion)
    record(session, actor, Action.PROPOSAL_APPROVED, proposal.model_digest, proposal=str(proposal.id), reason=reason)
    return proposal


def refuse(session: Session, actor: Actor, proposal_id: UUID, *, reason: str) -> ModelProposal:
    """Decide against a proposal, as the second person.

    Raises:
        NotFoundError: there is no such proposal.
        ForbiddenError: the actor proposed it.
        ConflictError: it is decided on.
    """
    wait_for_turn(session)
    proposal = _open_proposal(session, proposal_id)
    if person_of(actor.name) == person_of(proposal.proposed_by):
        raise ForbiddenError("You proposed it yourself: withdraw it instead, or leave the decision to another one.")
    _close(proposal, ProposalState.REFUSED, actor, reason)
    _tell(session, actor, Action.PROPOSAL_REFUSED, proposal)
    return proposal


def withdraw(session: Session, actor: Actor, proposal_id: UUID) -> ModelProposal:
    """Take back one's own proposal.

    Raises:
        NotFoundError: there is no such proposal.
        ForbiddenError: somebody else proposed it.
        ConflictError: it is decided on.
    """
    wait_for_turn(session)
    proposal = _open_proposal(session, proposal_id)
    if person_of(actor.name) != person_of(proposal.proposed_by):
        raise ForbiddenError(f"{proposal.proposed_by} proposed it: refuse it instead.")
    _close(proposal, ProposalState.WITHDRAWN, actor, None)
    _tell(session, actor, Action.PROPOSAL_WITHDRAWN, proposal)
    return proposal


def _fitting_assessment(session: Session, version: ModelVersion, scope: str, assessment_id: UUID) -> ModelAssessment:
    assessment = session.get(ModelAssessment, assessment_id)
    if assessment is None:
        raise NotFoundError(f"There is no assessment {assessment_id}; assess the model first.")
    if assessment.model_digest != version.digest:
        raise ConflictError(
            f"That assessment is of {short(assessment.model_digest)}, not of {short(version.digest)}: name one of this "
            "model."
        )
    if scope_of(assessment) != scope:
        raise ConflictError(
            f"The model was assessed for {named(scope_of(assessment))}, not for {named(scope)}: assess it for that one."
        )
    if words := overtaken(session, assessment):
        raise ConflictError(words)
    return assessment


def _check_override(assessment: ModelAssessment, override_reason: str | None) -> None:
    if not assessment.passed and override_reason is None:
        failed = ", ".join(failed_titles(assessment.checks))
        raise ConflictError(
            f"The model did not pass the gate: {failed}. Say why it shall come into service in spite of that "
            "(override_reason); it stands in the audit trail for good."
        )
    if assessment.passed and override_reason is not None:
        raise ConflictError("The model passed the gate, so there is nothing to override: leave override_reason out.")


def _check_not_proposed(session: Session, digest: str, scope: str) -> None:
    open_one = select(ModelProposal).where(
        ModelProposal.model_digest == digest,
        ModelProposal.scope == scope,
        ModelProposal.state == ProposalState.OPEN,
    )
    if (former := session.scalars(open_one).first()) is not None:
        raise ConflictError(
            f"{former.proposed_by} has proposed {short(digest)} for {named(scope)} already. Another administrator "
            "decides on that proposal, or it is withdrawn first."
        )


def _open_proposal(session: Session, proposal_id: UUID) -> ModelProposal:
    proposal = known_proposal(session, proposal_id, lock=True)
    if proposal.state != ProposalState.OPEN:
        raise ConflictError(closed(proposal))
    return proposal


def _close(proposal: ModelProposal, state: ProposalState, actor: Actor, reason: str | None) -> None:
    proposal.state, proposal.decided_by, proposal.decided_at = state, actor.name, now()
    proposal.decision_reason = reason


def _tell(session: Session, actor: Actor, action: Action, proposal: ModelProposal, **details: object) -> None:
    session.flush()
    record_model_events(session, [proposal.model_digest])
    record(
        session,
        actor,
        action,
        proposal.model_digest,
        proposal=str(proposal.id),
        scope=proposal.scope,
        reason=proposal.decision_reason or proposal.reason,
        **details,
    )
