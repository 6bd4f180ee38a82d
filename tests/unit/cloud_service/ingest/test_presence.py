"""Births and wills: which count, and what they bring about."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from sqlalchemy import Engine, select

from cloud_service.database import snapshot
from cloud_service.ingest.processor import Processor
from cloud_service.models import Device, Event
from shared.vocabulary import Presence, RefusalKind
from tests.support.device_side import TestDevice

NOW = datetime.now(UTC)
FIRST, SECOND = uuid4(), uuid4()


def row(engine: Engine) -> Device:
    with snapshot(engine) as session:
        return session.get_one(Device, "scope-a")


def test_a_birth_tells_state_and_clock(processor: Processor, engine: Engine, device: TestDevice) -> None:
    processor.process([device.status(Presence.ONLINE, FIRST, datetime.now(UTC) + timedelta(hours=24), depth=3)])
    found = row(engine)
    assert (found.presence, found.session, found.outbox_depth) == (Presence.ONLINE, str(FIRST), 3)
    assert found.last_seen_at is not None
    assert abs((found.clock_skew_seconds or 0) - 86400) < 60


def test_only_what_people_see_is_an_event(processor: Processor, engine: Engine, device: TestDevice) -> None:
    birth = device.status(Presence.ONLINE, FIRST, NOW)
    assert processor.process([birth]).changes
    assert not processor.process([birth]).changes
    assert processor.process([device.status(Presence.ONLINE, FIRST, NOW, depth=1)]).changes
    with snapshot(engine) as session:
        payloads = [event.payload for event in session.scalars(select(Event).order_by(Event.position))]
    assert [payload["outbox_depth"] for payload in payloads] == [0, 1]


def test_the_will_of_this_session_counts(processor: Processor, engine: Engine, device: TestDevice) -> None:
    later = NOW + timedelta(seconds=30)
    news = device.status(Presence.ONLINE, FIRST, later)
    processor.process([device.status(Presence.ONLINE, FIRST, NOW), news])
    processor.process([device.status(Presence.OFFLINE, FIRST, NOW)])
    assert row(engine).presence == Presence.OFFLINE


def test_the_will_of_a_former_session_does_not_count(processor: Processor, engine: Engine, device: TestDevice) -> None:
    processor.process([device.status(Presence.ONLINE, FIRST, NOW)])
    processor.process([device.status(Presence.ONLINE, SECOND, NOW + timedelta(seconds=5))])
    processor.process([device.status(Presence.OFFLINE, FIRST, NOW)])
    assert row(engine).presence == Presence.ONLINE


def test_the_will_of_a_session_whose_birth_was_missed_counts(
    processor: Processor, engine: Engine, device: TestDevice
) -> None:
    processor.process([device.status(Presence.ONLINE, FIRST, NOW)])
    processor.process([device.status(Presence.OFFLINE, SECOND, NOW + timedelta(seconds=5), retained=True)])
    assert row(engine).presence == Presence.OFFLINE


def test_what_the_broker_remembers_says_nothing_about_clock_and_time(
    processor: Processor, engine: Engine, device: TestDevice
) -> None:
    processor.process([device.status(Presence.ONLINE, FIRST, NOW - timedelta(hours=5), retained=True)])
    found = row(engine)
    assert found.presence == Presence.ONLINE
    assert (found.last_seen_at, found.clock_skew_seconds) == (None, None)


def test_news_of_one_batch_is_one_event_that_tells_how_it_ended(
    processor: Processor, engine: Engine, device: TestDevice
) -> None:
    processor.process([device.status(Presence.ONLINE, FIRST, NOW, depth=depth) for depth in (3, 2, 1)])
    with snapshot(engine) as session:
        assert [event.payload["outbox_depth"] for event in session.scalars(select(Event))] == [1]


def test_the_kinds_of_refused_files_are_told_and_a_change_of_them_alone_is_an_event(
    processor: Processor, engine: Engine, device: TestDevice
) -> None:
    for kind in (RefusalKind.DAMAGED, RefusalKind.NO_ACCESSION, RefusalKind.NO_ACCESSION):
        processor.process([device.status(Presence.ONLINE, FIRST, NOW, refused={kind: 2})])
    with snapshot(engine) as session:
        payloads = [event.payload for event in session.scalars(select(Event).order_by(Event.position))]
    told = [(payload["refused_files"], payload["refused_by_kind"]) for payload in payloads]
    assert told == [(2, {"damaged": 2}), (2, {"no_accession": 2})]


def test_a_number_of_a_kind_that_cannot_be_true_is_refused(
    processor: Processor, engine: Engine, device: TestDevice
) -> None:
    huge = {RefusalKind.DAMAGED: 2**31}
    birth = device.status(Presence.ONLINE, FIRST, NOW, refused=huge)
    told = json.loads(birth.payload) | {"refused_files": 0}
    processor.process([replace(birth, payload=json.dumps(told).encode())])
    assert row(engine).presence == Presence.OFFLINE
