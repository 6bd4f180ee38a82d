"""Devices over HTTP: orders, enrolment codes, shutting out; the last part with a real broker, ingest and edge agent."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import select

from cloud_service.accounts.permissions import Role
from cloud_service.database import transaction
from cloud_service.devices.broker_roles import dynamic_security_document
from cloud_service.devices.orders import confirm_order, due_orders, hasten_orders, orders_sent
from cloud_service.models import AuditEntry, Device, EnrolmentCode, now
from shared.vocabulary import Presence
from tests.support.device_side import noise_image
from tests.support.ingest_cloud import PASSWORD, Cloud
from tests.support.servers import Mosquitto
from tests.support.stack import until
from tests.support.waiting import PATIENCE
from tests.support.web import ApiServer, a_problem, add_device, web_settings
from tests.support.workstation import Workstation

DEVICES, CODES, ENROLMENTS = "/api/v1/devices", "/api/v1/devices/enrolment-codes", "/api/v1/enrolments"
COMMANDS = f"{DEVICES}/scope-1/commands"


@pytest.fixture
def admin(server_on_both: ApiServer) -> Iterator[httpx.Client]:
    with transaction(server_on_both.engine) as session:
        add_device(session)
    with server_on_both.client() as client:
        yield client


def ordered(client: httpx.Client, action: str) -> str:
    response = client.post(COMMANDS, json={"action": action})
    assert response.status_code == 201, response.text
    return str(response.json()["id"])


def states(client: httpx.Client) -> list[tuple[str, str]]:
    return [(order["action"], order["state"]) for order in client.get(COMMANDS).json()]


def publish_due(server: ApiServer) -> list[str]:
    """What the ingest replica does each second."""
    with transaction(server.engine) as session:
        due = due_orders(session, 0, 1, 10)
        orders_sent(session, [order.id for order in due])
        return [order.action for order in due]


def test_an_order_waits_for_the_device_is_sent_and_is_confirmed_by_its_word_alone(
    server_on_both: ApiServer, admin: httpx.Client
) -> None:
    with transaction(server_on_both.engine) as session:
        session.get_one(Device, "scope-1").presence = Presence.OFFLINE
    order_id = ordered(admin, "pause")
    assert publish_due(server_on_both) == []
    with transaction(server_on_both.engine) as session:
        session.get_one(Device, "scope-1").presence = Presence.ONLINE
        hasten_orders(session, ["scope-1"])

    assert publish_due(server_on_both) == ["pause"]
    assert publish_due(server_on_both) == [], "not due again yet"
    assert states(admin) == [("pause", "sent")]
    order = admin.get(COMMANDS).json()[0]
    with transaction(server_on_both.engine) as session:
        add_device(session, site="south", device="scope-2")
        row = session.get_one(Device, "scope-1")
        assert not confirm_order(session, "scope-2", due_id := UUID(order["id"]))
        assert confirm_order(session, row.id, due_id)
        assert not confirm_order(session, row.id, due_id), "no news the second time"
        hasten_orders(session, ["scope-1"])

    assert publish_due(server_on_both) == []
    (listed,) = (device for device in admin.get(DEVICES).json() if device["id"] == "scope-1")
    assert (listed["last_command"]["id"], listed["last_command"]["state"]) == (order_id, "confirmed")
    assert listed["last_command"]["created_by"] == "administrator"


def test_a_later_order_replaces_what_it_makes_pointless(server_on_both: ApiServer, admin: httpx.Client) -> None:
    for action in ("pause", "reannounce", "resume", "reload", "reload"):
        ordered(admin, action)
    assert states(admin) == [
        ("reload", "waiting"),
        ("reload", "replaced"),
        ("resume", "waiting"),
        ("reannounce", "waiting"),
        ("pause", "replaced"),
    ]
    assert publish_due(server_on_both) == ["reannounce", "resume", "reload"]


def test_what_cannot_be_ordered(server_on_both: ApiServer, admin: httpx.Client) -> None:
    a_problem(admin.post(f"{DEVICES}/scope-9/commands", json={"action": "pause"}), 404)
    a_problem(admin.get(f"{DEVICES}/scope-9/commands"), 404)
    a_problem(admin.post(COMMANDS, json={"action": "explode"}), 422)
    with transaction(server_on_both.engine) as session:
        session.get_one(Device, "scope-1").disabled_at = now()
    assert "shut out" in a_problem(admin.post(COMMANDS, json={"action": "pause"}), 409)
    with server_on_both.client(Role.TECHNICIAN, site="north") as technician:
        a_problem(technician.post(COMMANDS, json={"action": "pause"}), 403)


def test_a_new_order_is_an_event(admin: httpx.Client) -> None:
    ordered(admin, "pause")
    with admin.stream("GET", "/api/v1/events", params={"after": 0}) as response:
        lines = (line for line in response.iter_lines() if line.startswith("data: "))
        next(lines)  # the greeting
        told = json.loads(next(lines)[6:])
    assert (told["id"], told["last_command"]["action"], told["last_command"]["state"]) == (
        "scope-1",
        "pause",
        "waiting",
    )


def test_codes_are_for_devices_that_can_be(server_on_both: ApiServer, admin: httpx.Client) -> None:
    for site, device, status in (
        ("south", "scope-1", 409),
        ("north", "admin", 409),
        ("cloud", "x", 422),
        ("a/b", "x", 422),
    ):
        a_problem(admin.post(CODES, json={"site": site, "device": device}), status)
    made = admin.post(CODES, json={"site": "north", "device": "scope-1"}).json()
    with transaction(server_on_both.engine) as session:
        (row,) = session.scalars(select(EnrolmentCode))
        assert made["code"].replace("-", "") not in row.code_sha256
        assert timedelta(hours=23) < row.expires_at - now() <= timedelta(hours=24)


def test_wrong_used_and_expired_codes_are_not_told_apart_and_guessing_is_slow(
    server_on_both: ApiServer, admin: httpx.Client
) -> None:
    replaced = admin.post(CODES, json={"site": "north", "device": "scope-1"}).json()["code"]
    admin.post(CODES, json={"site": "north", "device": "scope-1"})
    expired = admin.post(CODES, json={"site": "north", "device": "scope-7"}).json()["code"]
    with transaction(server_on_both.engine) as session:
        for row in session.scalars(select(EnrolmentCode).where(EnrolmentCode.device_id == "scope-7")):
            row.expires_at = now()

    with server_on_both.client(role=None) as stranger:
        told = {a_problem(stranger.post(ENROLMENTS, json={"code": code}), 404) for code in (replaced, expired, "X-1")}
        assert len(told) == 1
        for _ in range(7):
            a_problem(stranger.post(ENROLMENTS, json={"code": "0" * 16}), 404)
        refused = stranger.post(ENROLMENTS, json={"code": "0" * 16})
    assert "codes were wrong" in a_problem(refused, 429)
    assert int(refused.headers["retry-after"]) > 0


def test_codes_that_were_not_used_are_listed_without_the_code_and_withdrawn(
    server_on_both: ApiServer, admin: httpx.Client
) -> None:
    made = {
        device: admin.post(CODES, json={"site": "north", "device": device}).json()
        for device in ("scope-1", "scope-2", "scope-3")
    }
    with transaction(server_on_both.engine) as session:
        for row in session.scalars(select(EnrolmentCode).where(EnrolmentCode.device_id == "scope-3")):
            row.expires_at = now()
        used = session.scalars(select(EnrolmentCode).where(EnrolmentCode.device_id == "scope-2")).one()
        used.used_at = now()

    listed = admin.get(CODES)
    (row,) = listed.json()
    assert (row["site"], row["device"], row["created_by"]) == ("north", "scope-1", "administrator")
    assert row["expires_at"] == made["scope-1"]["expires_at"]
    assert made["scope-1"]["code"] not in listed.text

    assert admin.delete(f"{DEVICES}/scope-1/enrolment-code").status_code == 204
    for device in ("scope-1", "scope-2", "scope-3", "scope-4"):
        assert "No code is open" in a_problem(admin.delete(f"{DEVICES}/{device}/enrolment-code"), 404)
    assert admin.get(CODES).json() == []
    with server_on_both.client(role=None) as stranger:
        a_problem(stranger.post(ENROLMENTS, json={"code": made["scope-1"]["code"]}), 404)
    with transaction(server_on_both.engine) as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "enrolment-code-withdrawn")).one()
        assert (entry.actor, entry.subject, entry.details["made_by"]) == ("administrator", "scope-1", "administrator")


def test_a_code_stays_good_while_the_broker_is_not_to_be_had(server_on_both: ApiServer, admin: httpx.Client) -> None:
    code = admin.post(CODES, json={"site": "north", "device": "scope-1"}).json()["code"]
    with server_on_both.client(role=None) as stranger:
        for _ in range(2):
            told = a_problem(stranger.post(ENROLMENTS, json={"code": code}), 503)
            assert "SMEARFLOW_BROKER_ADMIN_PASSWORD" in told


@pytest.fixture
def cloud(
    mosquitto: Callable[..., Mosquitto], sqlite_url: str, tmp_path: Path
) -> Iterator[tuple[ApiServer, httpx.Client, Workstation]]:
    """A broker, an API, an ingest, an administrator's client, and a workstation that knows of none of them."""
    broker = mosquitto(dynamic_security_document(PASSWORD, {"ingest-0": PASSWORD}))
    settings = web_settings(tmp_path, sqlite_url, broker_port=broker.port, broker_admin_password=SecretStr(PASSWORD))
    station = Workstation(tmp_path / "station")
    with ApiServer(settings) as server, server.client() as client:
        with Cloud(broker, sqlite_url, tmp_path, server.engine).ingest():
            yield server, client, station
        station.stop()


