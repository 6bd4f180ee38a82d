"""`smearflow demo`: captures through the whole chain, seen from both ends: the device's outbox and the event stream."""

import asyncio
import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from cloud_service.local_stack.edge_view import EdgeFile, edge_files
from cloud_service.local_stack.event_reader import EventReader
from cloud_service.local_stack.expected import ExpectedFile, expected_in, make_captures
from cloud_service.local_stack.people import demo_token
from cloud_service.local_stack.report import DemoReport
from cloud_service.local_stack.stack import LocalStack, StackOptions
from cloud_service.local_stack.up import finishes_before, log_in_of, stop_event
from shared.errors import ConfigurationError
from shared.logs import configure

INTERRUPTED = 130
_LOOK_SECONDS = 1.0
_STUCK_SECONDS = 60.0


def run_demo(*, captures: Path | None, data: Path | None, as_json: bool) -> int:
    """Run the demo; its table, or with `as_json` one JSON object, goes to standard output, progress to standard error.

    Returns:
        The exit code: 0 if every good capture was diagnosed and every bad one refused with a reason, else 1.

    Raises:
        ConfigurationError: `captures` is no folder, or holds no image.
        StackStartError: the stack did not come up.
    """
    configure("demo", level="WARNING")
    console = Console(stderr=True)
    with _folder(data) as folder:
        if captures is None:
            with console.status("Making procedural captures, some of them broken …"):
                expected = make_captures(folder / "captures")
            watched = folder / "captures"
        else:
            if not captures.is_dir():
                raise ConfigurationError(f"{captures} is no folder; name one that holds captures.")
            watched, expected = captures, expected_in(captures)
        report = asyncio.run(_demo(StackOptions(folder, watched, unidentified="own-case"), expected, console))
    if report is None:
        return INTERRUPTED
    if as_json:
        sys.stdout.write(json.dumps(report.as_json(), indent=2) + "\n")
    else:
        report.print(Console())
    return 0 if report.succeeded else 1


async def _demo(options: StackOptions, expected: list[ExpectedFile], console: Console) -> DemoReport | None:
    stopped = stop_event()
    stack = LocalStack(options)
    run = _Run(stack, expected, console)
    try:
        return run.report if await finishes_before(stopped, run.through()) else None
    finally:
        with console.status("Stopping …"):
            await stack.stop()


class _Run:
    """One pass of the expected files through a stack."""

    def __init__(self, stack: LocalStack, expected: list[ExpectedFile], console: Console) -> None:
        self._stack, self._expected, self._console = stack, expected, console
        self.report = DemoReport([], {})

    async def through(self) -> None:
        """Start the stack, wait until every expected file has an answer or nothing moves any more, and report."""
        with self._console.status("Starting broker, Redis, ingest, workers, beat, API and edge agent …"):
            await self._stack.start()
        told = f"Page {self._stack.url}, log-in {log_in_of(self._stack)}"
        self._console.print(told, markup=False, highlight=False, soft_wrap=True)
        with demo_token(self._stack.engine) as token:
            async with EventReader(self._stack.url, token) as events:
                files = await self._until_answered()
                await events.caught_up({file.capture_id for file in files.values() if file.is_diagnosed})
        self.report = DemoReport([(file, files.get(file.path)) for file in self._expected], events.seen_at)
        if not self.report.succeeded:
            for complaint in self._stack.complaints():
                self._console.print(complaint, markup=False)

    async def _until_answered(self) -> dict[Path, EdgeFile]:
        loop = asyncio.get_running_loop()
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=self._console) as progress:
            bar = progress.add_task("Captures answered", total=len(self._expected))
            done, moved_at = -1, loop.time()
            while True:
                files = await edge_files(self._stack.edge_config)
                answered = sum(1 for file in self._expected if (f := files.get(file.path)) and f.is_answered)
                progress.update(bar, completed=answered)
                if answered != done:
                    done, moved_at = answered, loop.time()
                if done == len(self._expected) or loop.time() - moved_at > _STUCK_SECONDS:
                    return files
                await asyncio.sleep(_LOOK_SECONDS)


@contextmanager
def _folder(data: Path | None) -> Iterator[Path]:
    if data is not None:
        data.mkdir(parents=True, exist_ok=True)
        yield data.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="smearflow-demo-") as folder:
        yield Path(folder)
