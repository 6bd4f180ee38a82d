"""What a model version is to the service, and which proposals still stand: by activations and shadow runs."""

from sqlalchemy import case, select, update
from sqlalchemy.orm import Session

from cloud_service.models import ModelActivation, ModelAssessment, ModelProposal, ModelVersion, ShadowRun, now
from cloud_service.registry.versions import active_digest
from cloud_service.vocabulary import ModelState, ProposalState


def settle_states(session: Session) -> None:
    """Write the state of every version as its activations and shadow runs have it; few rows, one statement.

    Open proposals whose champion is in service no more are overtaken by that.

    In service above rejected, rejected above all else: that a person decided against a model is written by `reject`.
    """
    session.flush()
    is_open = ModelActivation.until_at.is_(None)
    state = case(
        (ModelVersion.digest.in_(select(ModelActivation.model_digest).where(is_open)), ModelState.ACTIVE),
        (ModelVersion.state == ModelState.REJECTED, ModelState.REJECTED),
        (
            ModelVersion.digest.in_(select(ShadowRun.model_digest).where(ShadowRun.ended_at.is_(None))),
            ModelState.SHADOW,
        ),
        # What answered before there were activations is in service no more either.
        (ModelVersion.digest.in_(select(ModelActivation.model_digest)), ModelState.RETIRED),
        (ModelVersion.state == ModelState.ACTIVE, ModelState.RETIRED),
        (ModelVersion.state == ModelState.RETIRED, ModelState.RETIRED),
        else_=ModelState.CANDIDATE,
    )
    settled = update(ModelVersion).where(ModelVersion.state != state).values(state=state)
    session.execute(settled.execution_options(synchronize_session="fetch"))
    _overtake_proposals(session)


def _overtake_proposals(session: Session) -> None:
    standing = (
        select(ModelProposal, ModelAssessment.champion_digest)
        .join(ModelAssessment, ModelAssessment.id == ModelProposal.assessment_id)
        .where(ModelProposal.state == ProposalState.OPEN)
        .order_by(ModelProposal.id)
    )
    for proposal, champion in session.execute(standing):
        in_service = active_digest(session, proposal.scope)
        if in_service != champion:
            proposal.state, proposal.decided_at = ProposalState.OVERTAKEN, now()
            proposal.decision_reason = (
                f"Model {in_service[:12] if in_service else 'none'} came into service there meanwhile. Assess this one "
                "anew, against that one, and propose it again."
            )
    session.flush()
