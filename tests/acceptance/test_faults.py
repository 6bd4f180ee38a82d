"""Bad lines, stopped workers, an emptied Redis, wrong clocks and copied disks: nothing is lost, doubled or mixed up."""

import json
import shutil
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import timedelta
from itertools import chain
from pathlib import Path

import psutil
import pytest
from redis import Redis

from cloud_service.local_stack.stack import SITE
from shared.identifiers import sha256_of_file
from tests.support.photographs import draw_crops, draw_fields, take
from tests.support.processes import go_on, pause
from tests.support.stack import RunningStack, answered, running_stack, until
from tests.support.tcp_proxy import TcpProxy
from tests.support.waiting import PATIENCE, wait_until
from tests.support.workstation import Workstation

pytestmark = [pytest.mark.slow, pytest.mark.timeout(150)]

LEASE_SECONDS = 3
HEALED_SECONDS = 60
BAD_RATE = 20_000  # bytes a second
_LOOK_SECONDS = 0.05


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    soon = {"SMEARFLOW_CLAIM_LEASE_SECONDS": str(LEASE_SECONDS), "SMEARFLOW_SWEEP_SECONDS": "1"}
    with running_stack(tmp_path_factory.mktemp("faults"), "--workers", "2", environment=soon) as running:
        yield running
        assert running.restarts() == {}
        predictions = Counter(running.rows("SELECT capture_id FROM prediction"))
        assert set(predictions.values()) == {1}
        assert running.counts() == {"analysed": len(predictions)}


@pytest.fixture
def bad_line(stack: RunningStack, tcp_proxy: Callable[[int], TcpProxy]) -> TcpProxy:
    """The way to the stack's broker, to be spoilt."""
    return tcp_proxy(stack.row("mosquitto")["ports"][0])


def await_answers(station: Workstation, count: int, seconds: float) -> None:
    until(lambda: len(answered(station.listing())) == count, seconds, f"{count} captures are answered")


@contextmanager
def cut_again_and_again(line: TcpProxy, seconds: float) -> Iterator[Callable[[], int]]:
    """Cut each connection when it is so many seconds old; gives a count of the cuts."""
    over = threading.Event()
    cuts = 0

    def cut() -> None:
        nonlocal cuts
        last_cut = 0.0
        while not over.wait(_LOOK_SECONDS):
            newest = line.connected_at[-1]
            if newest > last_cut and time.monotonic() - newest >= seconds:
                line.cut()
                cuts, last_cut = cuts + 1, newest

    thread = threading.Thread(target=cut, name="cutter")
    thread.start()
    try:
        yield lambda: cuts
    finally:
        over.set()
        thread.join()


def test_the_first_capture_over_a_slow_line_that_is_cut_every_15_seconds_costs_less_than_a_tenth(
    stack: RunningStack, bad_line: TcpProxy, tmp_path: Path
) -> None:
    station = Workstation(tmp_path / "station")
    with station.enrol(stack, SITE, "microscope-bad-line", port=bad_line.port).running():
        until(lambda: len(bad_line.connected_at) == 1, PATIENCE, "the agent is connected")
        bad_line.line.bytes_per_second = BAD_RATE
        photograph = draw_fields(tmp_path, 3)[2]
        with cut_again_and_again(bad_line, seconds=15) as cuts:
            before = bad_line.bytes_up
            take(photograph, station.captures, "H26-0001")
            await_answers(station, 1, 120)
        size = photograph.stat().st_size
        carried = bad_line.bytes_up - before
    assert size > 15 * BAD_RATE, "it never gets through whole between two cuts"
    assert cuts()
    assert size < carried < 1.1 * size, f"{carried:,} bytes for {size:,} under {cuts()} cuts"


def test_a_half_open_line_heals_within_a_minute(
    stack: RunningStack, bad_line: TcpProxy, crops: list[Path], tmp_path: Path
) -> None:
    station = Workstation(tmp_path / "station").enrol(stack, SITE, "microscope-half-open", port=bad_line.port)
    with station.running():
        take(crops[0], station.captures, "H26-0002")
        await_answers(station, 1, PATIENCE)
        bad_line.swallow()
        bad_line.heal()  # a new connection would do; nobody tells the agent that it needs one
        take(crops[1], station.captures, "H26-0002")
        await_answers(station, 2, HEALED_SECONDS)


@contextmanager
def stopped(processes: list[psutil.Process]) -> Iterator[None]:
    pause(*processes)
    try:
        yield
    finally:
        go_on(*processes)


def is_writable(database: Path) -> bool:
    """Whether no stopped process holds the database's lock."""
    with closing(sqlite3.connect(database, timeout=0.2)) as connection, suppress(sqlite3.OperationalError):
        connection.execute("BEGIN IMMEDIATE")
        connection.rollback()
        return True
    return False


def claimed(stack: RunningStack) -> set[str]:
    return {capture for (capture,) in stack.rows("SELECT capture_id FROM inference_job WHERE state = 'claimed'")}


def done(stack: RunningStack) -> set[str]:
    return {capture for (capture,) in stack.rows("SELECT capture_id FROM inference_job WHERE state = 'done'")}


