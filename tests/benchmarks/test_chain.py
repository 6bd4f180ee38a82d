"""The whole chain, from a complete file in the watched folder to the result event at a browser.

The baseline of each figure is *bare analysis* in the same run: one process that reads the same files, decodes and
predicts them, one after another, with nothing before or behind it.
"""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median, quantiles
from uuid import UUID

import pytest

from cloud_service.config import Settings
from cloud_service.ml.package import load_package
from cloud_service.ml.runtimes.loading import load_runtime
from shared.identifiers import sha256_of_file
from shared.imaging.preprocess import preprocess
from tests.support.cpu import cpu_seconds, milliseconds_a_capture
from tests.support.photographs import draw_fields, take
from tests.support.stack import RunningStack, running_stack, until
from tests.support.stream import StreamWatcher, watched_stream

pytestmark = pytest.mark.benchmark

RATE = 5.0  # captures a second
STEADY, BURST = 75, 200
SETTLE = timedelta(seconds=0.5)  # the edge's own default: from then on a file counts as complete


@pytest.fixture(scope="module")
def fields(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return draw_fields(tmp_path_factory.mktemp("fields"), BURST)


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[RunningStack]:
    with running_stack(tmp_path, "--unidentified", "own-case") as running:
        yield running


@pytest.fixture
def stream(stack: RunningStack) -> Iterator[StreamWatcher]:
    with watched_stream(stack.url, stack.token) as watcher:
        yield watcher


def bare_seconds(paths: list[Path]) -> list[float]:
    """Seconds that one process needs for each file, without any chain around it."""
    package = load_package(Settings().model_dir)
    runtime = load_runtime(package, "onnxruntime", threads=2)
    taken = []
    for path in paths:
        begin = time.perf_counter()
        runtime.predict(preprocess(path, package.card.preprocess)[None])
        taken.append(time.perf_counter() - begin)
    return taken


def captures_by_digest(stack: RunningStack) -> dict[str, UUID]:
    return {capture["sha256"]: UUID(capture["capture_id"]) for capture in stack.edge_listing()["captures"]}


def test_latency_at_a_steady_rate(fields: list[Path], stack: RunningStack, stream: StreamWatcher) -> None:
    photographs = fields[:STEADY]
    complete_at: dict[str, datetime] = {}
    start = time.monotonic()
    for number, path in enumerate(photographs):
        digest = sha256_of_file(path)
        time.sleep(max(0.0, start + number / RATE - time.monotonic()))
        take(path, stack.captures)
        complete_at[digest] = datetime.now(UTC) + SETTLE
    until(lambda: len(stream.seen_at) == STEADY, 120, "all results have reached the stream")

    ids = captures_by_digest(stack)
    taken = [(stream.seen_at[ids[digest]] - at).total_seconds() for digest, at in complete_at.items()]
    bare = bare_seconds(photographs)
    cuts = quantiles(taken, n=100, method="inclusive")
    print(
        f"\n{STEADY} captures of 2592x1944 at {RATE:g}/s, complete file to result event:"
        f"\n  chain  p50 {cuts[49] * 1000:.0f} ms   p95 {cuts[94] * 1000:.0f} ms   max {max(taken) * 1000:.0f} ms"
        f"\n  bare   p50 {median(bare) * 1000:.0f} ms"
        f"\n  ratio  chain / bare p50: {cuts[49] / median(bare):.1f} at p50, {cuts[94] / median(bare):.1f} at p95",
    )


def test_a_burst(fields: list[Path], stack: RunningStack, stream: StreamWatcher) -> None:
    before = cpu_seconds(stack)
    begin = datetime.now(UTC)
    for path in fields:
        take(path, stack.captures)
    until(lambda: len(stream.seen_at) == BURST, 300, "all results have reached the stream")
    after = cpu_seconds(stack)
    seconds = (max(stream.seen_at.values()) - begin - SETTLE).total_seconds()
    bare = sum(bare_seconds(fields))
    print(
        f"\nburst of {BURST} captures of 2592x1944, first file written to last result event:"
        f"\n  chain  {BURST / seconds:.1f} captures/s"
        f"\n  cost   {milliseconds_a_capture(before, after, BURST)}"
        f"\n  bare   {BURST / bare:.1f} captures/s (one process, decoding and inference alone)"
        f"\n  ratio  chain / bare = {bare / seconds:.2f}",
    )
