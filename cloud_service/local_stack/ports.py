"""Loopback ports of the local stack: the same at every start where they are free, so nothing has to be told anew."""

import json
import socket
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path

LOOPBACK = "127.0.0.1"


def choose_ports(names: Iterable[str], remembered: Path, fixed: dict[str, int] | None = None) -> dict[str, int]:
    """A free port for each name: the fixed one, else the one of last time, else any.

    All are held open while choosing, so that no two names get the same. What was chosen is written to `remembered`.

    Raises:
        OSError: a fixed port is taken.
    """
    former = json.loads(remembered.read_text()) if remembered.exists() else {}
    chosen: dict[str, int] = {}
    with ExitStack() as held:
        for name in names:
            if fixed and name in fixed:
                chosen[name] = _hold(held, fixed[name])
                continue
            try:
                chosen[name] = _hold(held, former.get(name, 0))
            except OSError:
                chosen[name] = _hold(held, 0)
    remembered.write_text(json.dumps(chosen) + "\n")
    return chosen


def _hold(held: ExitStack, port: int) -> int:
    listener = held.enter_context(socket.socket())
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((LOOPBACK, port))
    number: int = listener.getsockname()[1]
    return number
