"""An hour without broker, Redis and ingest while captures are taken, and how fast they arrive afterwards.

The baseline is *nothing stopped*, in the same run: as many captures, taken in the same way, through the same stack.
The hour itself is not waited for: what counts is that everything taken meanwhile waits in the outbox, and that the
agent has tried to connect for long enough to be at its longest back-off.
"""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.identifiers import sha256_of_file
from tests.support.photographs import draw_many_crops, take
from tests.support.processes import go_on, pause
from tests.support.stack import RunningStack, answered, running_stack, until

pytestmark = pytest.mark.benchmark

CAPTURES = 1000
AWAY = ("mosquitto", "redis", "ingest")
LONG_AWAY_SECONDS = 60


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[RunningStack]:
    with running_stack(tmp_path / "stack") as running:
        yield running


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return draw_many_crops(tmp_path_factory.mktemp("photographs"), 2 * CAPTURES)


def take_all(photographs: list[Path], folder: Path) -> None:
    for number, path in enumerate(photographs):
        take(path, folder, f"H26-{number // 10:05}")


def await_answers(stack: RunningStack, count: int) -> None:
    until(lambda: stack.rows("SELECT count(*) FROM prediction")[0][0] == count, 600, f"{count} captures are analysed")
    until(lambda: len(answered(stack.edge_listing())) == count, 300, f"{count} captures are answered at the device")


def test_an_outage_while_captures_are_taken(stack: RunningStack, photographs: list[Path]) -> None:
    usual, during = photographs[:CAPTURES], photographs[CAPTURES:]
    begin = time.monotonic()
    take_all(usual, stack.captures)
    await_answers(stack, CAPTURES)
    baseline = time.monotonic() - begin

    away = [process for name in AWAY for process in stack.family(name)]
    pause(*away)
    gone = time.monotonic()
    take_all(during, stack.captures)
    until(lambda: len(stack.edge_listing()["captures"]) == 2 * CAPTURES, 300, "all captures are in the outbox")
    threading.Event().wait(max(0.0, gone + LONG_AWAY_SECONDS - time.monotonic()))
    assert stack.rows("SELECT count(*) FROM prediction") == [(CAPTURES,)]
    go_on(*away)
    back = time.monotonic()
    await_answers(stack, 2 * CAPTURES)
    healed = time.monotonic() - back

    assert stack.counts() == {"analysed": 2 * CAPTURES}
    assert set(Counter(stack.rows("SELECT capture_id FROM prediction")).values()) == {1}
    stored = Counter(sha256 for (sha256,) in stack.rows("SELECT sha256 FROM capture"))
    originals = Counter(sha256 for (sha256,) in stack.rows("SELECT original_sha256 FROM capture"))
    assert originals == Counter(map(sha256_of_file, photographs))
    assert set(stored.values()) == {1}
    print(
        f"\n{CAPTURES} captures of 257x257 taken while {', '.join(AWAY)} stand still for {back - gone:.0f} s:"
        f"\n  from their return to the last answer at the device  {healed:.1f} s   {CAPTURES / healed:.1f} captures/s"
        f"\n  nothing stopped, first file to last answer  {baseline:.1f} s   {CAPTURES / baseline:.1f} captures/s"
        f"\n  ratio  after the outage / nothing stopped = {healed / baseline:.2f} of the seconds",
    )
