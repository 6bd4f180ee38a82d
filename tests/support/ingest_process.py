"""An ingest process of a test's own; told so, it kills itself with SIGKILL at one step between message and receipt.

    python -m tests.support.ingest_process [STEP]

The step's function is wrapped here, so the program itself knows nothing of it. Settings come from the environment.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

from cloud_service.blob_store.local import LocalBlobStore
from cloud_service.config import Settings
from cloud_service.ingest import processor, service
from cloud_service.ingest.connection import Arrived, Connection
from cloud_service.ingest.processor import Processor
from shared.logs import configure


class Step(StrEnum):
    """Where the process dies; each the first time that it comes by with a capture's part."""

    RECEIVED = "received"  # nothing was done yet
    STAGED = "staged"  # bytes in the staging area, rows not committed
    PARTS_COMMITTED = "parts_committed"
    DECODED = "decoded"  # nothing kept yet
    BLOB_KEPT = "blob_kept"  # rows not committed
    STORED_COMMITTED = "stored_committed"  # staged parts still there
    PROCESSED = "processed"  # nothing acknowledged
    ACKNOWLEDGED = "acknowledged"  # no receipt yet


STAGING_STEPS = frozenset({Step.STAGED, Step.PARTS_COMMITTED})
"""Only captures that come in several batches get there; at the other steps they come whole, in one."""


def die(*_args: Any, **_kwargs: Any) -> None:
    """As a power cut would: no handler, no flush."""
    os.kill(os.getpid(), signal.SIGKILL)


def around(owner: Any, name: str, *, before: bool = False, when: Callable[..., bool] = lambda *_: True) -> None:
    """Make `owner.name` die before or after its work."""
    real = getattr(owner, name)

    def deadly(*args: Any, **kwargs: Any) -> Any:
        if before and when(*args):
            die()
        result = real(*args, **kwargs)
        if when(*args):
            die()
        return result

    setattr(owner, name, deadly)


def has_part(_self: Processor, messages: Any) -> bool:
    """Whether a batch carries a part."""
    return any("/part/" in message.topic for message in messages)


def arm(step: Step) -> None:
    """Wrap the step's function."""
    match step:
        case Step.RECEIVED:
            around(Processor, "process", before=True, when=has_part)
        case Step.STAGED:
            around(LocalBlobStore, "stage")
        case Step.PARTS_COMMITTED:
            around(processor, "assemble", before=True)
        case Step.DECODED:
            around(LocalBlobStore, "put", before=True)
        case Step.BLOB_KEPT:
            around(LocalBlobStore, "put")
        case Step.STORED_COMMITTED:
            around(LocalBlobStore, "discard", before=True)
        case Step.PROCESSED:
            around(Processor, "process", when=has_part)
        case Step.ACKNOWLEDGED:
            around(Arrived, "acknowledge", when=lambda one: "/part/" in one.message.topic)
            around(Connection, "publish", before=True, when=lambda _self, message: "/receipt/" in message.topic)


def start(environment: Mapping[str, str], log: Path, step: Step | None = None) -> subprocess.Popen[bytes]:
    """Start an ingest process; its log goes to a file."""
    with log.open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "tests.support.ingest_process", *([step] if step else [])],
            env={**os.environ, **environment},
            stderr=output,
        )


def main() -> None:
    """Run the real service, armed or not."""
    configure("ingest")
    if len(sys.argv) > 1:
        arm(Step(sys.argv[1]))
    service.run(Settings())


if __name__ == "__main__":
    main()
