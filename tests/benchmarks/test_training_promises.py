"""How soon a training's progress is in the database, and how soon it ends once it is cancelled.

The baseline of a cancellation is to kill a process that waits likewise, and to see it gone. Promised are two and five
seconds.
"""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest

from tests.support.training_jobs import TrainingCloud, cancel, children, running
from tests.support.waiting import wait_until

pytestmark = pytest.mark.benchmark

ROUNDS = 10
PROGRESS_SECONDS, CANCEL_SECONDS = 2.0, 5.0


@pytest.fixture
def cloud(tmp_path: Path, database_url: str) -> Iterator[TrainingCloud]:
    made = TrainingCloud(tmp_path, database_url)
    yield made
    made.close()


def seconds_to_kill() -> float:
    waiting = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    start = time.perf_counter()
    waiting.kill()
    waiting.wait()
    return time.perf_counter() - start


def seconds_of_one(cloud: TrainingCloud) -> tuple[float, float]:
    """From the beginning of a job's second epoch to the page's row, and from its cancellation to its end."""
    there = cloud.control / "at-epoch-2"
    there.unlink(missing_ok=True)
    job_id = cloud.add()
    wait_until(lambda: (found := cloud.job(job_id).progress) is not None and found.epoch == 2)
    wait_until(there.exists)
    told = max(0.0, time.time() - there.stat().st_mtime)
    start = time.perf_counter()
    cancel(cloud, job_id)
    wait_until(lambda: cloud.is_over(job_id))
    assert children() == []
    return told, time.perf_counter() - start


def test_progress_and_cancellation(cloud: TrainingCloud) -> None:
    cloud.set("hold", "epoch-2")
    with running(cloud.process()):
        seconds_of_one(cloud)  # does not count: what it reads comes from the disk
        found = [(*seconds_of_one(cloud), seconds_to_kill()) for _ in range(ROUNDS)]
    told, cancelled, killed = (sorted(values) for values in zip(*found, strict=True))
    print(
        f"\n{cloud.engine.dialect.name}, {ROUNDS} jobs: an epoch's beginning is in the database after "
        f"{1000 * median(told):.0f} ms, at most {1000 * told[-1]:.0f}; a cancelled job is over after "
        f"{1000 * median(cancelled):.0f} ms, at most {1000 * cancelled[-1]:.0f}; a process that is merely killed is "
        f"gone after {1000 * median(killed):.1f} ms: {median(cancelled) / median(killed):.0f} times that"
    )
    assert told[-1] < PROGRESS_SECONDS
    assert cancelled[-1] < CANCEL_SECONDS
