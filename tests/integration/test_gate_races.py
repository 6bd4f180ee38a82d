"""Decisions on models that fall together: one holds, and the other is told why it does not."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from sqlalchemy import select

from cloud_service.database import snapshot, transaction
from cloud_service.errors import ConflictError, ForbiddenError
from cloud_service.models import (
    EVERYWHERE,
    ModelActivation,
)
from cloud_service.registry.service import roll_back
from tests.support.gate import BERT
from tests.support.gate_proposals import CLARA, Gate, a_gate
from tests.support.waiting import PATIENCE


@pytest.fixture
def gate(tmp_path: Path, database_url: str) -> Iterator[Gate]:
    yield from a_gate(tmp_path, database_url)


def at_once(*deeds: Callable[[], object]) -> list[Exception | None]:
    """Do things in threads that begin together; return what each raised."""
    ready = Barrier(len(deeds))

    def begin(deed: Callable[[], object]) -> Exception | None:
        ready.wait(PATIENCE)
        try:
            deed()
        except (ConflictError, ForbiddenError) as error:
            return error
        return None

    with ThreadPoolExecutor(len(deeds)) as threads:
        return list(threads.map(begin, deeds))


def test_of_two_promotions_at_once_one_wins_and_the_other_is_told(gate: Gate) -> None:
    candidates = [gate.candidate(version) for version in ("2", "3")]
    proposals = [gate.propose(candidate) for candidate in candidates]

    faults = at_once(lambda: gate.approve(proposals[0], BERT), lambda: gate.approve(proposals[1], CLARA))

    assert sorted(fault is None for fault in faults) == [False, True]
    winner = 0 if faults[0] is None else 1
    assert gate.in_service() == candidates[winner]
    assert isinstance(faults[1 - winner], ConflictError)
    assert "overtaken" in str(faults[1 - winner])
    assert "Assess this one anew" in str(faults[1 - winner])
    with snapshot(gate.engine) as session:
        opened = session.scalars(select(ModelActivation).where(ModelActivation.until_at.is_(None))).all()
    assert len(opened) == 1


def test_of_two_approvals_of_one_proposal_one_counts(gate: Gate) -> None:
    candidate = gate.candidate("2")
    proposal_id = gate.propose(candidate)

    faults = at_once(lambda: gate.approve(proposal_id, BERT), lambda: gate.approve(proposal_id, CLARA))

    (told,) = [str(fault) for fault in faults if fault is not None]
    assert "The proposal was approved by" in told
    assert gate.in_service() == candidate


def test_a_promotion_and_a_way_back_at_once_leave_one_model_in_service(gate: Gate) -> None:
    first, second = gate.candidate("2"), gate.candidate("3")
    gate.approve(gate.propose(first))
    proposal_id = gate.propose(second, assessment_id=gate.assess(second, champion=first))

    def go_back() -> None:
        with transaction(gate.engine) as session:
            roll_back(session, CLARA, scope=EVERYWHERE, reason="It misses too much.")

    faults = at_once(lambda: gate.approve(proposal_id), go_back)

    assert faults[1] is None
    if faults[0] is None:  # promoted first, then back from that
        assert gate.in_service() == first
    else:
        assert "overtaken" in str(faults[0])
        assert gate.in_service() == gate.champion
