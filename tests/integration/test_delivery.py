"""Deliveries to devices on both databases."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import update

from cloud_service.database import snapshot, transaction
from cloud_service.delivery.results import acknowledge_all, add_delivery, due, hasten, sent
from cloud_service.models import Capture, CustodyEntry, Delivery, Device, Event, Site, now
from shared.messages import Ack, Result, ResultKind
from shared.topics import shard_of
from shared.vocabulary import CustodyStage, Label
from tests.support.inference import TAKEN_AT, InferenceCloud, png


@pytest.fixture
def cloud(tmp_path: Path, database_url: str) -> Iterator[InferenceCloud]:
    made = InferenceCloud(tmp_path, database_url)
    yield made
    made.close()


def deliver(cloud: InferenceCloud, capture_id: UUID, kind: ResultKind = ResultKind.PREDICTION) -> UUID:
    with transaction(cloud.engine) as session:
        capture = session.get_one(Capture, capture_id)
        result = Result(
            delivery_id=uuid4(),
            capture_id=capture.id,
            sha256=capture.sha256,
            kind=kind,
            label=Label.SUSPICIOUS if kind == ResultKind.PREDICTION else None,
            reason="why" if kind == ResultKind.FAILURE else None,
            created_at=now(),
        )
        add_delivery(session, capture, result)
        return result.delivery_id


def due_ids(cloud: InferenceCloud, shard: int = 0, shard_count: int = 1, limit: int = 10) -> list[UUID]:
    with snapshot(cloud.engine) as session:
        return [delivery.id for delivery in due(session, shard, shard_count, limit)]


def send(cloud: InferenceCloud, *delivery_ids: UUID) -> None:
    with transaction(cloud.engine) as session:
        sent(session, delivery_ids)


def ack(cloud: InferenceCloud, delivery_id: UUID, capture_id: UUID, device: str = "scope-1") -> bool:
    with transaction(cloud.engine) as session:
        word = Ack(capture_id=capture_id, delivery_id=delivery_id, shown_at=now() + timedelta(days=1))
        return acknowledge_all(session, [(device, word)])[0]


def custody(cloud: InferenceCloud) -> set[str]:
    return {stage for stage in CustodyStage if cloud.count(CustodyEntry, CustodyEntry.stage == stage)}


def test_a_result_is_due_until_the_device_has_shown_it(cloud: InferenceCloud) -> None:
    (capture_id,) = cloud.store(png(1), keep=False)
    delivery_id = deliver(cloud, capture_id)
    assert due_ids(cloud) == [delivery_id]

    send(cloud, delivery_id)
    assert due_ids(cloud) == []
    assert custody(cloud) == set()

    assert ack(cloud, delivery_id, capture_id)
    assert custody(cloud) == {CustodyStage.DELIVERED, CustodyStage.ACKNOWLEDGED}
    assert cloud.count(Event) == 1
    with transaction(cloud.engine) as session:
        hasten(session, ["scope-1"])
    assert due_ids(cloud) == []


def test_an_acknowledgement_that_comes_twice_counts_once(cloud: InferenceCloud) -> None:
    (capture_id,) = cloud.store(png(1), keep=False)
    delivery_id = deliver(cloud, capture_id)

    assert ack(cloud, delivery_id, capture_id)
    assert ack(cloud, delivery_id, capture_id)

    assert cloud.count(Event) == 1


@pytest.mark.parametrize("wrong", ["device", "capture", "delivery"])
def test_a_strangers_acknowledgement_changes_nothing(cloud: InferenceCloud, wrong: str) -> None:
    capture_id, other = cloud.store(png(1), png(2), keep=False)
    delivery_id = deliver(cloud, capture_id)

    assert not ack(
        cloud,
        uuid4() if wrong == "delivery" else delivery_id,
        other if wrong == "capture" else capture_id,
        "scope-2" if wrong == "device" else "scope-1",
    )

    assert due_ids(cloud) == [delivery_id]
    assert cloud.count(CustodyEntry) == cloud.count(Event) == 0


def test_a_failure_that_was_shown_is_no_answer_in_the_custody_trail(cloud: InferenceCloud) -> None:
    (capture_id,) = cloud.store(png(1), keep=False)
    delivery_id = deliver(cloud, capture_id, ResultKind.FAILURE)

    assert ack(cloud, delivery_id, capture_id)

    assert custody(cloud) == set()
    assert due_ids(cloud) == []


def test_a_newer_result_replaces_one_that_waits(cloud: InferenceCloud) -> None:
    (capture_id,) = cloud.store(png(1), keep=False)
    deliver(cloud, capture_id, ResultKind.FAILURE)
    newer = deliver(cloud, capture_id)

    assert due_ids(cloud) == [newer]
    assert ack(cloud, newer, capture_id)
    assert due_ids(cloud) == []


def test_a_finding_does_not_replace_a_signed_diagnosis_but_an_amendment_does(cloud: InferenceCloud) -> None:
    (capture_id,) = cloud.store(png(1), keep=False)
    deliver(cloud, capture_id)
    diagnosis = deliver(cloud, capture_id, ResultKind.DIAGNOSIS)
    later = deliver(cloud, capture_id)
    assert set(due_ids(cloud)) == {diagnosis, later}

    amendment = deliver(cloud, capture_id, ResultKind.DIAGNOSIS)

    assert due_ids(cloud) == [amendment]


def test_a_device_that_comes_back_gets_everything_at_once(cloud: InferenceCloud) -> None:
    first, second = cloud.store(png(1), png(2), keep=False)
    waiting = {deliver(cloud, first), deliver(cloud, second)}
    for _attempt in range(5):
        send(cloud, *waiting)
    assert due_ids(cloud) == []

    with transaction(cloud.engine) as session:
        hasten(session, ["scope-2"])
    assert due_ids(cloud) == []
    with transaction(cloud.engine) as session:
        hasten(session, ["scope-1"])
    assert set(due_ids(cloud)) == waiting


def test_the_waits_double_up_to_an_hour(cloud: InferenceCloud) -> None:
    (capture_id,) = cloud.store(png(1), keep=False)
    delivery_id = deliver(cloud, capture_id)
    for step in (10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600):
        before = now()
        send(cloud, delivery_id)
        with snapshot(cloud.engine) as session:
            wait = (session.get_one(Delivery, delivery_id).next_attempt_at - before).total_seconds()
        assert step / 2 <= wait <= step + 5


def test_each_replica_is_given_the_results_of_its_own_sites(cloud: InferenceCloud) -> None:
    other_site = next(name for name in ("s1", "s2", "s3", "s4") if shard_of(name, 2) != shard_of("north", 2))
    here, there = cloud.store(png(1), png(2), keep=False)
    with transaction(cloud.engine) as session:
        session.add(Site(id=other_site))
        session.flush()
        session.add(Device(id="scope-9", site_id=other_site))
        session.flush()
        session.execute(update(Capture).where(Capture.id == there).values(site_id=other_site, device_id="scope-9"))
    ours, theirs = deliver(cloud, here), deliver(cloud, there)

    assert due_ids(cloud, shard_of("north", 2), 2) == [ours]
    assert due_ids(cloud, shard_of(other_site, 2), 2) == [theirs]
    assert due_ids(cloud, limit=1) == [ours]
    with snapshot(cloud.engine) as session:
        delivery = session.get_one(Delivery, theirs)
        assert (delivery.site_id, delivery.device_id) == (other_site, "scope-9")


def test_another_captures_result_is_not_delivered(cloud: InferenceCloud) -> None:
    capture_id, other = cloud.store(png(1), png(2), keep=False)
    with transaction(cloud.engine) as session:
        capture, wrong = session.get_one(Capture, capture_id), session.get_one(Capture, other)
        result = Result(
            delivery_id=uuid4(),
            capture_id=wrong.id,
            sha256=wrong.sha256,
            kind=ResultKind.PREDICTION,
            created_at=TAKEN_AT,
        )
        with pytest.raises(ValueError, match=str(capture_id)):
            add_delivery(session, capture, result)
    assert cloud.count(Delivery) == 0
