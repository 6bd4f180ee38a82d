"""Run as a program: puts a capture into an outbox again and again, each time killed one line of code later.

    python -m tests.support.outbox_kills FOLDER

makes FOLDER/1, FOLDER/2, ...: the state of an outbox whose process was killed (SIGKILL) before the first, second, ...
line of the outbox's code that a `put` runs. Ends after the first `put` that ran to its end; prints how many there are.
"""

import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any

from edge_agent.outbox import database, outbox, spool
from tests.support.edge import a_capture

TRACED = {module.__file__ for module in (outbox, database, spool)}
BEFORE, PAYLOAD = b"was there before", b"payload " * 1000


def kill_at_line(number: int) -> Any:
    """A trace function that kills this process before the `number`th line of the outbox's code."""
    left = number

    def trace(frame: FrameType, event: str, _argument: Any) -> Any:
        nonlocal left
        if frame.f_code.co_filename not in TRACED:
            return None
        if event == "line":
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return trace

    return trace


def main(folder: Path) -> None:
    number = 0
    status = -1
    while status != 0:
        number += 1
        child = os.fork()
        if child == 0:
            store = outbox.Outbox(folder / str(number))
            store.put(a_capture(BEFORE))
            sys.settrace(kill_at_line(number))
            store.put(a_capture(PAYLOAD))
            sys.settrace(None)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if status not in (0, signal.SIGKILL):
            raise SystemExit(f"the child ended with status {status}, neither killed nor done")
    print(number)  # noqa: T201 - the answer of this program


if __name__ == "__main__":
    main(Path(sys.argv[1]))
