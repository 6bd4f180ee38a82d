"""Whether an assessment still counts, and whether a proposal can be approved: in words where not."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from cloud_service.audit.trail import COMMAND_LINE, Actor
from cloud_service.datasets.locked import locked_sets
from cloud_service.models import ModelAssessment, ModelProposal, ModelVersion
from cloud_service.registry.versions import active_digest
from cloud_service.registry.words import named
from cloud_service.vocabulary import ModelState, ProposalState

NOBODY_KNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why a proposal cannot be approved."""

    words: str
    is_the_person: bool = False  # another one could


def person_of(name: str) -> str:
    """Who is behind an actor's name, whichever way he came: at the command line, the system's user."""
    return name.removeprefix(COMMAND_LINE).casefold()


def overtaken(session: Session, assessment: ModelAssessment) -> str | None:
    """Why an assessment is no ground for a promotion any more; None: it is one."""
    scope = scope_of(assessment)
    in_service = active_digest(session, scope)
    if in_service == assessment.model_digest:
        return f"The model is in service in {named(scope)} already."
    if in_service != assessment.champion_digest:
        return (
            f"It was measured against {short(assessment.champion_digest)}, but {short(in_service)} is in service in "
            f"{named(scope)} by now. Assess it anew, against that one."
        )
    measured_on = {figures["dataset_id"] for figures in assessment.figures["test_sets"]}
    if measured_on != {str(dataset.id) for dataset in locked_sets(session, scope)}:
        return f"The locked test sets of {named(scope)} are others by now. Assess it anew, on those."
    return None


def obstacle(
    session: Session, proposal: ModelProposal, assessment: ModelAssessment, version: ModelVersion, actor: Actor
) -> Obstacle | None:
    """What keeps somebody from approving a proposal; None: nothing does.

    Args:
        session: the transaction.
        proposal: what is to be decided on.
        assessment: that it names.
        version: the model that it is for.
        actor: who wants to approve it.
    """
    if proposal.state != ProposalState.OPEN:
        return Obstacle(closed(proposal))
    if version.state == ModelState.REJECTED:
        return Obstacle(f"Model {short(version.digest)} was rejected meanwhile.")
    if words := overtaken(session, assessment):
        return Obstacle(words)
    person = person_of(actor.name)
    if person == NOBODY_KNOWN:
        return Obstacle(
            "The system does not know who sits at this command line, so nobody can be the second person here. Approve "
            "it in the page, or run the command as a user with a name.",
            is_the_person=True,
        )
    if person == person_of(proposal.proposed_by):
        return Obstacle(
            f"{proposal.proposed_by} proposed it; another administrator must approve it. Whoever proposes at the "
            "command line counts there and in the page as the same person.",
            is_the_person=True,
        )
    return None


def closed(proposal: ModelProposal) -> str:
    """What became of a proposal that nobody can decide on any more."""
    by = f" by {proposal.decided_by}" if proposal.decided_by else ""
    at = f" on {proposal.decided_at:%Y-%m-%d at %H:%M} UTC" if proposal.decided_at else ""
    why = f": {proposal.decision_reason}" if proposal.decision_reason else "."
    return f"The proposal was {proposal.state}{by}{at}{why}"


def scope_of(assessment: ModelAssessment) -> str:
    """Where the model was meant to come into service when it was assessed."""
    return str(assessment.figures["scope"])


def short(digest: str | None) -> str:
    """A model in a sentence."""
    return f"model {digest[:12]}" if digest else "no model"
