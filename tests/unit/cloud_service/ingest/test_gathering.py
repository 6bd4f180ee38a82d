"""Batches of ingest: how many messages they hold, and when they wait for more."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from unittest.mock import Mock

import pytest
from sqlalchemy import Engine

from cloud_service.config import Settings
from cloud_service.ingest import gathering, subscriber
from cloud_service.ingest.batch import Incoming
from cloud_service.ingest.connection import Arrived
from cloud_service.ingest.gathering import Gathering
from cloud_service.ingest.processor import Processor
from cloud_service.ingest.subscriber import Subscriber
from tests.support.waiting import wait_until

Make = Callable[..., Subscriber]


@pytest.fixture
def make(engine: Engine, processor: Processor) -> Make:
    def subscriber_with(**settings: int) -> Subscriber:
        return Subscriber(
            settings=Settings.model_validate(settings), engine=engine, processor=processor, notifier=Mock()
        )

    return subscriber_with


def message(byte_count: int = 1) -> Arrived:
    return Arrived(Mock(), Incoming("topic", bytes(byte_count)), 1, 1)


def in_a_rush(subject: Subscriber) -> Subscriber:
    subject._gathering.note(captures=100)
    return subject


def test_captures_now_and_then_wait_for_nothing_and_a_rush_does_until_it_is_over() -> None:
    now = 0.0
    pace = Gathering(clock=lambda: now)
    for _ in range(45):  # fifteen a second
        assert pace.seconds == 0.0
        pace.note(1)
        now += 1 / 15
    for _ in range(90):  # thirty a second
        pace.note(1)
        now += 1 / 30
    assert pace.seconds > 0.0
    now += 1.0
    assert pace.seconds == 0.0


def test_a_batch_ends_where_nothing_more_is_there(make: Make) -> None:
    subject = make()
    for _ in range(3):
        subject.inbox.put(message())
    assert len(subject._take()) == 3


def test_a_batch_ends_with_so_many_messages_or_bytes(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subscriber, "_BATCH_BYTES", 100)
    subject = make(ingest_batch=4)
    for byte_count in (1, 1, 1, 1, 60, 60, 1):
        subject.inbox.put(message(byte_count))
    assert [len(subject._take()) for _ in range(3)] == [4, 2, 1]


def test_in_a_rush_a_batch_waits_for_more(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "_GATHER_SECONDS", 60.0)
    subject = in_a_rush(make(ingest_batch=2))
    subject.inbox.put(message())
    with ThreadPoolExecutor(1) as taking:
        batch = taking.submit(subject._take)
        wait_until(subject.inbox.empty)
        subject.inbox.put(message())
        assert len(batch.result()) == 2


def test_in_a_rush_a_batch_waits_for_a_moment_only(make: Make) -> None:
    subject = in_a_rush(make())
    subject.inbox.put(message())
    assert len(subject._take()) == 1
