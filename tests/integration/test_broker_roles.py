"""The roles at a real broker: what a device may not do is refused there (and behind it, see test_ingest.py)."""

import queue
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from pydantic import SecretStr

from cloud_service.config import Settings
from cloud_service.devices.broker_admin import BrokerAdmin
from cloud_service.devices.broker_roles import ADMIN, dynamic_security_document
from cloud_service.local_stack.ports import free_port
from shared.errors import ConfigurationError, TransientError
from shared.identifiers import new_capture_id
from shared.topics import DeviceAddress, all_up, cloud_state
from tests.support.mqtt import MqttClient
from tests.support.servers import Mosquitto
from tests.support.waiting import PATIENCE

A, B = DeviceAddress("north", "scope-a"), DeviceAddress("north", "scope-b")
PASSWORD = "a long random word"  # noqa: S105 - of a broker that lives for one test
DENIED = 0x87  # Not authorized (MQTT 5, 2.4)


@dataclass
class Broker:
    port: int
    settings: Settings

    def client(self, name: str, client_id: str | None = None) -> MqttClient:
        return MqttClient(self.port, name, PASSWORD, client_id=client_id)


@pytest.fixture
def broker(mosquitto: Callable[..., Mosquitto]) -> Broker:
    server = mosquitto(dynamic_security_document(PASSWORD, {"ingest-0": PASSWORD}))
    settings = Settings(broker_port=server.port, broker_admin_password=SecretStr(PASSWORD))
    with BrokerAdmin(settings) as admin:
        for address in (A, B):
            admin.put_device(address, PASSWORD)
    return Broker(server.port, settings)


def test_a_device_speaks_for_itself_and_the_ingest_hears_it(broker: Broker) -> None:
    with broker.client("ingest-0") as ingest, broker.client("scope-a") as device:
        assert not ingest.subscribe(all_up()).is_failure
        assert not device.subscribe(A.all_down()).is_failure
        assert not device.publish(A.announce(), b"manifest").is_failure
        assert ingest.next().payload == b"manifest"
        assert not ingest.publish(A.receipt(new_capture_id()), b"receipt").is_failure
        assert device.next().payload == b"receipt"


def test_a_device_cannot_publish_as_another(broker: Broker) -> None:
    with broker.client("ingest-0") as ingest:
        ingest.subscribe(all_up())
        for topic in (B.announce(), B.status(), A.receipt(new_capture_id()), cloud_state("ingest-0")):
            # A connection each: Mosquitto 2.0.11 answers a denied publish, and then cuts the connection.
            with broker.client("scope-a") as device:
                assert device.publish(topic, b"forged").value == DENIED
        with broker.client("scope-a") as device:
            device.publish(A.announce(), b"honest")
        assert ingest.next().payload == b"honest"


@pytest.mark.parametrize(
    "topic_filter",
    [
        B.all_down(),
        "smearflow/v1/north/+/down/#",
        "#",
        all_up(),
        f"$share/ingest/{all_up()}",
        f"$share/ingest/{all_up('north')}",
        A.announce(),
        "$CONTROL/#",
        "$SYS/#",
    ],
)
def test_a_device_cannot_subscribe_to_what_is_not_its_own(broker: Broker, topic_filter: str) -> None:
    with broker.client("scope-a") as device:
        assert device.subscribe(topic_filter).value == DENIED


def test_a_device_does_not_get_anothers_result(broker: Broker) -> None:
    with broker.client("ingest-0") as ingest, broker.client("scope-a") as a, broker.client("scope-b") as b:
        a.subscribe(A.all_down())
        a.subscribe(B.all_down())
        b.subscribe(B.all_down())
        ingest.publish(B.result(new_capture_id()), b"for b")
        ingest.publish(A.result(new_capture_id()), b"for a")
        assert b.next().payload == b"for b"
        assert a.next().payload == b"for a"
        with pytest.raises(queue.Empty):
            a.next(timeout=0)


@pytest.mark.parametrize("client_id", ["scope-b", "ingest-0", "anything"])
def test_a_device_cannot_take_anothers_client_id(broker: Broker, client_id: str) -> None:
    with broker.client("ingest-0") as ingest, broker.client("scope-b") as b:
        with broker.client("scope-a", client_id=client_id) as intruder:
            assert intruder.connected is not None
            assert intruder.connected.is_failure
        assert ingest.lost.empty()
        assert b.lost.empty()
        assert not b.publish(B.announce(), b"still here").is_failure


def test_the_ingest_itself_joins_no_shared_subscription_of_all_topics(broker: Broker) -> None:
    with broker.client("ingest-0") as ingest:
        assert ingest.subscribe("#").value == DENIED
        assert ingest.publish(A.announce(), b"as a device").value == DENIED


def test_nobody_comes_in_without_or_with_a_wrong_password(broker: Broker) -> None:
    for client in (
        MqttClient(broker.port),
        MqttClient(broker.port, "scope-a", "wrong"),
        MqttClient(broker.port, "scope-c", PASSWORD),
    ):
        with client:
            assert client.connected is not None
            assert client.connected.is_failure


def test_the_admin_reads_no_captures(broker: Broker) -> None:
    with broker.client(ADMIN, client_id="x") as admin:
        assert admin.subscribe(all_up()).value == DENIED
        assert admin.publish(A.result(new_capture_id()), b"forged").value == DENIED


def test_a_new_password_replaces_the_old_one_and_a_removed_device_is_cut_off(broker: Broker) -> None:
    with BrokerAdmin(broker.settings) as admin, broker.client("scope-a") as device:
        assert not device.publish(A.announce(), b"in").is_failure
        admin.put_device(A, "another word")
        assert device.lost.get(timeout=PATIENCE).is_failure
        with MqttClient(broker.port, "scope-a", "another word") as again:
            assert not again.publish(A.announce(), b"in").is_failure
            admin.remove_device("scope-a")
            assert again.lost.get(timeout=PATIENCE).is_failure
        admin.remove_device("scope-a")
    with MqttClient(broker.port, "scope-a", "another word") as gone:
        assert gone.connected is not None
        assert gone.connected.is_failure


def test_changes_survive_a_restart_of_the_broker(mosquitto: Callable[..., Mosquitto]) -> None:
    server = mosquitto(dynamic_security_document(PASSWORD, {"ingest-0": PASSWORD}))
    settings = Settings(broker_port=server.port, broker_admin_password=SecretStr(PASSWORD))
    with BrokerAdmin(settings) as admin:
        admin.put_device(A, PASSWORD)
    server.kill()
    server.start()
    with MqttClient(server.port, "scope-a", PASSWORD) as device:
        assert not device.publish(A.announce(), b"in").is_failure


def test_a_wrong_admin_password_is_a_configuration_error(broker: Broker) -> None:
    wrong = Settings(broker_port=broker.port, broker_admin_password=SecretStr("wrong"))
    with pytest.raises(ConfigurationError, match="SMEARFLOW_BROKER_ADMIN_PASSWORD"), BrokerAdmin(wrong):
        pass
    with pytest.raises(ConfigurationError, match="SMEARFLOW_BROKER_ADMIN_PASSWORD"):
        BrokerAdmin(Settings(broker_admin_password=None))


def test_a_broker_that_is_away_is_transient() -> None:
    settings = Settings(broker_port=free_port(), broker_admin_password=SecretStr(PASSWORD))
    with pytest.raises(TransientError, match="cannot be reached"), BrokerAdmin(settings):
        pass
