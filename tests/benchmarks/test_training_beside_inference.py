"""What clinicians notice of a training on the same machine: the chain's latency with one, beside that without.

The two are measured in the same run of the whole stack, before, during and after a training of the `modern` recipe, by
captures at a steady rate: from a complete file in the watched folder to the result event at a browser.
"""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import quantiles
from typing import Any
from uuid import UUID

import pytest

from cloud_service.bench.stream import StreamWatcher, watched_stream
from cloud_service.blob_store import open_blob_store
from cloud_service.config import Settings
from cloud_service.database import make_engine, transaction
from shared.identifiers import sha256_of_file
from tests.support.photographs import draw_fields, take
from tests.support.recipes import add_images, labelled
from tests.support.stack import RunningStack, running_stack, until

pytestmark = pytest.mark.benchmark

RATE, CAPTURES = 2.0, 40  # a second; in each of the three parts
SETTLE = timedelta(seconds=0.5)  # from then on the edge takes a file for complete
TRAINED_ON = 200
MOST = 2.0


@pytest.fixture(scope="module")
def fields(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return draw_fields(tmp_path_factory.mktemp("fields"), 3 * CAPTURES)


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[RunningStack]:
    as_installed = {"SMEARFLOW_TRAINING_COMES_LAST": "true"}  # unlike other tests, see tests/conftest.py
    with running_stack(tmp_path, "--unidentified", "own-case", environment=as_installed) as running:
        yield running


@pytest.fixture
def stream(stack: RunningStack) -> Iterator[StreamWatcher]:
    with watched_stream(stack.url, stack.token) as watcher:
        yield watcher


def seconds_taken(fields: list[Path], stack: RunningStack, stream: StreamWatcher) -> list[float]:
    """From each complete file to its result."""
    complete_at: dict[str, datetime] = {}
    start, before = time.monotonic(), len(stream.seen_at)
    for number, path in enumerate(fields):
        digest = sha256_of_file(path)
        time.sleep(max(0.0, start + number / RATE - time.monotonic()))
        take(path, stack.captures)
        complete_at[digest] = datetime.now(UTC) + SETTLE
    until(lambda: len(stream.seen_at) == before + len(fields), 300, "all results have reached the stream")
    ids = {capture["sha256"]: UUID(capture["capture_id"]) for capture in stack.edge_listing()["captures"]}
    return [(stream.seen_at[ids[digest]] - at).total_seconds() for digest, at in complete_at.items()]


def begin_training(stack: RunningStack) -> str:
    """Start a training that does not end by itself in time; return its job's id once it trains."""
    settings = Settings(_env_file=stack.data / "secrets" / "cloud.env")
    engine, blobs = make_engine(settings.database_url), open_blob_store(settings)
    with transaction(engine) as session:
        dataset = add_images(session, blobs, labelled(TRAINED_ON), name="spots")
    engine.dispose()
    with stack.api() as client:
        [preset, *_] = client.get("/api/v1/training/recipes/defaults").json()
        settings_of = preset["settings"] | {"allow_leaks": True, "datasets": [str(dataset.id)]}
        settings_of["training"] |= {"epochs": 10_000}
        recipe = client.post("/api/v1/training/recipes", json={"name": "spots", "document": settings_of}).json()
        job_id = str(client.post("/api/v1/training/jobs", json={"recipe_id": recipe["id"]}).json()["id"])
    until(lambda: bool(job(stack, job_id)["epochs"]), 300, "the first epoch is over")
    return job_id


def job(stack: RunningStack, job_id: str) -> Any:
    with stack.api() as client:
        return client.get(f"/api/v1/training/jobs/{job_id}").json()


def percentile(taken: list[float], number: int) -> float:
    return quantiles(taken, n=100, method="inclusive")[number - 1]


def test_a_training_at_most_doubles_the_latency(fields: list[Path], stack: RunningStack, stream: StreamWatcher) -> None:
    warm_up, fields = fields[:5], fields[5:]
    seconds_taken(warm_up, stack, stream)
    part = len(fields) // 3
    without = seconds_taken(fields[:part], stack, stream)
    job_id = begin_training(stack)
    beside = seconds_taken(fields[part : 2 * part], stack, stream)
    trained = job(stack, job_id)
    with stack.api() as client:
        client.post(f"/api/v1/training/jobs/{job_id}/cancel")
    until(lambda: job(stack, job_id)["state"] == "cancelled", 10, "the training is cancelled")
    without += seconds_taken(fields[2 * part :], stack, stream)

    assert trained["state"] == "running", trained
    ratio = percentile(beside, 95) / percentile(without, 95)
    speed = trained["progress"]["images_per_second"] or trained["epochs"][-1]["images_per_second"]
    print(f"\ncaptures of 2592x1944 at {RATE:g}/s, complete file to result event, {part} beside a training:")
    for name, taken in (("without", without), ("beside", beside)):
        print(
            f"  {name:8} p50 {percentile(taken, 50) * 1000:.0f} ms   p95 {percentile(taken, 95) * 1000:.0f} ms   "
            f"max {max(taken) * 1000:.0f} ms"
        )
    print(f"  the training made {len(trained['epochs'])} epochs, {speed:.0f} images/s at the end")
    print(f"  ratio    beside / without at p95 = {ratio:.2f}")
    assert ratio <= MOST
