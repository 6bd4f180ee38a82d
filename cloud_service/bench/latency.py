"""How long a capture takes through the whole stack at a steady rate, against analysing it bare."""

import time
from datetime import UTC, datetime
from pathlib import Path
from statistics import quantiles

from cloud_service.bench.photographs import draw_fields, take
from cloud_service.bench.pipeline import SETTLE, captures_by_digest, digests_of
from cloud_service.bench.progress import tell
from cloud_service.bench.result import BenchResult, Figure, Table
from cloud_service.bench.spread import Spread
from cloud_service.bench.stack import RunningStack, running_stack, until
from cloud_service.bench.stream import StreamWatcher, watched_stream
from cloud_service.ml.package import load_package
from cloud_service.ml.runtimes.loading import load_runtime
from shared.imaging.preprocess import preprocess

BARE, CHAIN = "bare decoding and inference", "complete file to result event"
_PATIENCE_SECONDS = 120
_PERCENT = 100


def bench_latency(model: Path, folder: Path, *, captures: int, rate: float) -> BenchResult:
    """Milliseconds from a complete file to its result event at a browser, while captures come at a steady rate.

    Args:
        model: folder of the model package.
        folder: for photographs, data and logs.
        captures: of 2592x1944.
        rate: captures a second.

    Raises:
        MeasuredProgramError: the stack did not come up, or results did not come.
    """
    fields = draw_fields(folder, captures)
    environment = {"SMEARFLOW_MODEL_DIR": str(model.resolve())}
    tell(f"Captures at {rate:g}/s, {captures / rate:.0f} s")
    with (
        running_stack(folder / "stack", "--unidentified", "own-case", environment=environment) as stack,
        watched_stream(stack.url, stack.token) as stream,
    ):
        taken = milliseconds_at_a_rate(stack, stream, fields, rate)
    bare = _bare_milliseconds(fields, model)
    figures = (
        Figure(name=BARE, value=Spread.of(bare)),
        Figure(name=CHAIN, value=Spread.of(taken), note=f"p95 {percentile(taken, 95):.0f}, most {max(taken):.0f}"),
    )
    title = f"Latency, {captures} captures of 2592x1944 at {rate:g}/s"
    return BenchResult(
        name="latency",
        title=title,
        tables=(Table(title="Median and quartiles over the captures", unit="ms", baseline="", figures=figures),),
        notes=(f"chain / bare at p50: {Spread.of(taken).median / Spread.of(bare).median:.1f}",),
    )


def milliseconds_at_a_rate(
    stack: RunningStack, stream: StreamWatcher, photographs: list[Path], rate: float
) -> list[float]:
    """From each complete file to its result event, in the order in which they were taken."""
    complete_at: list[datetime] = []
    start = time.monotonic()
    for number, path in enumerate(photographs):
        time.sleep(max(0.0, start + number / rate - time.monotonic()))
        take(path, stack.captures)
        complete_at.append(datetime.now(UTC) + SETTLE)
    until(lambda: len(stream.seen_at) >= len(photographs), _PATIENCE_SECONDS, "all results have reached the stream")
    ids = captures_by_digest(stack)
    seen = [stream.seen_at[ids[digest]] for digest in digests_of(photographs)]
    return [1000 * (at - complete).total_seconds() for at, complete in zip(seen, complete_at, strict=True)]


def percentile(values: list[float], percent: int) -> float:
    """The value that `percent` of the values (at least two) do not exceed."""
    return quantiles(values, n=_PERCENT, method="inclusive")[percent - 1]


def _bare_milliseconds(paths: list[Path], model: Path) -> list[float]:
    package = load_package(model)
    runtime = load_runtime(package, threads=2)
    taken = []
    for path in paths:
        begin = time.perf_counter()
        runtime.predict(preprocess(path, package.card.preprocess)[None])
        taken.append(1000 * (time.perf_counter() - begin))
    return taken
