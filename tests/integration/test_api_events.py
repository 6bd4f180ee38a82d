"""The event stream: from the database, without gaps, whoever stops in between."""

import functools
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from cloud_service.accounts.permissions import Role
from cloud_service.database import transaction
from cloud_service.delivery.events import EventKind, record_event
from cloud_service.delivery.fan_out import FanOut
from cloud_service.local_stack.ports import LOOPBACK
from cloud_service.wakeup import Notifier
from tests.support.servers import Redis
from tests.support.waiting import PATIENCE
from tests.support.web import ApiServer, add_capture, web_settings


class Stream:
    """Reads one connection's events."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._lines = response.iter_lines()

    def next(self) -> dict[str, Any]:
        """The next event: `event`, `id` and `data`, its JSON read."""
        fields: dict[str, Any] = {}
        for line in self._lines:
            if not line and "data" in fields:
                fields["data"] = json.loads(fields["data"])
                return fields
            name, _, value = line.partition(": ")
            if name:
                fields[name] = value
        raise EOFError

    def take(self, count: int) -> list[dict[str, Any]]:
        """The next `count` events."""
        return [self.next() for _ in range(count)]


@contextmanager
def stream(
    server: ApiServer, *, after: int | None = None, last_event_id: str | None = None, role: Role = Role.ADMINISTRATOR
) -> Iterator[Stream]:
    headers = {"Last-Event-ID": last_event_id} if last_event_id else {}
    query = {"after": after} if after is not None else {}
    site = "north" if role.is_bound_to_a_site else None
    with (
        server.client(role, site=site) as client,
        client.stream("GET", "/api/v1/events", params=query, headers=headers) as response,
    ):
        assert response.status_code == 200
        yield Stream(response)


def add(server: ApiServer, *numbers: int) -> None:
    for number in numbers:
        with transaction(server.engine) as session:
            add_capture(session, number)


def positions(events: list[dict[str, Any]]) -> list[int]:
    return [int(event["id"]) for event in events]


def test_a_stream_begins_now_and_its_events_are_the_captures_of_the_api(server_on_both: ApiServer) -> None:
    server = server_on_both
    add(server, 0)
    with stream(server) as events, server.client() as client:
        assert events.response.headers["content-type"].startswith("text/event-stream")
        hello = events.next()
        assert (hello["event"], hello["id"], hello["data"]) == ("hello", "1", {"position": 1, "reset": False})
        add(server, 1)
        event = events.next()
        listed = client.get("/api/v1/captures").json()["captures"][0]

    assert (event["event"], event["id"]) == ("capture", "2")
    assert event["data"] == listed


@pytest.mark.parametrize(
    ("role", "seen"),
    [
        (Role.ADMINISTRATOR, ["training", "dataset", "model", "capture"]),
        (Role.CLINICIAN, ["model", "capture"]),
        (Role.TECHNICIAN, ["capture"]),
    ],
)
def test_trainings_and_models_are_told_to_those_alone_who_may_see_them(
    server: ApiServer, role: Role, seen: list[str]
) -> None:
    with transaction(server.engine) as session:
        for kind in (EventKind.TRAINING, EventKind.DATASET, EventKind.MODEL):
            record_event(session, kind, "x", {}, None)
    add(server, 0)

    with stream(server, after=0, role=role) as events:
        assert [event["event"] for event in events.take(len(seen) + 1)] == ["hello", *seen]


def test_what_was_missed_comes_first_and_last_event_id_counts_more_than_after(server: ApiServer) -> None:
    add(server, *range(6))

    with stream(server, after=2) as events:
        assert positions(events.take(5)) == [2, 3, 4, 5, 6]
    with stream(server, after=2, last_event_id="5") as events:
        assert positions(events.take(2)) == [5, 6]


def test_a_reader_of_another_log_is_told_to_load_anew(server: ApiServer) -> None:
    add(server, 0)

    with stream(server, last_event_id="1000") as events:
        assert events.next()["data"] == {"position": 1, "reset": True}
        add(server, 1)
        assert events.next()["id"] == "2"


@pytest.mark.parametrize("wrong", ["-1", "x", "1e3", "9" * 25])
def test_a_position_that_is_none_is_refused(server: ApiServer, wrong: str) -> None:
    with server.client() as client:
        assert client.get("/api/v1/events", headers={"Last-Event-ID": wrong}).status_code == 422
        assert client.get("/api/v1/events", params={"after": wrong}).status_code == 422


def test_a_restart_of_the_server_loses_no_event_and_is_not_held_up_by_streams(
    tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cloud_service.web.serve.GRACE_SECONDS", 10 * PATIENCE)  # `stop` fails before that
    with ApiServer(web_settings(tmp_path, sqlite_url)) as server:
        add(server, 0)
        with stream(server, after=0) as events:
            assert positions(events.take(2)) == [0, 1]
            server.stop()
            with pytest.raises(EOFError):
                events.next()

        add(server, 1, 2)
        server.start()
        with stream(server, after=0, last_event_id="1") as events:
            assert positions(events.take(3)) == [1, 2, 3]


def test_a_client_that_does_not_read_its_answer_is_hung_up_on(
    tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cloud_service.web.serve.GRACE_SECONDS", 0)
    page = tmp_path / "page"
    (page / "assets").mkdir(parents=True)
    (page / "index.html").touch()
    (page / "assets" / "large.js").write_bytes(bytes(8_000_000))  # more than the system takes from the server
    with ApiServer(web_settings(tmp_path, sqlite_url), page) as server, socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)  # so that the rest stays with the server
        client.settimeout(PATIENCE)
        client.connect((LOOPBACK, server.settings.api_port))
        client.sendall(b"GET /assets/large.js HTTP/1.1\r\nHost: api\r\n\r\n")
        assert client.recv(12) == b"HTTP/1.1 200"
        begun = b""
        while b"\r\n\r\n\0" not in begun:  # the head leaves before the file is opened: stop amid what it holds
            begun += client.recv(1024)
        server.stop()
        with suppress(ConnectionResetError):
            while client.recv(1024):  # what is under way already; then the end
                pass


def test_with_eight_writers_a_reader_who_comes_and_goes_gets_every_event_once(server_on_both: ApiServer) -> None:
    server = server_on_both
    with transaction(server.engine) as session:
        add_capture(session, 999)
    writers = [threading.Thread(target=add, args=(server, *range(start * 10, start * 10 + 10))) for start in range(8)]
    for writer in writers:
        writer.start()

    seen = [0]
    while seen[-1] < 81:
        with stream(server, after=seen[-1]) as events:
            events.next()
            seen += positions(events.take(min(7, 81 - seen[-1])))
    for writer in writers:
        writer.join()

    assert seen == list(range(82))


def test_a_wake_up_call_brings_an_event_before_the_next_look(
    tmp_path: Path, sqlite_url: str, redis_server: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cloud_service.app.FanOut", functools.partial(FanOut, poll_seconds=10 * PATIENCE))
    settings = web_settings(tmp_path, sqlite_url, redis_url=SecretStr(redis_server.url))
    with ApiServer(settings) as server, Notifier(redis_server.url) as notifier, stream(server) as events:
        events.next()
        for number in range(3):
            add(server, number)
            notifier.changes()
            assert events.next()["id"] == str(number + 1)