def stop_with_a_claim(stack: RunningStack, worker: list[psutil.Process]) -> set[str]:
    """Stop the worker, if it has work in its hands and not the database; returns the captures in its hands."""
    if not claimed(stack):
        return set()
    pause(*worker)
    if (held := claimed(stack)) and is_writable(stack.database):
        return held
    go_on(*worker)
    return set()


def test_a_worker_stopped_beyond_its_lease_writes_nothing_when_it_goes_on(
    stack: RunningStack, crops: list[Path]
) -> None:
    before = len(answered(stack.edge_listing()))
    sleeper, other = stack.family("worker"), stack.family("worker-2")
    held: set[str] = set()

    def sleeps() -> bool:
        held.update(stop_with_a_claim(stack, sleeper))
        return bool(held)

    with stopped(other):
        for path in crops[:40]:
            take(path, stack.captures, "H26-0003")
        wait_until(sleeps)
    try:
        # No longer than that: a worker whose batch has taken three leases ends itself.
        until(lambda: held <= done(stack), PATIENCE, "the other worker has done what the sleeper held")
    finally:
        go_on(*sleeper)
    until(lambda: len(answered(stack.edge_listing())) == before + 40, PATIENCE, "every capture is answered")
    log = stack.data / "logs" / "worker.log"
    until(lambda: "the claim was lost meanwhile" in log.read_text(), PATIENCE, "the sleeper finds its claims gone")


def test_redis_emptied_in_the_middle_costs_nothing(stack: RunningStack, crops: list[Path]) -> None:
    before = len(answered(stack.edge_listing()))
    password = json.loads((stack.data / "secrets" / "stack.json").read_text())["redis"]
    with Redis(port=stack.row("redis")["ports"][0], password=password) as redis:
        pause = threading.Event()
        for number, path in enumerate(crops[40:60]):
            take(path, stack.captures, "H26-0004")
            if number % 4 == 0:
                redis.flushall()
            pause.wait(0.1)
        redis.flushall()
    until(lambda: len(answered(stack.edge_listing())) == before + 20, PATIENCE, "every capture is answered")


def libfaketime() -> Path | None:
    """Debian's package libfaketime, on the system or unpacked by hand beside the other programs."""
    places = chain(Path("/usr/lib").glob("*/faketime"), Path(".runtime").rglob("faketime"))
    return next((place / "libfaketime.so.1" for place in places if (place / "libfaketime.so.1").exists()), None)


def clock_skew(stack: RunningStack, device: str) -> timedelta:
    """How far the cloud believes that a device's clock is ahead."""
    with stack.api() as client:
        row = next(row for row in client.get("/api/v1/devices").json() if row["id"] == device)
    return timedelta(seconds=row["clock_skew_seconds"])


def test_a_clock_a_day_off_is_told_and_does_not_mix_the_order(
    stack: RunningStack, crops: list[Path], tmp_path: Path
) -> None:
    library = libfaketime()
    if library is None:
        pytest.skip("libfaketime is not installed, so no process can be given another clock")
    device = "microscope-tomorrow"
    tomorrow = {"LD_PRELOAD": str(library), "FAKETIME": "+1d", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    station = Workstation(tmp_path / "station", environment=tomorrow).enrol(stack, SITE, device)
    with station.running():
        take(crops[0], station.captures, "H26-0005")
        await_answers(station, 1, PATIENCE)
        assert abs(clock_skew(stack, device) - timedelta(days=1)) < timedelta(minutes=1)
    station = Workstation(tmp_path / "station")  # somebody has set the clock right
    with station.running():
        take(crops[1], station.captures, "H26-0005")
        await_answers(station, 2, PATIENCE)
        assert abs(clock_skew(stack, device)) < timedelta(minutes=1)
    query = "SELECT sha256 FROM capture WHERE device_id = ? ORDER BY sequence"
    assert [sha256 for (sha256,) in stack.rows(query, device)] == [sha256_of_file(path) for path in crops[:2]]


def test_the_copy_of_a_devices_disk_is_refused_and_mixes_nothing_up(stack: RunningStack, tmp_path: Path) -> None:
    device = "microscope-copied"
    first, of_original, of_copy = draw_crops(tmp_path, 3, first=70)
    original = Workstation(tmp_path / "original").enrol(stack, SITE, device)
    with original.running():
        take(first, original.captures, "H26-0006")
        await_answers(original, 1, PATIENCE)
    shutil.copytree(original.folder, tmp_path / "copy")
    with original.running():
        take(of_original, original.captures, "H26-0006")
        await_answers(original, 2, PATIENCE)
    copy = Workstation(tmp_path / "copy")
    copy.config.write_text(copy.config.read_text().replace(str(original.captures), str(copy.captures)))
    with copy.running():
        take(of_copy, copy.captures, "H26-0007")
        until(lambda: bool(copy.status()[1]["parked"]), PATIENCE, "the copy's capture is parked")
        code, status = copy.status()
    assert code == 1
    assert [(Path(parked["files"][0]).name) for parked in status["parked"]] == [of_copy.name]
    assert "was its disk copied or set back?" in status["parked"][0]["reason"]

    stored = stack.rows("SELECT sha256 FROM capture WHERE device_id = ? ORDER BY sequence", device)
    assert stored == [(sha256_of_file(first),), (sha256_of_file(of_original),)]
    assert len(answered(original.listing())) == 2
