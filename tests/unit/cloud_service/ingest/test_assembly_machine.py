"""Part assembly under all that a line and a crash can do: dropped, doubled, reordered, altered, early, restarted."""

import tempfile
from contextlib import suppress
from pathlib import Path
from random import Random
from uuid import UUID

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import select

from cloud_service.blob_store.local import LocalBlobStore
from cloud_service.config import Settings
from cloud_service.database import make_engine, snapshot
from cloud_service.ingest.batch import Incoming
from cloud_service.ingest.decoding import Decoder
from cloud_service.ingest.processor import Processor
from cloud_service.models import Capture, InferenceJob
from shared.messages import Receipt, ReceiptOutcome
from shared.topics import DeviceAddress
from shared.vocabulary import CaptureState
from tests.support.device_side import TestCapture, TestDevice, enrol, make_tables, noise_image, receipts

A = DeviceAddress("north", "scope-a")
IMAGES = [noise_image(seed, size=(40, 32)) for seed in range(6)]
LARGEST_PART = 5


class CrashError(BaseException):
    """Ends a batch where it stands, as a kill does; no handler of the program catches it."""


class CrashingStore(LocalBlobStore):
    """Dies after a number of verbs."""

    verbs_left: int | None = None

    def __getattribute__(self, name: str) -> object:
        if name in {"stage", "staged", "put", "discard"}:
            left = object.__getattribute__(self, "verbs_left")
            if left == 0:
                raise CrashError
            if left is not None:
                self.verbs_left = left - 1
        return super().__getattribute__(name)


class AssemblyMachine(RuleBasedStateMachine):
    """One device and its captures; what is on the line may arrive in any way, or not at all."""

    captures: Bundle[TestCapture] = Bundle("captures")
    decoder: Decoder

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        root = Path(self.folder.name)
        self.engine = make_engine(f"sqlite:///{root / 'test.db'}")
        make_tables(self.engine)
        enrol(self.engine, A)
        self.store = CrashingStore(root / "blobs")
        self.processor = Processor(self.engine, self.store, self.decoder, Settings(capture_max_pixels=40 * 32))
        self.device = TestDevice(A)
        self.made: list[TestCapture] = []
        self.line: list[Incoming] = []
        self.confirmed: set[str] = set()

    def teardown(self) -> None:
        self.engine.dispose()
        self.folder.cleanup()

    @rule(target=captures)
    def take(self) -> TestCapture:
        payload = IMAGES[len(self.made) % len(IMAGES)] + bytes([len(self.made)])  # trailing bytes: another digest
        capture = self.device.capture(payload, width=40, height=32)
        self.made.append(capture)
        return capture

    @rule(capture=captures, follow=st.booleans())
    def announce(self, capture: TestCapture, *, follow: bool) -> None:
        self.line.append(capture.announce(parts_follow=follow))

    @rule(capture=captures, index=st.integers(0, LARGEST_PART), copies=st.integers(1, 2))
    def send_part(self, capture: TestCapture, index: int, copies: int) -> None:
        self.line += [capture.part(index % capture.manifest.part_count)] * copies

    @rule(capture=captures)
    def send_all_parts(self, capture: TestCapture) -> None:
        self.line += capture.parts()

    @rule(capture=captures, index=st.integers(0, LARGEST_PART))
    def alter_part(self, capture: TestCapture, index: int) -> None:
        part = capture.part(index % capture.manifest.part_count)
        self.line.append(Incoming(part.topic, bytes([part.payload[0] ^ 1]) + part.payload[1:], part.properties))

    @rule(capture=captures)
    def swallow_staged_bytes(self, capture: TestCapture) -> None:
        self.store.discard(capture.id)

    @rule(random=st.randoms(use_true_random=False))
    def reorder(self, random: Random) -> None:
        random.shuffle(self.line)

    @rule(count=st.integers(1, 5))
    def drop(self, count: int) -> None:
        del self.line[:count]

    @rule(count=st.integers(1, 40))
    def deliver(self, count: int) -> None:
        batch, self.line = self.line[:count], self.line[count:]
        self.hear(self.process(batch))

    @rule(count=st.integers(1, 40), verbs=st.integers(0, 4))
    def crash_in_a_batch(self, count: int, verbs: int) -> None:
        """Nothing was acknowledged, so the same messages stay on the line."""
        self.store.verbs_left = verbs
        with suppress(CrashError):
            self.process(self.line[:count])
        self.store.verbs_left = None

    def process(self, batch: list[Incoming]) -> dict[UUID, Receipt]:
        return receipts(self.processor.process(batch).replies)

    def hear(self, heard: dict[UUID, Receipt]) -> None:
        for receipt in heard.values():
            assert receipt.outcome != ReceiptOutcome.REFUSED, receipt.reason
            if receipt.outcome == ReceiptOutcome.STORED:
                assert receipt.sha256 is not None
                self.confirmed.add(receipt.sha256)

    @invariant()
    def what_was_confirmed_is_there(self) -> None:
        for sha256 in getattr(self, "confirmed", ()):
            assert self.store.exists(sha256)

    @invariant()
    def a_stored_row_has_its_blob_and_its_job(self) -> None:
        if not hasattr(self, "engine"):
            return
        with snapshot(self.engine) as session:
            stored = session.scalars(select(Capture).where(Capture.state == CaptureState.STORED)).all()
            jobs = set(session.scalars(select(InferenceJob.capture_id)))
        payloads = {capture.id: capture.payload for capture in self.made}
        assert jobs == {row.id for row in stored}
        for row in stored:
            assert self.store.get(row.sha256) == payloads[row.id]

    @rule()
    def at_last_everything_arrives(self) -> None:
        """The device asks, and sends what it is asked for: a few rounds must do, whatever was before."""
        self.line.clear()
        for capture in self.made:
            for _ in range(3):
                receipt = self.process([capture.announce(parts_follow=False)])[capture.id]
                if receipt.outcome == ReceiptOutcome.STORED:
                    break
                assert receipt.outcome == ReceiptOutcome.MISSING, receipt.reason
                self.hear(self.process(capture.parts(receipt.missing)))
            assert receipt.outcome == ReceiptOutcome.STORED
            self.confirmed.add(capture.manifest.sha256)


def test_assembly(decoder: Decoder) -> None:
    from hypothesis.stateful import run_state_machine_as_test  # noqa: PLC0415 - beside its only use

    AssemblyMachine.decoder = decoder
    run_state_machine_as_test(
        AssemblyMachine,
        settings=settings(
            max_examples=25,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            derandomize=True,
        ),
    )
