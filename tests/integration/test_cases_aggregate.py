"""Cases are kept true on both databases by every transaction that changes captures, whoever else writes meanwhile."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from random import Random
from threading import Event as Signal
from typing import Any

import pytest
from sqlalchemy import event, select

from cloud_service.cases.aggregate import refresh_cases
from cloud_service.cases.schemas import CaseSummary
from cloud_service.cases.summary import case_summary
from cloud_service.database import snapshot, transaction
from cloud_service.delivery.events import EventKind, events_after, record_capture_events
from cloud_service.inference.jobs import retry_job
from cloud_service.ingest.decoding import Decoder
from cloud_service.ingest.processor import Processor
from cloud_service.models import Capture, Case, now
from shared.identifiers import sha256_of_bytes
from shared.topics import DeviceAddress
from shared.vocabulary import CaptureState, CaseAnswer, CaseState, WorkQueue
from tests.support.device_side import TestDevice, noise_image
from tests.support.inference import InferenceCloud, png
from tests.support.waiting import PATIENCE
from tests.support.web import new_capture

ADDRESS = DeviceAddress("north", "scope-1")
WRITERS, TRANSACTIONS, CASES = 6, 15, 4


@pytest.fixture
def cloud(tmp_path: Path, database_url: str) -> Iterator[InferenceCloud]:
    cloud = InferenceCloud(tmp_path, database_url)
    yield cloud
    cloud.close()


@pytest.fixture
def processor(cloud: InferenceCloud) -> Iterator[Processor]:
    with closing(Decoder(cloud.settings)) as decoder:
        yield Processor(cloud.engine, cloud.blobs, decoder, cloud.settings)


def cases(cloud: InferenceCloud) -> dict[str, CaseSummary]:
    with snapshot(cloud.engine) as session:
        return {case.pseudonym: case_summary(case) for case in session.scalars(select(Case))}


def told(cloud: InferenceCloud) -> list[dict[str, Any]]:
    with snapshot(cloud.engine) as session:
        return [item.payload for item in events_after(session, 0, 1000, kinds={EventKind.CASE})]


def test_a_case_follows_its_images_and_each_change_is_told_as_it_stands(
    cloud: InferenceCloud, processor: Processor
) -> None:
    device = TestDevice(ADDRESS)
    captures = [device.capture(noise_image(seed), case="a" * 32, smear=f"smear {seed}") for seed in range(2)]
    announced, *parts = captures[0].messages()
    processor.process([announced])
    assert cases(cloud) == {}, "an image that is on its way is none yet"
    processor.process([*parts, *captures[1].messages()])
    stored = cases(cloud)["a" * 32]
    assert (stored.state, stored.queue, stored.images, stored.smear) == ("open", "waiting", 2, "smear 1")
    assert stored.opened_at < stored.latest_at

    assert cloud.worker().run_batch() == 2

    answered = cases(cloud)["a" * 32]
    assert (answered.state, answered.analysed_images) == (CaseState.PRELIMINARY, 2)
    assert answered.version == stored.version == 1, "only people raise it"
    assert told(cloud)[-1] == answered.model_dump(mode="json")
    assert [event["analysed_images"] for event in told(cloud)] == [0, 2]


def test_a_failed_image_and_its_retry_are_seen_at_the_case(cloud: InferenceCloud) -> None:
    dark, missing = *cloud.store(png(10)), *cloud.store(png(240), keep=False)
    cloud.worker().run_batch()
    (case,) = cases(cloud).values()
    assert (case.images, case.failed_images, case.queue) == (2, 1, WorkQueue.CRITICAL)
    assert case.thumbnails == [dark, missing]
    assert any("1 image failed" in reason for reason in case.reasons)

    with transaction(cloud.engine) as session:
        retry_job(session, missing)

    (case,) = cases(cloud).values()
    assert (case.state, case.failed_images) == (CaseState.OPEN, 0)
    assert told(cloud)[-1] == case.model_dump(mode="json")


def test_sites_that_share_a_pseudonym_keep_their_cases_apart(cloud: InferenceCloud) -> None:
    with transaction(cloud.engine) as session:
        for number, site in enumerate(("north", "south")):
            names = {"site_id": site, "device_id": f"scope-of-{site}", "state": CaptureState.STORED}
            capture = new_capture(session, number, case_pseudonym="b" * 32, **names)
            record_capture_events(session, [capture], refresh_cases(session, [capture]))
    with snapshot(cloud.engine) as session:
        found = session.scalars(select(Case).order_by(Case.site_id)).all()
    assert [(case.site_id, case.device_id, case.images) for case in found] == [
        ("north", "scope-of-north", 1),
        ("south", "scope-of-south", 1),
    ]


def sign(cloud: InferenceCloud) -> None:
    with transaction(cloud.engine) as session:
        case = session.scalars(select(Case)).one()
        # The clocks of those who sign and of those who store need not agree.
        case.signed_by, case.signed_at, case.state, case.queue = "someone", now(), CaseState.SIGNED, WorkQueue.DONE


def test_an_image_that_had_failed_and_is_analysed_after_the_signature_brings_the_case_to_review(
    cloud: InferenceCloud,
) -> None:
    _, missing = *cloud.store(png(10)), *cloud.store(png(240), keep=False)
    cloud.worker().run_batch()
    sign(cloud)
    cloud.blobs.put(sha256_of_bytes(png(240)), png(240))
    with transaction(cloud.engine) as session:
        retry_job(session, missing)
    cloud.worker().run_batch()

    (found,) = cases(cloud).values()
    assert (found.queue, found.failed_images, found.images_since_signature) == (WorkQueue.REVIEW, 0, 1)


def test_an_image_that_comes_after_the_signature_brings_the_case_to_review(cloud: InferenceCloud) -> None:
    cloud.store(png(240))
    cloud.worker().run_batch()
    sign(cloud)

    cloud.store(png(250))
    cloud.worker().run_batch()

    (found,) = cases(cloud).values()
    assert (found.state, found.queue, found.images_since_signature) == (CaseState.SIGNED, WorkQueue.REVIEW, 1)


def store_some(cloud: InferenceCloud, writer: int) -> int:
    """Let images of several cases arrive in transactions of several, each in an order of its own; how many."""
    random, count = Random(writer), 0
    for number in range(TRANSACTIONS):
        with transaction(cloud.engine) as session:
            chosen = random.sample(range(CASES), 3)
            captures = [
                new_capture(
                    session,
                    writer * 1000 + number * 10 + place,
                    case_pseudonym=f"{case:032x}",
                    state=CaptureState.STORED,
                )
                for place, case in enumerate(chosen)
            ]
            record_capture_events(session, captures, refresh_cases(session, captures))
            count += len(captures)
    return count


def test_transactions_on_the_same_cases_lose_nothing_and_do_not_block_each_other(cloud: InferenceCloud) -> None:
    with ThreadPoolExecutor(WRITERS) as threads:
        counts = list(threads.map(lambda writer: store_some(cloud, writer), range(WRITERS)))

    found = cases(cloud)
    assert len(found) == CASES
    assert sum(case.images for case in found.values()) == sum(counts) == WRITERS * TRANSACTIONS * 3
    newest = {event["pseudonym"]: event for event in told(cloud)}
    assert newest == {pseudonym: case.model_dump(mode="json") for pseudonym, case in found.items()}


def store_one(cloud: InferenceCloud, number: int) -> None:
    with transaction(cloud.engine) as session:
        refresh_cases(session, [new_capture(session, number, state=CaptureState.STORED)])


def test_who_waits_for_a_case_counts_what_was_committed_meanwhile(cloud: InferenceCloud) -> None:
    waits = Signal()
    with ThreadPoolExecutor(1) as threads, transaction(cloud.engine) as session:
        refresh_cases(session, [new_capture(session, 0, state=CaptureState.STORED)])

        @event.listens_for(cloud.engine, "before_cursor_execute")
        def _tell(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
            if statement.startswith(("BEGIN IMMEDIATE", 'INSERT INTO "case"')):
                waits.set()

        other = threads.submit(store_one, cloud, 1)
        assert waits.wait(PATIENCE)
        session.commit()
        other.result()
    (case,) = cases(cloud).values()
    assert case.images == 2


def test_ingest_and_workers_on_one_case_at_a_time_lose_nothing(cloud: InferenceCloud, processor: Processor) -> None:
    device = TestDevice(ADDRESS)
    captures = [device.capture(noise_image(seed), case="c" * 32) for seed in range(40)]
    is_stored = False

    def take_in() -> None:
        nonlocal is_stored
        for first in range(0, len(captures), 4):
            processor.process([message for capture in captures[first : first + 4] for message in capture.messages()])
        is_stored = True

    def work() -> None:
        worker, is_last = cloud.worker(), False
        while worker.run_batch() or not is_last:
            is_last = is_stored  # what was stored before this look, the next one finds

    with ThreadPoolExecutor(3) as threads:
        for done in [threads.submit(take_in), threads.submit(work), threads.submit(work)]:
            done.result()

    (case,) = cases(cloud).values()
    assert (case.images, case.analysed_images, case.state) == (40, 40, CaseState.PRELIMINARY)
    assert case.answer is not CaseAnswer.CANNOT_SAY
    assert told(cloud)[-1] == case.model_dump(mode="json")


def test_the_number_of_statements_does_not_grow_with_the_batch(cloud: InferenceCloud) -> None:
    statements: list[str] = []
    event.listen(cloud.engine, "before_cursor_execute", lambda *heard: statements.append(heard[2]))
    counts = []
    for first, size in ((0, 1), (100, 32)):
        with transaction(cloud.engine) as session:
            ids = [
                new_capture(
                    session, first + place, case_pseudonym=f"{first + place:032x}", state=CaptureState.STORED
                ).id
                for place in range(size)
            ]
            captures = session.scalars(select(Capture).where(Capture.id.in_(ids))).all()
            statements.clear()
            assert len(refresh_cases(session, captures)) == size
            counts.append(len(statements))
    assert counts == [3, 3]


def test_a_change_that_is_undone_leaves_no_case(cloud: InferenceCloud) -> None:
    def change_and_fail() -> None:
        with transaction(cloud.engine) as session:
            capture = new_capture(session, 1, state=CaptureState.STORED)
            refresh_cases(session, [capture])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        change_and_fail()
    assert cases(cloud) == {}
