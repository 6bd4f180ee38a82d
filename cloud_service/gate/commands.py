"""`smearflow model assess | compare | propose | proposals | promote | refuse | withdraw`: the gate from a terminal.

Whoever sits there is named as the system names him, and counts in the page as the person of the same name.
"""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from cloud_service.printing import print_json
from cloud_service.registry.commands import EVERYWHERE, Json, Model, Reason, Scope, of_fitting_length

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from cloud_service.gate.schemas import AssessmentSummary, ProposalView

app = typer.Typer()


class Promised(StrEnum):
    """What a model can be promised to be better in: `gate.schemas.PromisedMeasure`, without the libraries behind it."""

    BALANCED_ACCURACY = "balanced_accuracy"
    ACCURACY = "accuracy"
    ROC_AUC = "roc_auc"
    RECALL_ALL = "recall_all"
    RECALL_NOT_ALL = "recall_not_all"


Proposal = Annotated[UUID, typer.Argument(help="Id of the proposal, see `smearflow model proposals`.")]


@app.command(epilog="Example: smearflow model assess 3f2a90c4 --scope NORTH")
def assess(
    model: Model,
    *,
    scope: Scope = EVERYWHERE,
    promise: Annotated[
        list[Promised] | None,
        typer.Option(help="What is to be better or equal; several times for more. By default balanced_accuracy."),
    ] = None,
    json_: Json = False,
) -> None:
    """Queue the measuring of MODEL against the one in service, on the locked test sets."""
    from cloud_service.audit.trail import Actor
    from cloud_service.database import transaction
    from cloud_service.gate.service import assess as queue
    from cloud_service.ml.evaluation.measures import Measure
    from cloud_service.training.queries import job_summary
    from cloud_service.wakeup import wake_up

    promises = [Measure(str(name)) for name in promise or [Promised.BALANCED_ACCURACY]]
    with transaction() as session:
        job = queue(session, Actor.at_command_line(), digest=model, scope=scope, promises=promises)
        summary = job_summary(session, job)
    wake_up(training=True)
    if json_:
        typer.echo(summary.model_dump_json(indent=2))
        return
    typer.echo(
        f"Job {summary.id} measures {summary.subject_name}. See it with `smearflow training show {summary.id}`, and "
        f"what came of it with `smearflow model compare {model}`."
    )


@app.command(epilog="Example: smearflow model compare 3f2a90c4 --json")
def compare(model: Model, *, scope: Scope = EVERYWHERE, json_: Json = False) -> None:
    """Show how MODEL did at the gate beside the one in service: its newest assessment for a scope."""
    from cloud_service.database import snapshot
    from cloud_service.gate.queries import assessment_detail
    from cloud_service.gate.text import told_assessment

    with snapshot() as session:
        found = assessment_detail(session, _newest_assessment(session, model, scope).id)
    if json_:
        typer.echo(found.model_dump_json(indent=2))
        return
    for line in told_assessment(found):
        typer.echo(line)


@app.command(epilog='Example: smearflow model propose 3f2a90c4 --reason "Finds more on the locked test set."')
def propose(
    model: Model,
    *,
    reason: Reason,
    scope: Scope = EVERYWHERE,
    assessment: Annotated[UUID | None, typer.Option(help="Id; by default the newest for the scope.")] = None,
    override_reason: Annotated[
        str | None,
        typer.Option(help="Why in spite of what failed at the gate; kept for good.", callback=of_fitting_length),
    ] = None,
    json_: Json = False,
) -> None:
    """Propose that MODEL come into service. Another administrator decides, in the page or with `model promote`."""
    from cloud_service.audit.trail import Actor
    from cloud_service.database import transaction
    from cloud_service.gate import proposals, queries

    actor = Actor.at_command_line()
    with transaction() as session:
        made = proposals.propose(
            session,
            actor,
            digest=model,
            scope=scope,
            assessment_id=assessment or _newest_assessment(session, model, scope).id,
            reason=reason,
            override_reason=override_reason,
        )
        view = queries.proposal_view(session, actor, made)
    _tell(view, f"Another administrator decides: smearflow model promote {view.id} --reason …", json_=json_)


