"""Each service of compose.yaml with its own command, settings and secrets, as far as that goes without Docker."""

import json
import shlex
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
import redis

from cloud_service.celery_app import app
from cloud_service.local_stack.ports import LOOPBACK, free_port
from cloud_service.local_stack.programs import find_program
from tests.support.deployment import CLOUD_SERVICES, COMPOSE, Container, prepare, unquoted
from tests.support.processes import ServerProcess, accepts_connections
from tests.support.stack import until
from tests.support.waiting import PATIENCE
from tests.support.web import NO_REDIS

QUEUE = app.conf.task_default_queue


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("prepared") / "secrets"
    prepared = prepare(folder, "localhost")
    assert prepared.returncode == 0, prepared.stderr
    return folder


def in_container(command: str, secrets: Path) -> str:
    """A shell command of compose.yaml, reading the secrets where they are here."""
    return unquoted(command).replace("/run/secrets", str(secrets))


def quoted(program: str) -> str:
    """A program for a shell; here it need not be on PATH, as in the image it is."""
    return shlex.quote(str(find_program(program)))


class DeployedRedis(ServerProcess):
    """Redis, started by the command in compose.yaml."""

    def __init__(self, folder: Path, secrets: Path) -> None:
        super().__init__(folder)
        (folder / "data").mkdir()
        shell, option, script = COMPOSE["services"]["redis"]["command"]
        here = f"{quoted('redis-server')} - --port {self.port} --bind {LOOPBACK} --dir {folder / 'data'}"
        assert "redis-server -" in script
        self._command = [shell, option, in_container(script, secrets).replace("redis-server -", here)]
        self.password = (secrets / "redis_password").read_text()

    def command(self) -> Sequence[str | Path]:
        """See ServerProcess."""
        return self._command

    def is_ready(self) -> bool:
        """See ServerProcess."""
        return accepts_connections(self.port)


@pytest.fixture
def deployed_redis(tmp_path: Path, secrets: Path) -> Iterator[DeployedRedis]:
    (tmp_path / "redis").mkdir()
    server = DeployedRedis(tmp_path / "redis", secrets).start()
    yield server
    server.stop()


