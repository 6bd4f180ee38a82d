"""The whole chain, from complete files in the watched folder to result events, against bare decoding and inference.

*Bare* is a process a core that reads the same files, decodes and predicts, with nothing before or behind it: the most
that this machine could do. The two take turns while the stack is up, and the stack at rest costs next to nothing.

The same captures' second way, *from the edge's outbox*, leaves out what the workstation does before it has anything to
send: they gather there while the broker stands still, and what counts is from its return to the last stored prediction.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import psutil

from cloud_service.bench.bare import bare_rate, bare_workers, runtime_in_service
from cloud_service.bench.least_work import least_work
from cloud_service.bench.many_cases import Size, fill
from cloud_service.bench.photographs import draw_fields, take
from cloud_service.bench.progress import tell
from cloud_service.bench.result import BenchResult, Figure, Table
from cloud_service.bench.spread import Spread
from cloud_service.bench.stack import Costs, RunningStack, running_stack, until
from cloud_service.bench.stream import StreamWatcher, watched_stream
from cloud_service.ml.package import load_package
from shared.identifiers import sha256_of_file

SETTLE = timedelta(seconds=0.5)  # the edge's own default: from then on a file counts as complete
BARE, CHAIN, FROM_OUTBOX = "bare decoding and inference", "the whole chain", "from the edge's outbox"
_BURST_SECONDS = 600


@dataclass(frozen=True)
class Round:
    """One burst and the bare run beside it."""

    chain_rate: float  # captures a second
    outbox_rate: float
    bare_rate: float
    chain_milliseconds: dict[str, float]  # CPU time a capture, by program
    outbox_milliseconds: dict[str, float]
    bare_milliseconds: float


def bench_pipeline(
    model: Path, folder: Path, *, rounds: int, captures: int, workers: int = 1, cases: int = 0
) -> BenchResult:
    """Bursts of large captures through a real local stack.

    Args:
        model: folder of the model package that the workers load.
        folder: for photographs, data and logs.
        rounds: that count; one before them warms everything up.
        captures: of 2592x1944, in each round.
        workers: inference workers of the stack.
        cases: of ten images, which its database holds before.

    Raises:
        MeasuredProgramError: the stack did not come up, or a burst did not come through.
    """
    tell(f"Drawing {2 * captures * (rounds + 1)} photographs")
    fields = draw_fields(folder, 2 * captures * (rounds + 1))
    draft = load_package(model).card.preprocess.draft_edge
    if cases:
        _fill(folder / "stack" / "data", cases)
    with ExitStack() as opened:
        bare = opened.enter_context(bare_workers(model, runtime_in_service(model)))
        options = ("--unidentified", "own-case", "--workers", str(workers))
        stack = opened.enter_context(
            running_stack(folder / "stack", *options, environment={"SMEARFLOW_MODEL_DIR": str(model.resolve())})
        )
        stream = opened.enter_context(watched_stream(stack.url, stack.token))
        found = []
        for number in range(rounds + 1):
            tell(f"  burst {number + 1} of {rounds + 1}")
            part, waiting = (fields[first::2][number * captures : (number + 1) * captures] for first in (0, 1))
            bare_speed, bare_cpu = bare_rate(bare, part, draft=draft)
            speed, costs = burst(stack, stream, part)
            outbox_speed, outbox_costs = burst_from_outbox(stack, waiting)
            found.append(Round(speed, outbox_speed, bare_speed, costs, outbox_costs, 1000 * bare_cpu))
    return _result(found[1:], captures, cases, least_work(fields[:20], model, folder))


def _fill(data: Path, cases: int) -> None:
    """Let a stack find a database in its folder."""
    tell(f"Writing {cases:,} cases")
    data.mkdir(parents=True)
    fill(f"sqlite:///{(data / 'smearflow.db').resolve()}", Size(cases=cases)).dispose()


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


def burst_from_outbox(stack: RunningStack, photographs: Sequence[Path]) -> tuple[float, dict[str, float]]:
    """Let captures gather in the outbox while the broker stands still; what counts begins when it goes on.

    Beyond some thousand captures the broker stands still for longer than the agent bears, and it must connect anew.

    Returns:
        captures a second up to the last stored prediction, and milliseconds of CPU time a capture by program.

    Raises:
        MeasuredProgramError: not all were taken, or not all were answered.
    """
    before_them = stack.rows("SELECT max(rowid) FROM prediction")[0][0] or 0  # to count them all would take its time
    taken = len(stack.edge_listing()["captures"]) + len(photographs)
    broker = psutil.Process(stack.row("mosquitto")["pid"])
    broker.suspend()
    try:
        for path in photographs:
            take(path, stack.captures)
        until(lambda: len(stack.edge_listing()["captures"]) >= taken, _BURST_SECONDS, "all are in the outbox")
        before, begin = stack.cpu_seconds(), datetime.now(UTC)
    finally:
        broker.resume()
    new = "SELECT count(*), max(created_at) FROM prediction WHERE rowid > ?"
    until(lambda: stack.rows(new, before_them)[0][0] >= len(photographs), _BURST_SECONDS, "all predictions are stored")
    after = stack.cpu_seconds()
    ((_, last),) = stack.rows(new, before_them)
    seconds = (datetime.fromisoformat(last).replace(tzinfo=UTC) - begin).total_seconds()
    until(
        lambda: not stack.rows("SELECT 1 FROM delivery WHERE acknowledged_at IS NULL"), _BURST_SECONDS, "all are shown"
    )
    return len(photographs) / seconds, _milliseconds(before, after, len(photographs))


def captures_by_digest(stack: RunningStack) -> dict[str, UUID]:
    """The ids that the edge gave to the files, by their SHA-256."""
    return {capture["sha256"]: UUID(capture["capture_id"]) for capture in stack.edge_listing()["captures"]}


def digests_of(photographs: Sequence[Path]) -> list[str]:
    """SHA-256 of each file, in their order."""
    return [sha256_of_file(path) for path in photographs]


def _milliseconds(before: Costs, after: Costs, captures: int) -> dict[str, float]:
    return {name: 1000 * max(0.0, after[name] - before.get(name, 0.0)) / captures for name in after}


def _result(found: Sequence[Round], captures: int, cases: int, least: Table) -> BenchResult:
    rates = {
        BARE: [each.bare_rate for each in found],
        CHAIN: [each.chain_rate for each in found],
        FROM_OUTBOX: [each.outbox_rate for each in found],
    }
    totals = {
        BARE: [each.bare_milliseconds for each in found],
        CHAIN: [sum(each.chain_milliseconds.values()) for each in found],
        FROM_OUTBOX: [sum(each.outbox_milliseconds.values()) for each in found],
    }
    return BenchResult(
        name="pipeline",
        title=f"Bursts of {captures} captures of 2592x1944 through the whole stack"
        + (f", whose database holds {cases:,} cases of ten images before" if cases else ""),
        tables=(
            Table.of("First file (or the broker's return) to last result", "captures/s", rates, baseline=BARE),
            Table.of(
                "CPU time a capture, all programs",
                "ms",
                totals,
                baseline=BARE,
                more_is_better=False,
                notes={way: _times_bare(totals, way) for way in (CHAIN, FROM_OUTBOX)},
            ),
            _by_program("CPU time a capture, by program", [each.chain_milliseconds for each in found]),
            _by_program(
                "CPU time a capture from the edge's outbox, by program", [each.outbox_milliseconds for each in found]
            ),
            least,
        ),
        limit=f"{Spread.of(rates[BARE]).median:.1f} captures/s bare, with every core of this machine at it.",
        notes=("Load generator, broker and database share the cores with the chain.",),
    )


def _times_bare(totals: dict[str, list[float]], way: str) -> str:
    more = Spread.of_ratios(totals[way], totals[BARE])
    return f"{more.median:.2f} [{more.lower:.2f}, {more.upper:.2f}] of bare"


def _by_program(title: str, found: Sequence[dict[str, float]]) -> Table:
    names = sorted({name for each in found for name in each})
    spreads = {name: Spread.of([each.get(name, 0.0) for each in found]) for name in names}
    dearest_first = sorted(spreads.items(), key=lambda entry: -entry[1].median)
    figures = tuple(Figure(name=name, value=value) for name, value in dearest_first)
    return Table(title=title, unit="ms", baseline="", figures=figures)
