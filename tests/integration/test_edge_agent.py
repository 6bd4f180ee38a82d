"""The agent as a process: `smearflow-edge` beside a real broker."""

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from PIL import Image
from pydantic import SecretStr

from edge_agent.config import UnidentifiedRule
from edge_agent.enrolment import BrokerAddress, Choices, Credentials, enrol
from shared.identifiers import sha256_of_bytes
from shared.vocabulary import Presence, RefusalKind
from tests.conftest import MosquittoFactory
from tests.support.scripted_cloud import ScriptedCloud
from tests.support.waiting import PATIENCE

ROOT = Path(__file__).resolve().parents[2]
SETPRIV = shutil.which("setpriv") or "setpriv"
COMMAND = [sys.executable, "-c", "from edge_agent.cli import main; main()"]
MEGABYTE = 1024 * 1024


class Workstation:
    """An enrolled device: its folder, its agent, its commands."""

    def __init__(self, folder: Path, port: int) -> None:
        self.captures = folder / "captures"
        self.captures.mkdir()
        self.config = folder / "edge.toml"
        credentials = Credentials(
            site="north",
            device="scope-1",
            password=SecretStr("any: this broker asks for none"),
            broker=BrokerAddress(host="127.0.0.1", port=port),
        )
        choices = Choices(watch=(self.captures,), unidentified=UnidentifiedRule.OWN_CASE)
        enrol(self.config, credentials, choices, force=False)
        self.log = folder / "agent.log"
        self.agent: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            command = [SETPRIV, "--pdeathsig", "KILL", "--", *COMMAND, "run", "--config", str(self.config)]
            self.agent = subprocess.Popen(command, cwd=ROOT, stderr=log)

    def end(self, how: signal.Signals) -> int:
        assert self.agent is not None
        self.agent.send_signal(how)
        code = self.agent.wait(PATIENCE)
        self.agent = None
        return code

    def ask(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [*COMMAND, *arguments, "--config", str(self.config)]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False)

    def status(self) -> dict[str, Any]:
        answer = self.ask("status", "--json")
        status: dict[str, Any] = json.loads(answer.stdout)
        return status | {"code": answer.returncode}

    def capture(self, name: str, colour: int) -> bytes:
        """Saves an image as a microscope's software would, and returns what will travel."""
        image = Image.effect_mandelbrot((400, 300), (-2.0 + colour / 50, -1.5, 1.0, 1.5), 60).convert("RGB")
        image.save(self.captures / name, "JPEG")
        return (self.captures / name).read_bytes()


@pytest.fixture
def workstation(tmp_path: Path, mosquitto: MosquittoFactory) -> Iterator[tuple[Workstation, ScriptedCloud]]:
    broker = mosquitto()
    workstation = Workstation(tmp_path, broker.port)
    with ScriptedCloud(broker.port) as cloud:
        yield workstation, cloud
    if workstation.agent is not None:
        workstation.end(signal.SIGKILL)


