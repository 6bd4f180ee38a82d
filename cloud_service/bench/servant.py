"""A measured program in a process of its own, asked by lines of JSON.

A process of its own, since the allocator's setting and a library's threads hold for a whole process.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, NoReturn, Self

from cloud_service.bench.progress import tell
from shared.errors import PermanentError

Json = dict[str, Any]


class ServantError(PermanentError):
    """A measured program ended or never began; the text holds the last that it said."""


class Servant:
    """A program that runs as `python -m module words…`, for the length of a `with` block.

    Its first line is {"ready": true}; then it answers each line with one line. What it writes to standard error is
    kept for the message of an error.

    Args:
        module: its Python module.
        words: more for its command line.
        environment: its whole environment; this process's own where None.
    """

    def __init__(self, module: str, *words: str, environment: Mapping[str, str] | None = None) -> None:
        self._name = " ".join((module, *words))
        self._command = [sys.executable, "-m", module, *words]
        self._environment = dict(environment) if environment is not None else None
        self.start_seconds = 0.0
        """From the start of the process until it was ready."""

    def __enter__(self) -> Self:
        tell(f"  starting {self._name}")
        begin = time.perf_counter()
        self._process = subprocess.Popen(  # noqa: S603 - the project's own programs
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self._environment,
        )
        try:
            self.read()
        except BaseException:
            self._end()
            raise
        self.start_seconds = time.perf_counter() - begin
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def ask(self, question: Json) -> Json:
        """One question and its answer.

        Raises:
            ServantError: the program has ended.
        """
        self.write(question)
        return self.read()

    def write(self, question: Json) -> None:
        """Ask, and do not wait; raises as `ask`."""
        pipe = self._process.stdin
        if pipe is not None:
            try:
                pipe.write(json.dumps(question) + "\n")
                pipe.flush()
            except BrokenPipeError:
                self._complain()

    def read(self) -> Json:
        """The answer to the oldest open question; raises as `ask`."""
        line = self._process.stdout.readline() if self._process.stdout is not None else ""
        if not line:
            self._complain()
        answer: Json = json.loads(line)
        return answer

    def _complain(self) -> NoReturn:
        self._process.kill()
        said = self._process.communicate()[1].strip().splitlines()
        raise ServantError(f"{self._name} ended: {said[-1] if said else 'it said nothing'}.")

    def _end(self) -> None:
        """End it as one whose work is done: its input is closed, and it is killed where it does not see that."""
        if self._process.returncode is None:
            try:
                self._process.communicate(timeout=10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.communicate()


def ask_all(servants: Sequence[Servant], questions: Sequence[Json]) -> list[Json]:
    """Ask each its own question at the same time, and wait for all answers, in their order."""
    for servant, question in zip(servants, questions, strict=True):
        servant.write(question)
    return [servant.read() for servant in servants]


def serve(answer: Callable[[Json], Json]) -> None:
    """The servant's own side: be ready, then answer each line, until the input ends."""
    _say({"ready": True})
    for line in sys.stdin:
        _say(answer(json.loads(line)))


def _say(line: Json) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()