@contextmanager
def running(container: Container, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    process = container.start(log)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_redis_wants_its_password_and_keeps_what_it_is_told(deployed_redis: DeployedRedis, secrets: Path) -> None:
    url = f"redis://{LOOPBACK}:{deployed_redis.port}"
    with redis.Redis.from_url(url) as anybody, pytest.raises(redis.AuthenticationError):
        anybody.ping()
    with redis.Redis.from_url(url, password=deployed_redis.password) as ours:
        settings = ours.config_get("appendonly", "save")
    process_line = Path(f"/proc/{deployed_redis.pid}/cmdline").read_text()
    check = in_container(COMPOSE["services"]["redis"]["healthcheck"]["test"][1], secrets)
    check = check.replace("redis-cli", f"{quoted('redis-cli')} -p {deployed_redis.port}")

    assert settings == {"appendonly": "yes", "save": ""}
    assert deployed_redis.password not in process_line
    assert subprocess.run(["sh", "-c", check], check=False).returncode == 0


def test_migrate_and_admin_read_the_databases_url_from_their_secrets(
    secrets: Path, tmp_path: Path, postgres_url: str
) -> None:
    url = {"smearflow_database_url": postgres_url}
    migrated = Container("migrate", secrets, tmp_path, {}, url).run()
    listed = Container("admin", secrets, tmp_path, {}, url).run()

    assert migrated.returncode == 0, migrated.stderr
    assert "The database is up to date." in migrated.stdout
    assert listed.returncode == 0, listed.stderr
    assert "No device is enrolled." in listed.stdout
    with psycopg.connect(postgres_url.replace("+psycopg", "")) as connection:
        assert connection.execute("SELECT count(*) FROM inference_job").fetchone() == (0,)


def test_the_api_starts_passes_its_own_health_check_and_lets_users_in(
    secrets: Path, tmp_path: Path, sqlite_url: str
) -> None:
    port = free_port()
    servers = {"smearflow_database_url": sqlite_url, "smearflow_redis_url": NO_REDIS}
    assert Container("migrate", secrets, tmp_path, {}, servers).run().returncode == 0
    environment = {
        "SMEARFLOW_API_HOST": LOOPBACK,
        "SMEARFLOW_API_PORT": str(port),
        "SMEARFLOW_BLOB_URL": str(tmp_path / "blobs"),
    }
    _, program, *check = CLOUD_SERVICES["api"]["healthcheck"]["test"]
    assert program == "python"
    check = [sys.executable, *(word.replace(":8000/", f":{port}/") for word in check)]
    address = f"http://{LOOPBACK}:{port}/api/v1/health/ready"
    admin = Container("admin", secrets, tmp_path, {}, servers)
    assert admin.run("user", "add", "hospital-it", "--role", "service").returncode == 0
    token = json.loads(admin.run("user", "token", "add", "hospital-it", "tests", "--json").stdout)["token"]

    with running(Container("api", secrets, tmp_path, environment, servers), tmp_path / "api.log") as api:
        until(lambda: accepts_connections(port) or api.poll() is not None, PATIENCE, "the API listens")
        healthy = subprocess.run(check, check=False).returncode
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(address, timeout=PATIENCE)
        request = urllib.request.Request(address, headers={"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310 - likewise
            ready = answer.status
        api.send_signal(signal.SIGTERM)
        ended = api.wait(PATIENCE)

    assert (healthy, ready) == (0, 200), (tmp_path / "api.log").read_text()
    assert ended in {0, -signal.SIGTERM}
    assert subprocess.run(check, check=False, stderr=subprocess.DEVNULL).returncode != 0, "dead is not healthy"


@pytest.mark.slow
def test_beat_and_worker_meet_at_redis_and_end_when_told(
    secrets: Path, tmp_path: Path, deployed_redis: DeployedRedis, sqlite_url: str
) -> None:
    servers = {
        "smearflow_database_url": sqlite_url,
        "smearflow_redis_url": f"redis://:{deployed_redis.password}@{LOOPBACK}:{deployed_redis.port}/0",
    }
    assert Container("migrate", secrets, tmp_path, {}, servers).run().returncode == 0
    beat_log, worker_log = tmp_path / "beat.log", tmp_path / "worker.log"
    environment = {"SMEARFLOW_BLOB_URL": str(tmp_path / "blobs")}
    with (
        redis.Redis(port=deployed_redis.port, password=deployed_redis.password) as queue,
        running(Container("beat", secrets, tmp_path, {}, servers), beat_log) as beat,
    ):
        until(lambda: queue.llen(QUEUE) > 0 or beat.poll() is not None, PATIENCE, "beat sends a sweep")
        with running(Container("worker", secrets, tmp_path, environment, servers), worker_log) as worker:
            until(lambda: queue.llen(QUEUE) == 0 or worker.poll() is not None, PATIENCE, "the worker takes it")
            still_there = (beat.poll(), worker.poll())
            for process in (beat, worker):
                process.send_signal(signal.SIGTERM)
            ended = (beat.wait(PATIENCE), worker.wait(PATIENCE))

    assert still_there == (None, None), beat_log.read_text() + worker_log.read_text()
    assert ended == (0, 0)
    assert "a model answers" in worker_log.read_text()


def test_no_service_logs_the_password_of_a_redis_that_is_away(secrets: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    servers = {"smearflow_redis_url": f"redis://:hunter2@{LOOPBACK}:1/0"}
    with running(Container("beat", secrets, tmp_path, {}, servers), log) as beat:
        until(lambda: f"{LOOPBACK}:1" in log.read_text(), PATIENCE, "beat says that Redis is away")
        beat.send_signal(signal.SIGTERM)
        beat.wait(PATIENCE)

    assert "hunter2" not in log.read_text()
