"""In every order of events: no capture is lost or doubled, and a payload lies in the spool exactly while needed."""

import shutil
import tempfile
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, rule

from edge_agent.intake.capture import PutResult
from edge_agent.outbox.outbox import Delay, Outbox
from edge_agent.outbox.records import OutboxEntry
from shared.errors import ProtocolError
from shared.identifiers import sha256_of_file
from shared.vocabulary import OutboxState, Priority
from tests.support.edge import a_capture, a_prediction, stored

PAYLOADS = [f"payload {number}".encode() for number in range(6)]
MEMORY = Path("/dev/shm")  # noqa: S108 - a RAM disk spares thousands of syncs; each run has a folder of its own
NOW = 1_800_000_000.0  # stands still: what is put off stays so


class OutboxMachine(RuleBasedStateMachine):
    """Compares the outbox with a model that is nothing but a dictionary."""

    captures = Bundle("captures")
    leases = Bundle("leases")

    @initialize()
    def open(self) -> None:
        self.folder = Path(tempfile.mkdtemp(dir=MEMORY if MEMORY.is_dir() else None))
        self.states: dict[UUID, OutboxState] = {}
        self.payloads: dict[bytes, UUID] = {}
        self.urgent: set[UUID] = set()
        self.leased: set[UUID] = set()
        self.put_off: set[UUID] = set()
        self.results: set[UUID] = set()
        self.outbox = Outbox(self.folder, clock=lambda: NOW)

    @rule(target=captures, payload=st.sampled_from(PAYLOADS), priority=st.sampled_from(Priority))
    def put(self, payload: bytes, priority: Priority) -> UUID:
        outcome = self.outbox.put(a_capture(payload, priority=priority))
        if payload in self.payloads:
            assert outcome.result is PutResult.DUPLICATE
            assert outcome.capture_id == self.payloads[payload]
        else:
            assert outcome.result is PutResult.NEW
            self.payloads[payload] = outcome.capture_id
            self.states[outcome.capture_id] = OutboxState.WAITING
            if priority is Priority.URGENT:
                self.urgent.add(outcome.capture_id)
        return outcome.capture_id

    @rule(target=leases)
    def lease(self) -> object:
        entry = self.outbox.lease(4, largest_kept=4)
        waiting = [
            capture_id
            for capture_id, state in self.states.items()
            if state is OutboxState.WAITING and capture_id not in self.leased | self.put_off
        ]
        expected = next((found for found in waiting if found in self.urgent), next(iter(waiting), None))
        assert (entry.capture_id if entry else None) == expected
        if entry is None:
            return multiple()
        self.leased.add(entry.capture_id)
        return entry

    @rule(capture_id=captures)
    def receipt(self, capture_id: UUID) -> None:
        first = self.states[capture_id] in (OutboxState.WAITING, OutboxState.PARKED)
        assert self.outbox.stored(stored(capture_id, self.sha256(capture_id))) is first
        if first:
            answered = capture_id in self.results
            self.states[capture_id] = OutboxState.ANSWERED if answered else OutboxState.STORED
            self.leased.discard(capture_id)

    @rule(capture_id=captures)
    def receipt_for_other_bytes(self, capture_id: UUID) -> None:
        with pytest.raises(ProtocolError):
            self.outbox.stored(stored(capture_id, "0" * 64))

    @rule(capture_id=captures, repeated=st.booleans())
    def result(self, capture_id: UUID, *, repeated: bool) -> None:
        entry = self.entry(capture_id)
        result = a_prediction(entry, delivery_id=uuid4())
        assert self.outbox.answered(result)
        if repeated:
            assert not self.outbox.answered(result)
        self.results.add(capture_id)
        if self.states[capture_id] is OutboxState.STORED:
            self.states[capture_id] = OutboxState.ANSWERED

    @rule(capture_id=captures)
    def park(self, capture_id: UUID) -> None:
        waits = self.states[capture_id] is OutboxState.WAITING
        assert self.outbox.park(capture_id, "refused") is waits
        if waits:
            self.states[capture_id] = OutboxState.PARKED
            self.leased.discard(capture_id)

    @rule(capture_id=captures)
    def retry(self, capture_id: UUID) -> None:
        parked = self.states[capture_id] is OutboxState.PARKED
        assert self.outbox.retry(capture_id) == ([capture_id] if parked else [])
        if parked:
            self.states[capture_id] = OutboxState.WAITING
            self.put_off.discard(capture_id)

    @rule(entry=consumes(leases), kind=st.sampled_from(Delay))
    def retry_later(self, entry: OutboxEntry, kind: Delay) -> None:
        self.outbox.retry_later(entry.capture_id, kind, "later")
        if self.states[entry.capture_id] is OutboxState.WAITING:
            self.leased.discard(entry.capture_id)
            self.put_off.add(entry.capture_id)

    @rule()
    def line_down(self) -> None:
        self.outbox.release_all()
        self.leased.clear()

    @rule()
    def reannounce(self) -> None:
        self.outbox.reannounce_all()
        self.leased.clear()
        self.put_off.clear()

    @rule(orphan=st.booleans())
    def crash_and_restart(self, *, orphan: bool) -> None:
        self.outbox.close()
        if orphan:  # what a crash between the payload and its row leaves behind
            (self.folder / "spool" / str(uuid4())).write_bytes(b"half")
        self.outbox = Outbox(self.folder, clock=lambda: NOW)
        self.outbox.recover()
        self.leased.clear()

    @invariant()
    def nothing_is_lost_or_doubled(self) -> None:
        entries = self.outbox.entries(limit=None)
        assert {entry.capture_id: entry.state for entry in entries} == self.states
        assert [entry.sequence for entry in entries] == sorted({entry.sequence for entry in entries})
        assert [entry.sha256 for entry in entries] == [a_capture(payload).sha256 for payload in self.payloads]

    @invariant()
    def payloads_are_there_exactly_while_they_are_needed(self) -> None:
        needed = {found for found, state in self.states.items() if state in (OutboxState.WAITING, OutboxState.PARKED)}
        assert {path.name for path in (self.folder / "spool").iterdir()} == {str(found) for found in needed}
        for capture_id in needed:
            assert sha256_of_file(self.outbox.spool.path(capture_id)) == self.sha256(capture_id)

    def sha256(self, capture_id: UUID) -> str:
        return self.entry(capture_id).sha256

    def entry(self, capture_id: UUID) -> OutboxEntry:
        entry = self.outbox.entry(capture_id)
        assert entry is not None
        return entry

    def teardown(self) -> None:
        self.outbox.close()
        shutil.rmtree(self.folder)


TestOutboxMachine = OutboxMachine.TestCase
TestOutboxMachine.settings = settings(
    max_examples=40, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