@app.command(epilog="Example: smearflow model proposals --open")
def proposals(
    *,
    open_: Annotated[bool, typer.Option("--open", help="Those alone that nobody has decided on.")] = False,
    json_: Json = False,
) -> None:
    """List the proposals, the newest first."""
    from cloud_service.audit.trail import Actor
    from cloud_service.database import snapshot
    from cloud_service.gate import queries
    from cloud_service.gate.text import told_proposal
    from cloud_service.vocabulary import ProposalState

    state = ProposalState.OPEN if open_ else None
    with snapshot() as session:
        found = queries.proposals(session, Actor.at_command_line(), state=state)
    if json_:
        print_json(found)
        return
    for proposal in found:
        typer.echo(told_proposal(proposal))
    if not found:
        typer.echo("There is no proposal. Make one with `smearflow model propose MODEL --reason …`.")


@app.command(epilog='Example: smearflow model promote 0b6c1f6e-… --reason "I have looked at the cases."')
def promote(proposal: Proposal, *, reason: Reason, json_: Json = False) -> None:
    """Approve a proposal as the second person: its model comes into service at once.

    You count as the second person only if the system's user that you are is not the one who proposed it, at a terminal
    or in the page.
    """
    from cloud_service.audit.trail import Actor
    from cloud_service.blob_store import open_blob_store
    from cloud_service.config import settings
    from cloud_service.database import snapshot, transaction
    from cloud_service.gate import proposals, queries

    actor = Actor.at_command_line()
    with snapshot() as session:
        checked = proposals.check_proposed_package(session, open_blob_store(settings()), proposal)
    with transaction() as session:
        view = queries.proposal_view(session, actor, proposals.approve(session, actor, checked, reason=reason))
    _tell(view, "Workers take it up between two batches. Back: `smearflow model rollback`.", json_=json_)


@app.command(epilog='Example: smearflow model refuse 0b6c1f6e-… --reason "Look at site NORTH first."')
def refuse(proposal: Proposal, *, reason: Reason, json_: Json = False) -> None:
    """Decide against a proposal that somebody else made."""
    from cloud_service.audit.trail import Actor
    from cloud_service.database import transaction
    from cloud_service.gate import proposals, queries

    actor = Actor.at_command_line()
    with transaction() as session:
        view = queries.proposal_view(session, actor, proposals.refuse(session, actor, proposal, reason=reason))
    _tell(view, None, json_=json_)


@app.command(epilog="Example: smearflow model withdraw 0b6c1f6e-…")
def withdraw(proposal: Proposal, *, json_: Json = False) -> None:
    """Take back a proposal of your own."""
    from cloud_service.audit.trail import Actor
    from cloud_service.database import transaction
    from cloud_service.gate import proposals, queries

    actor = Actor.at_command_line()
    with transaction() as session:
        view = queries.proposal_view(session, actor, proposals.withdraw(session, actor, proposal))
    _tell(view, None, json_=json_)


def _newest_assessment(session: "Session", model: str, scope: str) -> "AssessmentSummary":
    from cloud_service.errors import NotFoundError
    from cloud_service.gate.queries import assessments_of
    from cloud_service.gate.service import is_under_way
    from cloud_service.registry.versions import version_by_digest
    from cloud_service.registry.words import named

    for found in assessments_of(session, model):
        if found.scope == scope:
            return found
    if is_under_way(session, version_by_digest(session, model).digest, scope):
        raise NotFoundError(
            f"Model {model} is being assessed for {named(scope)}: wait for that; `smearflow training jobs` shows how "
            "far it is."
        )
    raise NotFoundError(
        f"Model {model} has not been assessed for {named(scope)} yet: smearflow model assess {model} --scope {scope!r}."
    )


def _tell(view: "ProposalView", then: str | None, *, json_: bool) -> None:
    from cloud_service.gate.text import told_proposal
    from cloud_service.wakeup import wake_up

    wake_up(inference=True)
    if json_:
        typer.echo(view.model_dump_json(indent=2))
        return
    typer.echo(told_proposal(view))
    if then:
        typer.echo(then)
