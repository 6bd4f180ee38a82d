"""Two ingest replicas on one PostgreSQL, at the same rows at the same moment: neither blocks nor undoes the other."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from sqlalchemy import Engine, select

from cloud_service.blob_store.local import LocalBlobStore
from cloud_service.config import Settings
from cloud_service.database import make_engine, snapshot, transaction
from cloud_service.delivery.events import EventKind, latest_position
from cloud_service.ingest.assembly import Stored, settle
from cloud_service.ingest.batch import Batch, Receipts
from cloud_service.ingest.refusals import note_refusal, write_refusals
from cloud_service.models import Base, Event, InferenceJob, WireRefusal
from tests.support.web import add_capture

CAPTURES = 60
ROUNDS = 10


@pytest.fixture
def engine(postgres_url: str) -> Iterator[Engine]:
    engine = make_engine(postgres_url)
    Base.metadata.create_all(engine)
    yield engine
    engine.dispose()


def test_captures_that_two_replicas_settle_in_opposite_orders_are_settled_once(engine: Engine) -> None:
    with transaction(engine) as session:
        ids = [add_capture(session, number).id for number in range(CAPTURES)]
        before = latest_position(session)
    start = Barrier(2)

    def replica(verdicts: list[Stored]) -> bool:
        start.wait()
        with transaction(engine) as session:
            return settle(session, verdicts, Receipts())

    verdicts = [Stored(capture_id) for capture_id in ids]
    with ThreadPoolExecutor(2) as replicas:
        added = list(replicas.map(replica, (verdicts, verdicts[::-1])))

    assert sorted(added) == [False, True]
    with snapshot(engine) as session:
        assert set(session.scalars(select(InferenceJob.capture_id))) == set(ids)
        kinds = session.scalars(select(Event.kind).where(Event.position > before)).all()
        assert kinds.count(EventKind.CAPTURE) == CAPTURES


def test_refusals_that_two_replicas_count_in_one_place_add_up(engine: Engine, tmp_path: Path) -> None:
    reasons = [f"Reason {letter}." for letter in "abcdefgh"]
    blobs, settings, start = LocalBlobStore(tmp_path), Settings(), Barrier(2)

    def refuse(told: list[str]) -> None:
        with transaction(engine) as session:
            batch = Batch(session, blobs, settings)
            for reason in told:
                note_refusal(batch, "no topic of ours", reason)
            write_refusals(batch)

    def replica(told: list[str]) -> None:
        start.wait()
        for _ in range(ROUNDS):
            refuse(told)

    refuse(reasons)  # the rows are there
    with ThreadPoolExecutor(2) as replicas:
        list(replicas.map(replica, (reasons, reasons[::-1])))

    with snapshot(engine) as session:
        counts = Counter({row.reason: row.count for row in session.scalars(select(WireRefusal))})
    assert counts == dict.fromkeys(reasons, 2 * ROUNDS + 1)
