"""`smearflow serve` as a process: how it starts, logs and ends."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx

from cloud_service.accounts.permissions import Role
from cloud_service.accounts.tokens import add_token
from cloud_service.database import make_engine, transaction
from cloud_service.local_stack.ports import free_port
from cloud_service.models import Base
from tests.support.accounts import TESTER, a_user
from tests.support.waiting import PATIENCE
from tests.support.web import NO_REDIS

SERVE = [sys.executable, "-c", "from cloud_service.cli import main; main()", "serve"]


def environment(folder: Path, **changes: str) -> dict[str, str]:
    fields = {
        "SMEARFLOW_DATABASE_URL": f"sqlite:///{folder / 'smearflow.sqlite'}",
        "SMEARFLOW_BLOB_URL": str(folder / "blobs"),
        "SMEARFLOW_REDIS_URL": NO_REDIS,
    }
    return os.environ | fields | changes


def test_with_a_wrong_setting_it_says_which_and_ends(tmp_path: Path) -> None:
    ended = subprocess.run(
        SERVE,
        env=environment(tmp_path, SMEARFLOW_BLOB_URL="gopher://blobs"),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert ended.returncode == 1
    assert "gopher" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_it_ends_at_sigterm_though_a_browser_listens_and_logs_json_without_the_token(tmp_path: Path) -> None:
    port = free_port()
    env = environment(tmp_path, SMEARFLOW_API_PORT=str(port))
    engine = make_engine(env["SMEARFLOW_DATABASE_URL"])
    Base.metadata.create_all(engine)
    with transaction(engine) as session:
        _, token = add_token(session, TESTER, user=a_user(session, Role.CLINICIAN).name, name="tests")
    engine.dispose()
    with (tmp_path / "log").open("w+") as log, subprocess.Popen(SERVE, env=env, stderr=log) as process:
        headers = {"Authorization": f"Bearer {token}"}
        transport = httpx.HTTPTransport(retries=7)  # 0, 0.5, 1, 2, 4, 8, 16 s apart until it listens
        with (
            httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, transport=transport) as client,
            client.stream("GET", "/api/v1/events") as response,
        ):
            lines = response.iter_lines()
            assert next(lines) == "event: hello"
            process.send_signal(signal.SIGTERM)
            for _ in lines:
                pass  # the stream's end
            process.wait(PATIENCE)
        log.seek(0)
        written = log.read()

    assert process.returncode in {0, -signal.SIGTERM}
    assert token not in written
    for line in written.splitlines():
        assert json.loads(line)["process"] == "api"
