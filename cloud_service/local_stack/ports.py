"""Loopback ports of the local stack: the same at every start where they are free, so nothing has to be told anew."""

import json
import secrets
import socket
from collections.abc import Iterable
from contextlib import ExitStack, suppress
from pathlib import Path

LOOPBACK = "127.0.0.1"
_OFFERED = range(20_000, 32_768)
"""Below those that Linux gives to outgoing connections (ip(7), ip_local_port_range). While a server is away, a client
that knocks could be given the server's very port, be connected with itself, and keep the server from coming back."""
_TRIES = 100


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
                chosen[name] = _hold(held, former[name])
            except (KeyError, OSError):
                chosen[name] = _hold_any(held)
    remembered.write_text(json.dumps(chosen) + "\n")
    return chosen


def free_port() -> int:
    """A port that nobody listens on now, and that no outgoing connection will be given.

    Raises:
        OSError: none was found.
    """
    with ExitStack() as held:
        return _hold_any(held)


def _hold_any(held: ExitStack) -> int:
    for _ in range(_TRIES):
        with suppress(OSError):
            return _hold(held, secrets.choice(_OFFERED))
    raise OSError(f"No free port was found among {_OFFERED.start} to {_OFFERED.stop - 1} in {_TRIES} tries.")


def _hold(held: ExitStack, port: int) -> int:
    """Listen, and not only bind: two that merely bind may have the same port."""
    listener = held.enter_context(socket.socket())
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((LOOPBACK, port))
    listener.listen()
    number: int = listener.getsockname()[1]
    return number
