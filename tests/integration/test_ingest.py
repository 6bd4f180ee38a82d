"""The ingest process against a real broker, on both databases: captures through, replicas, restarts, kills."""

import queue
import signal
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import select

from cloud_service import migrations
from cloud_service.database import make_engine, snapshot, transaction
from cloud_service.delivery.results import add_delivery
from cloud_service.devices.broker_roles import dynamic_security_document
from cloud_service.ingest.batch import Incoming
from cloud_service.models import Capture, Delivery, Device, StagedPart, WireRefusal
from shared.messages import Ack, Result, ResultKind
from shared.topics import DeviceAddress, shard_of
from shared.vocabulary import Presence
from tests.support.device_side import TestCapture, enrol, noise_image
from tests.support.ingest_cloud import PASSWORD, A, Cloud, Workstation, stored_once
from tests.support.ingest_process import Step
from tests.support.servers import Mosquitto
from tests.support.waiting import PATIENCE

on_sqlite_alone = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For what does not depend on the database."""


@pytest.fixture
def cloud(mosquitto: Callable[..., Mosquitto], database_url: str, tmp_path: Path) -> Iterator[Cloud]:
    migrations.upgrade(database_url)
    engine = make_engine(database_url)
    enrol(engine, A)
    replicas = {f"ingest-{number}": PASSWORD for number in range(2)}
    document = dynamic_security_document(PASSWORD, replicas)
    broker = mosquitto(document)
    yield Cloud(broker, database_url, tmp_path, engine)
    engine.dispose()


def test_captures_go_through_and_a_birth_is_seen(cloud: Cloud) -> None:
    with cloud.ingest(), Workstation(cloud) as station:
        state = station.until_state(Presence.ONLINE)
        assert (state.shard, state.shard_count) == (0, 1)
        station.send(station.device.status(Presence.ONLINE, uuid4(), datetime.now(UTC)))
        captures = [station.device.capture(noise_image(seed)) for seed in range(5)]
        for capture in captures:
            station.send(*capture.messages())
        for capture in captures:
            station.until_stored(capture)
        stored_once(cloud, *captures)
        with snapshot(cloud.engine) as session:
            assert session.get_one(Device, A.device).presence == Presence.ONLINE


@on_sqlite_alone
def test_the_state_goes_offline_when_ingest_ends_and_when_it_is_killed(cloud: Cloud) -> None:
    with Workstation(cloud) as station:
        with cloud.ingest():
            station.until_state(Presence.ONLINE)
        station.until_state(Presence.OFFLINE)
        process = cloud.start()
        station.until_state(Presence.ONLINE)
        process.kill()
        process.wait()
        station.until_state(Presence.OFFLINE)


@on_sqlite_alone
def test_what_came_while_ingest_was_away_is_taken_in(cloud: Cloud) -> None:
    with Workstation(cloud) as station:
        with cloud.ingest():
            station.until_state(Presence.ONLINE)
        capture = station.device.capture(noise_image(1))
        station.send(*capture.messages())
        with cloud.ingest():
            station.until_stored(capture)
    stored_once(cloud, capture)


def test_a_result_is_sent_again_until_it_is_acknowledged(cloud: Cloud) -> None:
    with cloud.ingest(), Workstation(cloud) as station:
        station.until_state(Presence.ONLINE)
        capture = station.device.capture(noise_image(1))
        station.send(*capture.messages())
        station.until_stored(capture)
        result = Result(
            v=1,
            delivery_id=uuid4(),
            capture_id=capture.id,
            sha256=capture.manifest.sha256,
            kind=ResultKind.FAILURE,
            reason="a trial",
            created_at=datetime.now(UTC),
        )
        with transaction(cloud.engine) as session:
            add_delivery(session, session.get_one(Capture, capture.id), result)
        assert station.result(capture) == result
        station.send(station.device.status(Presence.ONLINE, uuid4(), datetime.now(UTC)))  # a birth: again at once
        assert station.result(capture) == result
        ack = Ack(v=1, capture_id=capture.id, delivery_id=result.delivery_id, shown_at=datetime.now(UTC))
        station.send(Incoming(A.ack(capture.id), ack.encode()))
        other = station.device.capture(noise_image(2))
        station.send(*other.messages())  # comes behind the acknowledgement, so its receipt says that both are in
        station.until_stored(other)
        with snapshot(cloud.engine) as session:
            assert session.get_one(Delivery, result.delivery_id).acknowledged_at is not None


@pytest.mark.slow
@pytest.mark.timeout(300)  # nine processes start one after another
def test_a_kill_at_each_step_loses_and_doubles_nothing(cloud: Cloud) -> None:
    with cloud.ingest(), Workstation(cloud) as station:
        station.until_state(Presence.ONLINE)  # from here on the broker keeps what comes
    with Workstation(cloud) as station:
        captures = []
        for number, step in enumerate(Step):
            captures.append(station.device.capture(noise_image(number)))
            station.send(*captures[-1].messages())
            # It finds the former one's messages again, too.
            assert cloud.start(step).wait(PATIENCE) == -signal.SIGKILL, step
        with cloud.ingest():
            station.until_state(Presence.ONLINE)
            for capture in captures:
                station.send(capture.announce(parts_follow=False))  # as the edge does, whose receipt is overdue
                station.until_stored(capture)
    stored_once(cloud, *captures)
    with snapshot(cloud.engine) as session:
        assert session.scalars(select(StagedPart)).all() == []


@on_sqlite_alone
def test_a_killed_broker_is_come_back_to(cloud: Cloud) -> None:
    with cloud.ingest():
        with Workstation(cloud) as station:
            station.until_state(Presence.ONLINE)
        cloud.broker.kill()
        cloud.broker.start()
        with Workstation(cloud) as station:
            station.until_state(Presence.ONLINE)
            capture = station.device.capture(noise_image(1))
            station.send(*capture.messages())
            station.until_stored(capture)
    stored_once(cloud, capture)


def test_replicas_divide_the_sites_and_find_new_ones(cloud: Cloud) -> None:
    names = [f"site-{number}" for number in range(20)]
    homes = [next(DeviceAddress(name, f"d{shard}") for name in names if shard_of(name, 2) == shard) for shard in (0, 1)]
    with cloud.ingest(0, of=2) as first, cloud.ingest(1, of=2):
        enrol(cloud.engine, *homes)  # after their start
        with Workstation(cloud, homes[0]) as zero, Workstation(cloud, homes[1]) as one:
            for station, shard in ((zero, 0), (one, 1)):
                assert station.until_state(Presence.ONLINE, f"ingest-{shard}").shard == shard
            captures = [station.device.capture(noise_image(seed)) for seed, station in enumerate((zero, one))]
            for station, capture in zip((zero, one), captures, strict=True):
                resend_until_answered(station, capture)
            first.kill()
            late = [station.device.capture(noise_image(10 + seed)) for seed, station in enumerate((zero, one))]
            one.send(*late[1].messages())
            one.until_stored(late[1])
            zero.send(*late[0].messages())
            with cloud.ingest(0, of=2):
                zero.until_stored(late[0])
    stored_once(cloud, *captures, *late)


def resend_until_answered(station: Workstation, capture: TestCapture) -> None:
    """Announce as the edge does while nobody listens yet: again and again."""
    for _ in range(20):
        station.send(*capture.messages())
        try:
            message = station.client.next(timeout=1)
        except queue.Empty:
            continue
        if message.topic == station.address.receipt(capture.id):
            return
    pytest.fail("no receipt came")


def test_noise_is_refused_and_captures_pass_through_it(cloud: Cloud) -> None:
    with cloud.ingest(), Workstation(cloud) as station:
        station.until_state(Presence.ONLINE)
        capture = station.device.capture(noise_image(1))
        for number, message in enumerate(capture.messages()):
            station.send(Incoming(A.announce(), b"noise"), Incoming(f"{A.status()}/x{number}", b""), message)
        station.until_stored(capture)
        with snapshot(cloud.engine) as session:
            refused = session.scalars(select(WireRefusal)).all()
        assert sum(row.count for row in refused) == 2 * len(capture.messages())
        assert len(refused) < 5