def test_a_real_agent_redeems_a_code_sends_obeys_and_is_shut_out(
    cloud: tuple[ApiServer, httpx.Client, Workstation],
) -> None:
    server, admin, station = cloud
    code = admin.post(CODES, json={"site": "north", "device": "scope-1"}).json()["code"]
    wrong = station.redeem(server.url, "0000-0000-0000-0000")
    assert (wrong.returncode, "wrong, used or expired" in wrong.stderr) == (3, True)
    insecure = station.redeem("http://smearflow.hospital.example", code)
    assert "must travel by https" in insecure.stderr
    done = station.redeem(server.url, code.lower().replace("-", " "))
    assert done.returncode == 0, done.stderr
    assert station.redeem(server.url, code).returncode == 3, "a code is good once"

    def captures() -> int:
        return len(admin.get("/api/v1/captures", params={"state": "stored"}).json()["captures"])

    def device() -> dict[str, Any]:
        found: dict[str, Any] = admin.get(DEVICES).json()[0]
        return found

    def confirmed(action: str) -> None:
        ordered(admin, action)
        until(lambda: device()["last_command"]["state"] == "confirmed", PATIENCE, f"{action} is confirmed")

    (station.captures / "one.jpg").write_bytes(noise_image(1, (400, 300), "JPEG"))
    with station.running():
        until(lambda: captures() == 1, PATIENCE, "the capture is stored")
        confirmed("pause")
        assert device()["paused"] is True
        (station.captures / "two.jpg").write_bytes(noise_image(2, (400, 300), "JPEG"))
        until(lambda: station.status()[1]["captures"]["waiting"] == 1, PATIENCE, "the second one waits")
        session = station.status()[1]["agent"]["pid"]
        confirmed("reload")
        assert (captures(), device()["paused"]) == (1, True), "a reload ends no pause"
        assert station.status()[1]["agent"]["pid"] == session
        confirmed("reannounce")
        confirmed("resume")
        until(lambda: captures() == 2, PATIENCE, "the second capture is stored")

        removed = admin.delete(f"{DEVICES}/scope-1")
        assert (removed.status_code, removed.json()["presence"]) == (200, "offline")
        until(lambda: not station.status()[1]["agent"]["connected"], PATIENCE, "the agent is cut off")
    assert states(admin)[0] == ("resume", "confirmed")
    a_problem(admin.delete(f"{DEVICES}/scope-9"), 404)
