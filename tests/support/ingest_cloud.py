"""A cloud whose ingest processes come and go, and a workstation on the other side of a real broker."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pydantic import SecretStr
from sqlalchemy import Engine, select

from cloud_service.blob_store.local import LocalBlobStore
from cloud_service.config import Settings
from cloud_service.database import snapshot
from cloud_service.devices.broker_admin import BrokerAdmin
from cloud_service.ingest.batch import Incoming
from cloud_service.local_stack.ports import free_port
from cloud_service.models import Capture, InferenceJob
from shared.messages import CloudState, Receipt, ReceiptOutcome, Result
from shared.topics import DeviceAddress, all_cloud_states, cloud_state
from shared.vocabulary import CaptureState, Presence
from tests.support import ingest_process
from tests.support.device_side import TestCapture, TestDevice
from tests.support.ingest_process import STAGING_STEPS, Step
from tests.support.mqtt import MqttClient
from tests.support.servers import Mosquitto
from tests.support.waiting import PATIENCE

A = DeviceAddress("north", "scope-a")
PASSWORD = "a long random word"  # noqa: S105 - of a broker that lives for one test


@dataclass
class Cloud:
    """A broker, a database and a blob store; ingest processes come and go."""

    broker: Mosquitto
    database_url: str
    folder: Path
    engine: Engine

    @property
    def blobs(self) -> LocalBlobStore:
        return LocalBlobStore(self.folder / "blobs")

    def start(self, step: Step | None = None, shard: int = 0, of: int = 1) -> subprocess.Popen[bytes]:
        environment = {
            "SMEARFLOW_DATABASE_URL": self.database_url,
            "SMEARFLOW_BLOB_URL": str(self.folder / "blobs"),
            "SMEARFLOW_REDIS_URL": f"redis://127.0.0.1:{free_port()}/0",  # away: polls and sweeps do without
            "SMEARFLOW_BROKER_PORT": str(self.broker.port),
            "SMEARFLOW_BROKER_USERNAME": f"ingest-{shard}",
            "SMEARFLOW_BROKER_PASSWORD": PASSWORD,
            "SMEARFLOW_SHARD": str(shard),
            "SMEARFLOW_SHARD_COUNT": str(of),
            "SMEARFLOW_INGEST_BATCH": "2" if step in STAGING_STEPS else "256",
        }
        return ingest_process.start(environment, self.folder / f"ingest-{shard}.log", step)

    @contextmanager
    def ingest(self, shard: int = 0, of: int = 1) -> Iterator[subprocess.Popen[bytes]]:
        process = self.start(shard=shard, of=of)
        try:
            yield process
        finally:
            process.terminate()
            assert process.wait(PATIENCE) in {0, -signal.SIGKILL}


class Workstation:
    """The device's side of the line."""

    def __init__(self, cloud: Cloud, address: DeviceAddress = A) -> None:
        self.address = address
        settings = Settings(broker_port=cloud.broker.port, broker_admin_password=SecretStr(PASSWORD))
        with BrokerAdmin(settings) as admin:
            admin.put_device(address, PASSWORD)
        self.device = TestDevice(address)
        self.client = MqttClient(cloud.broker.port, address.device, PASSWORD)

    def __enter__(self) -> Self:
        self.client.__enter__()
        assert not self.client.subscribe(self.address.all_down()).is_failure
        assert not self.client.subscribe(all_cloud_states()).is_failure
        return self

    def __exit__(self, *_: object) -> None:
        self.client.__exit__(None, None, None)

    def send(self, *messages: Incoming) -> None:
        for message in messages:
            self.client.send(message.topic, message.payload, properties=message.properties)

    def until_state(self, presence: Presence, replica: str = "ingest-0") -> CloudState:
        while True:
            state = CloudState.decode(self._next(cloud_state(replica)))
            if state.state == presence:
                return state

    def receipt(self, capture: TestCapture) -> Receipt:
        return Receipt.decode(self._next(self.address.receipt(capture.id)))

    def until_stored(self, capture: TestCapture) -> None:
        """Do as the edge does: send what is missing, until the receipt says `stored`."""
        while True:
            receipt = self.receipt(capture)
            assert receipt.outcome != ReceiptOutcome.REFUSED, receipt.reason
            if receipt.outcome == ReceiptOutcome.STORED:
                assert receipt.sha256 == capture.manifest.sha256
                return
            self.send(*capture.parts(receipt.missing))

    def result(self, capture: TestCapture) -> Result:
        return Result.decode(self._next(self.address.result(capture.id)))

    def _next(self, topic: str) -> bytes:
        """The next message on a topic; others before it are dropped."""
        while True:
            message = self.client.next(timeout=PATIENCE)
            if message.topic == topic:
                payload: bytes = message.payload
                return payload


def stored_once(cloud: Cloud, *captures: TestCapture) -> None:
    """Exactly one blob, one row, one job a capture, and nothing besides."""
    assert sorted(cloud.blobs.digests()) == sorted(capture.manifest.sha256 for capture in captures)
    for capture in captures:
        assert cloud.blobs.get(capture.manifest.sha256) == capture.payload
    with snapshot(cloud.engine) as session:
        rows = {row.id: row for row in session.scalars(select(Capture))}
        jobs = session.scalars(select(InferenceJob.capture_id)).all()
    assert set(rows) == {capture.id for capture in captures} == set(jobs)
    assert all(row.state == CaptureState.STORED and row.case_pseudonym == "ab" * 16 for row in rows.values())