def until(condition: Callable[[], bool], what: str) -> None:
    """Asks the other process again and again: there is no event between processes to wait for."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"still waiting until {what}"
        time.sleep(0.1)


def test_from_a_file_to_its_result(workstation: tuple[Workstation, ScriptedCloud]) -> None:
    station, cloud = workstation
    station.start()
    payload = station.capture("slide one.jpg", 1)
    (station.captures / "broken\nname.jpg").write_bytes(b"\xff\xd8\xff no image")
    cloud.stored_now.get(timeout=PATIENCE)
    cloud.acknowledged.get(timeout=PATIENCE)
    until(lambda: station.status()["refused_files"] == 1, "the broken file is refused")

    status = station.status()
    text = station.ask("status")
    listing = json.loads(station.ask("outbox", "list", "--all", "--json").stdout)
    code = station.end(signal.SIGTERM)

    assert [sha256_of_bytes(stored) for stored in cloud.stored.values()] == [sha256_of_bytes(payload)]
    assert code == 0
    assert status["running"]
    assert status["agent"]["connected"]
    assert status["agent"]["cloud_online"]
    assert status["captures"]["answered"] == 1
    assert status["code"] == text.returncode == 1, "a refused file needs a person"
    assert "slide one.jpg: preliminary finding: Suspicious: blast features seen (probability 0.93)" in text.stdout
    assert "Research use only" in text.stdout
    assert "broken\\nname.jpg" in text.stdout
    assert listing["captures"][0]["files"] == [str(station.captures / "slide one.jpg")]
    assert listing["captures"][0]["result"]["label"] == "suspicious"
    assert listing["refused"][0]["reason"]
    assert "slide one" not in station.log.read_text()


def test_the_cloud_is_told_of_what_kind_refused_files_are_and_that_they_are_gone(
    workstation: tuple[Workstation, ScriptedCloud],
) -> None:
    station, cloud = workstation
    station.start()
    assert cloud.statuses.get(timeout=PATIENCE).refused_files == 0
    bad = station.captures / "empty.jpg"
    bad.touch()

    told = cloud.statuses.get(timeout=PATIENCE)
    assert (told.refused_files, told.refused_by_kind) == (1, {RefusalKind.EMPTY: 1})

    bad.unlink()
    assert station.ask("outbox", "retry", "--refused").returncode == 0
    told = cloud.statuses.get(timeout=PATIENCE)
    assert (told.refused_files, told.refused_by_kind) == (0, {})


def test_killed_in_the_middle_it_goes_on_where_it_was(workstation: tuple[Workstation, ScriptedCloud]) -> None:
    station, cloud = workstation
    station.start()
    sent = {sha256_of_bytes(station.capture(f"{number}.jpg", number)) for number in range(12)}
    for _ in range(3):
        cloud.stored_now.get(timeout=PATIENCE)
    station.end(signal.SIGKILL)
    assert not station.status()["running"]

    station.start()
    until(lambda: station.status()["captures"]["answered"] == 12, "all are answered")

    assert {sha256_of_bytes(payload) for payload in cloud.stored.values()} == sent
    assert len(cloud.stored) == 12


def test_a_second_agent_on_the_same_state_is_turned_away(workstation: tuple[Workstation, ScriptedCloud]) -> None:
    station, cloud = workstation
    station.start()
    cloud.statuses.get(timeout=PATIENCE)

    second = station.ask("run")

    assert second.returncode == 3
    assert "Another agent runs" in second.stderr
    assert "connected; cloud online" in station.ask("doctor").stdout


def test_a_parked_capture_is_retried_while_the_agent_runs(workstation: tuple[Workstation, ScriptedCloud]) -> None:
    station, cloud = workstation
    payload = station.capture("one.jpg", 1)
    cloud.refuse[sha256_of_bytes(payload)] = "its case is closed"
    station.start()
    until(lambda: station.status()["captures"]["parked"] == 1, "it is parked")
    assert "its case is closed" in station.ask("status").stdout
    cloud.refuse.clear()

    assert station.ask("outbox", "retry", "--all").returncode == 0

    cloud.acknowledged.get(timeout=PATIENCE)


def test_a_quiet_agent_is_small_and_still(workstation: tuple[Workstation, ScriptedCloud]) -> None:
    station, cloud = workstation
    station.capture("one.jpg", 1)
    station.start()
    cloud.acknowledged.get(timeout=PATIENCE)
    assert station.agent is not None
    process = psutil.Process(station.agent.pid)
    process.cpu_percent()

    busy = process.cpu_percent(interval=3)

    assert process.memory_info().rss < 80 * MEGABYTE
    assert busy < 10, "percent of one core"


def test_it_says_good_bye(workstation: tuple[Workstation, ScriptedCloud]) -> None:
    station, cloud = workstation
    station.start()
    assert cloud.statuses.get(timeout=PATIENCE).state is Presence.ONLINE

    assert station.end(signal.SIGINT) == 0

    assert cloud.statuses.get(timeout=PATIENCE).state is Presence.OFFLINE
