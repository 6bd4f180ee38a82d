"""How long tests wait for what other processes and threads bring about."""

import time
from collections.abc import Callable

PATIENCE = 60.0
"""Seconds. What is awaited comes, however busy the machine is; less would be a wish about its speed."""

_LOOK_SECONDS = 0.01


def wait_until(condition: Callable[[], bool], seconds: float = PATIENCE) -> None:
    """Return when `condition` holds; fail the test where it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(_LOOK_SECONDS)
