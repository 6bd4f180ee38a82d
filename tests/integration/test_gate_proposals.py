"""Proposals: one person wishes, another decides, and of two decisions at once one holds."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select

from cloud_service.audit.trail import Actor
from cloud_service.database import snapshot, transaction
from cloud_service.errors import ConflictError, ForbiddenError, NotFoundError
from cloud_service.gate.proposals import approve, check_proposed_package, refuse, withdraw
from cloud_service.gate.queries import assessments_of, proposal_view
from cloud_service.models import (
    EVERYWHERE,
    Event,
    ModelActivation,
    ModelAssessment,
    ModelProposal,
    ModelVersion,
)
from cloud_service.registry.service import reject, roll_back
from cloud_service.vocabulary import ModelState, ProposalState
from tests.support.gate import ANNA, BERT, add_set
from tests.support.gate_proposals import CLARA, Gate, a_gate, package_sha256


@pytest.fixture
def gate(tmp_path: Path, database_url: str) -> Iterator[Gate]:
    yield from a_gate(tmp_path, database_url)


def test_a_second_person_puts_a_proposed_model_into_service(gate: Gate) -> None:
    candidate = gate.candidate("2")
    proposal_id = gate.propose(candidate)
    assert gate.in_service() == gate.champion

    gate.approve(proposal_id)

    assert gate.in_service() == candidate
    proposal = gate.proposal(proposal_id)
    assert (proposal.state, proposal.decided_by, proposal.decision_reason) == (
        ProposalState.APPROVED,
        "b.kern",
        "I have looked at the cases.",
    )
    with snapshot(gate.engine) as session:
        activation = session.scalars(select(ModelActivation).where(ModelActivation.until_at.is_(None))).one()
        states = dict(session.execute(select(ModelVersion.digest, ModelVersion.state)).all())
        told = session.scalars(select(Event.subject).where(Event.kind == "model")).all()
    assert (activation.by, activation.approved_by, activation.proposal_id) == ("a.lang", "b.kern", proposal_id)
    assert states == {candidate: ModelState.ACTIVE, gate.champion: ModelState.RETIRED}
    assert {candidate, gate.champion} <= set(told)
    assert [(entry.actor, entry.action) for entry in gate.audited()] == [
        ("a.lang", "model-proposed"),
        ("b.kern", "model-promoted"),
        ("b.kern", "proposal-approved"),
    ]


@pytest.mark.parametrize("name", ["a.lang", "A.Lang", "command line: a.lang"])
def test_nobody_is_his_own_second_person(gate: Gate, name: str) -> None:
    proposal_id = gate.propose(gate.candidate("2"))

    with pytest.raises(ForbiddenError, match=r"a\.lang proposed it; another administrator must approve it"):
        gate.approve(proposal_id, Actor(name))
    with pytest.raises(ForbiddenError, match="withdraw it instead"), transaction(gate.engine) as session:
        refuse(session, Actor(name), proposal_id, reason="No.")

    with snapshot(gate.engine) as session:
        assert proposal_view(session, Actor(name), session.get_one(ModelProposal, proposal_id)).is_own
    assert gate.proposal(proposal_id).state == ProposalState.OPEN
    assert gate.in_service() == gate.champion


def test_who_is_not_known_to_the_system_is_no_second_person(gate: Gate) -> None:
    proposal_id = gate.propose(gate.candidate("2"))

    with pytest.raises(ForbiddenError, match="does not know who sits at this command line"):
        gate.approve(proposal_id, Actor("command line: unknown"))


def test_who_is_not_known_to_the_system_proposes_nothing(gate: Gate) -> None:
    candidate = gate.candidate("2")

    with pytest.raises(ForbiddenError, match="no second person could be told from the first"):
        gate.propose(candidate, Actor("command line: unknown"))


def test_another_system_user_at_the_command_line_is_one(gate: Gate) -> None:
    candidate = gate.candidate("2")

    gate.approve(gate.propose(candidate, Actor("command line: a.lang")), Actor("command line: root"))

    assert gate.in_service() == candidate


def test_a_model_that_failed_needs_a_reason_that_stays_in_the_audit_trail(gate: Gate) -> None:
    candidate = gate.candidate("2")
    failed = gate.assess(candidate, passed=False)
    with pytest.raises(ConflictError, match=r"did not pass the gate: Its sensitivity is not worse\. Say why"):
        gate.propose(candidate, assessment_id=failed)

    proposal_id = gate.propose(candidate, assessment_id=failed, override_reason="The test set is too small.")
    gate.approve(proposal_id)

    details = {entry.action: entry.details for entry in gate.audited()}
    assert details["model-proposed"]["override_reason"] == "The test set is too small."
    assert details["model-proposed"]["failed"] == ["Its sensitivity is not worse"]
    assert details["model-promoted"]["override_reason"] == "The test set is too small."


def test_what_passed_is_not_overridden(gate: Gate) -> None:
    with pytest.raises(ConflictError, match="nothing to override"):
        gate.propose(gate.candidate("2"), override_reason="To be safe.")


def test_an_assessment_counts_for_its_model_and_scope_alone(gate: Gate) -> None:
    candidate, other = gate.candidate("2"), gate.candidate("3")
    of_candidate = gate.assess(candidate)

    with pytest.raises(ConflictError, match="name one of this model"):
        gate.propose(other, assessment_id=of_candidate)
    with pytest.raises(ConflictError, match=r"was assessed for all sites .* not for site north"):
        gate.propose(candidate, assessment_id=of_candidate, scope="north")
    with pytest.raises(NotFoundError, match="no site south"):
        gate.propose(candidate, assessment_id=of_candidate, scope="south")
    with pytest.raises(NotFoundError, match="no assessment"):
        gate.propose(candidate, assessment_id=UUID(int=1))


def test_a_model_is_proposed_once_at_a_time(gate: Gate) -> None:
    candidate = gate.candidate("2")
    proposal_id = gate.propose(candidate)
    with pytest.raises(ConflictError, match=r"a\.lang has proposed model .* already"):
        gate.propose(candidate, CLARA)

    with pytest.raises(ForbiddenError, match=r"a\.lang proposed it: refuse it"), transaction(gate.engine) as session:
        withdraw(session, BERT, proposal_id)
    with transaction(gate.engine) as session:
        withdraw(session, ANNA, proposal_id)
    again = gate.propose(candidate, CLARA)

    with transaction(gate.engine) as session:
        refuse(session, BERT, again, reason="Not before the holidays.")
    with pytest.raises(ConflictError, match=r"The proposal was refused by b\.kern .*: Not before the holidays\."):
        gate.approve(again, ANNA)
    assert [entry.action for entry in gate.audited()] == [
        "model-proposed",
        "proposal-withdrawn",
        "model-proposed",
        "proposal-refused",
    ]


def test_what_another_promotion_has_overtaken_is_assessed_anew(gate: Gate) -> None:
    first, second = gate.candidate("2"), gate.candidate("3")
    stale = gate.assess(second)
    won, lost = gate.propose(first), gate.propose(second, CLARA)

    gate.approve(won)

    assert gate.proposal(lost).state == ProposalState.OVERTAKEN
    with pytest.raises(ConflictError, match=r"The proposal was overtaken .* Assess this one anew"):
        gate.approve(lost)
    with pytest.raises(ConflictError, match=r"is in service in all sites .* by now. Assess it anew"):
        gate.propose(second, assessment_id=stale)
    with snapshot(gate.engine) as session:
        (summary, *_) = assessments_of(session, second)
    assert summary.overtaken is not None
    fresh = gate.assess(second, champion=first)
    gate.approve(gate.propose(second, assessment_id=fresh))
    assert gate.in_service() == second


def test_a_way_back_overtakes_proposals_too(gate: Gate) -> None:
    first, second = gate.candidate("2"), gate.candidate("3")
    gate.approve(gate.propose(first))
    waiting = gate.propose(second, assessment_id=gate.assess(second, champion=first))

    with transaction(gate.engine) as session:
        roll_back(session, CLARA, scope=EVERYWHERE, reason="It misses too much.")

    assert gate.proposal(waiting).state == ProposalState.OVERTAKEN
    assert gate.in_service() == gate.champion


def test_a_promotion_everywhere_leaves_a_proposal_for_a_site_with_its_own_model(gate: Gate) -> None:
    own, everywhere, wanted = gate.candidate("2"), gate.candidate("3"), gate.candidate("4")
    gate.approve(gate.propose(own, scope="north"))
    of_site = gate.propose(wanted, scope="north", assessment_id=gate.assess(wanted, champion=own, scope="north"))

    gate.approve(gate.propose(everywhere))

    assert gate.proposal(of_site).state == ProposalState.OPEN
    gate.approve(of_site)
    assert (gate.in_service("north"), gate.in_service()) == (wanted, everywhere)


def test_other_locked_test_sets_ask_for_another_assessment(gate: Gate) -> None:
    proposal_id = gate.propose(gate.candidate("2"))
    with transaction(gate.engine) as session:
        add_set(session, gate.blobs, [b"one", b"two"])

    with pytest.raises(ConflictError, match=r"locked test sets of all sites .* are others by now"):
        gate.approve(proposal_id)


def test_a_rejected_model_is_not_approved(gate: Gate) -> None:
    candidate = gate.candidate("2")
    proposal_id = gate.propose(candidate)
    with transaction(gate.engine) as session:
        reject(session, CLARA, digest=candidate, reason="Trained on the wrong stain.")

    with pytest.raises(ConflictError, match="was rejected meanwhile"):
        gate.approve(proposal_id)
    with snapshot(gate.engine) as session:
        view = proposal_view(session, BERT, session.get_one(ModelProposal, proposal_id))
    assert view.obstacle is not None


def test_a_package_registered_anew_after_it_was_looked_at_is_looked_at_again(gate: Gate) -> None:
    candidate = gate.candidate("2")
    proposal_id = gate.propose(candidate)
    with snapshot(gate.engine) as session:
        checked = check_proposed_package(session, gate.blobs, proposal_id)
    with transaction(gate.engine) as session:
        session.get_one(ModelVersion, candidate).package_sha256 = package_sha256("3")

    with transaction(gate.engine) as session, pytest.raises(ConflictError, match="registered anew meanwhile"):
        approve(session, BERT, checked, reason="I have looked at the cases.")

    assert gate.in_service() == gate.champion


def test_a_package_that_has_changed_does_not_come_into_service(gate: Gate, tmp_path: Path) -> None:
    proposal_id = gate.propose(gate.candidate("2"))
    (kept,) = [file for file in (tmp_path / "blobs").rglob("*") if file.is_file() and file.name == package_sha256("2")]
    kept.chmod(0o644)
    kept.write_bytes(b"another package")

    with pytest.raises(ConflictError, match="in the blob store has changed"):
        gate.approve(proposal_id)

    assert gate.proposal(proposal_id).state == ProposalState.OPEN
    assert gate.in_service() == gate.champion


def test_an_assessment_never_changes(gate: Gate) -> None:
    assessment_id = gate.assess(gate.candidate("2"), passed=False)

    with pytest.raises(TypeError, match="never changes"), transaction(gate.engine) as session:
        session.get_one(ModelAssessment, assessment_id).passed = True
    with pytest.raises(TypeError, match="never changes"), transaction(gate.engine) as session:
        session.delete(session.get_one(ModelAssessment, assessment_id))
