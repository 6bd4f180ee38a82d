"""The cloud's doctor at a real broker and a real Redis."""

from collections.abc import Callable
from pathlib import Path

from pydantic import SecretStr

from cloud_service.config import Settings
from cloud_service.database import make_engine
from cloud_service.devices.broker_roles import dynamic_security_document
from cloud_service.doctor import examine_by
from cloud_service.migrations import upgrade
from cloud_service.system.heartbeats import Pulse
from shared.topics import cloud_state
from tests.support.mqtt import MqttClient
from tests.support.servers import Mosquitto, Redis

PASSWORD = "a long random word"  # noqa: S105 - of a broker that lives for one test


def test_servers_that_take_our_credentials(
    tmp_path: Path, sqlite_url: str, mosquitto: Callable[..., Mosquitto], redis_server: Redis
) -> None:
    broker = mosquitto(dynamic_security_document(PASSWORD, {"ingest-0": PASSWORD}))
    upgrade(sqlite_url)
    settings = Settings(
        database_url=sqlite_url,
        blob_url=str(tmp_path / "blobs"),
        model_cache_dir=tmp_path / "models",
        redis_url=redis_server.url,
        broker_port=broker.port,
        broker_password=PASSWORD,
    )
    assert [check.finding for check in examine_by(settings) if not check.good] == []

    wrong = settings.model_copy(update={"broker_password": SecretStr("wrong")})
    (refused,) = [check for check in examine_by(wrong) if not check.good]
    assert "Not authorized" in refused.finding

    # Beside a running ingest the doctor asks the database: its own log-in would cut the ingest off.
    with MqttClient(broker.port, "ingest-0", PASSWORD) as ingest:
        Pulse(make_engine(sqlite_url), "ingest", "ingest-0").beat_if_due(serving=True)
        (check,) = [check for check in examine_by(wrong) if check.name == "broker"]
        assert check.finding.endswith("the running ingest is connected")
        assert not ingest.publish(cloud_state("ingest-0"), b"still here").is_failure
