"""The whole chain, from complete files in the watched folder to result events, against bare decoding and inference.

*Bare* is a process a core that reads the same files, decodes and predicts, with nothing before or behind it: the most
that this machine could do. The two take turns while the stack is up, and the stack at rest costs next to nothing.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from cloud_service.bench.bare import bare_rate, bare_workers, runtime_in_service
from cloud_service.bench.least_work import least_work
from cloud_service.bench.photographs import draw_fields, take
from cloud_service.bench.progress import tell
from cloud_service.bench.result import BenchResult, Figure, Table
from cloud_service.bench.spread import Spread
from cloud_service.bench.stack import Costs, RunningStack, running_stack, until
from cloud_service.bench.stream import StreamWatcher, watched_stream
from cloud_service.ml.package import load_package
from shared.identifiers import sha256_of_file

SETTLE = timedelta(seconds=0.5)  # the edge's own default: from then on a file counts as complete
BARE, CHAIN = "bare decoding and inference", "the whole chain"
_BURST_SECONDS = 600


@dataclass(frozen=True)
class Round:
    """One burst and the bare run beside it."""

    chain_rate: float  # captures a second
    bare_rate: float
    chain_milliseconds: dict[str, float]  # CPU time a capture, by program
    bare_milliseconds: float


def bench_pipeline(model: Path, folder: Path, *, rounds: int, captures: int, workers: int = 1) -> BenchResult:
    """Bursts of large captures through a real local stack.

    Args:
        model: folder of the model package that the workers load.
        folder: for photographs, data and logs.
        rounds: that count; one before them warms everything up.
        captures: of 2592x1944, in each round.
        workers: inference workers of the stack.

    Raises:
        MeasuredProgramError: the stack did not come up, or a burst did not come through.
    """
    tell(f"Drawing {captures * (rounds + 1)} photographs")
    fields = draw_fields(folder, captures * (rounds + 1))
    draft = load_package(model).card.preprocess.draft_edge
    with ExitStack() as opened:
        bare = opened.enter_context(bare_workers(model, runtime_in_service(model)))
        options = ("--unidentified", "own-case", "--workers", str(workers))
        stack = opened.enter_context(
            running_stack(folder / "stack", *options, environment={"SMEARFLOW_MODEL_DIR": str(model.resolve())})
        )
        stream = opened.enter_context(watched_stream(stack.url, stack.token))
        found = []
        for first in range(0, len(fields), captures):
            tell(f"  burst {first // captures + 1} of {rounds + 1}")
            part = fields[first : first + captures]
            bare_speed, bare_cpu = bare_rate(bare, part, draft=draft)
            speed, costs = burst(stack, stream, part)
            found.append(Round(speed, bare_speed, costs, 1000 * bare_cpu))
    return _result(found[1:], captures, least_work(fields[:20], model, folder))


def burst(stack: RunningStack, stream: StreamWatcher, photographs: Sequence[Path]) -> tuple[float, dict[str, float]]:
    """Give a stack photographs all at once; captures a second from the first file to the last result event, and costs.

    Returns:
        the rate, and milliseconds of CPU time a capture by program.

    Raises:
        MeasuredProgramError: not all results came.
    """
    seen_before = set(stream.seen_at)
    before, begin = stack.cpu_seconds(), datetime.now(UTC)
    for path in photographs:
        take(path, stack.captures)
    wanted = len(seen_before) + len(photographs)
    until(lambda: len(stream.seen_at) >= wanted, _BURST_SECONDS, "all results have reached the stream")
    after = stack.cpu_seconds()
    last = max(at for capture, at in stream.seen_at.items() if capture not in seen_before)
    seconds = (last - begin - SETTLE).total_seconds()
    return len(photographs) / seconds, _milliseconds(before, after, len(photographs))


def captures_by_digest(stack: RunningStack) -> dict[str, UUID]:
    """The ids that the edge gave to the files, by their SHA-256."""
    return {capture["sha256"]: UUID(capture["capture_id"]) for capture in stack.edge_listing()["captures"]}


def digests_of(photographs: Sequence[Path]) -> list[str]:
    """SHA-256 of each file, in their order."""
    return [sha256_of_file(path) for path in photographs]


def _milliseconds(before: Costs, after: Costs, captures: int) -> dict[str, float]:
    return {name: 1000 * max(0.0, after[name] - before.get(name, 0.0)) / captures for name in after}


def _result(found: Sequence[Round], captures: int, least: Table) -> BenchResult:
    rates = {BARE: [each.bare_rate for each in found], CHAIN: [each.chain_rate for each in found]}
    totals = {
        BARE: [each.bare_milliseconds for each in found],
        CHAIN: [sum(each.chain_milliseconds.values()) for each in found],
    }
    more = Spread.of_ratios(totals[CHAIN], totals[BARE])
    return BenchResult(
        name="pipeline",
        title=f"Bursts of {captures} captures of 2592x1944 through the whole stack",
        tables=(
            Table.of("First file written to last result event", "captures/s", rates, baseline=BARE),
            Table.of(
                "CPU time a capture, all programs",
                "ms",
                totals,
                baseline=BARE,
                more_is_better=False,
                notes={CHAIN: f"chain / bare {more.median:.2f} [{more.lower:.2f}, {more.upper:.2f}]"},
            ),
            _by_program(found),
            least,
        ),
        limit=f"{Spread.of(rates[BARE]).median:.1f} captures/s bare, with every core of this machine at it.",
        notes=("Load generator, broker and database share the cores with the chain.",),
    )


def _by_program(found: Sequence[Round]) -> Table:
    names = sorted({name for each in found for name in each.chain_milliseconds})
    spreads = {name: Spread.of([each.chain_milliseconds.get(name, 0.0) for each in found]) for name in names}
    dearest_first = sorted(spreads.items(), key=lambda entry: -entry[1].median)
    figures = tuple(Figure(name=name, value=value) for name, value in dearest_first)
    return Table(title="CPU time a capture, by program", unit="ms", baseline="", figures=figures)
