"""Calls of the project's own commands from within the local stack."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE
from collections.abc import Mapping, Sequence
from pathlib import Path

from shared.errors import PermanentError


class CommandError(PermanentError):
    """A command of the project's own failed; the text says which, and what it complained of."""


def script(name: str) -> str:
    """The path of one of this installation's console scripts."""
    return str(Path(sys.executable).with_name(name))


async def output_of(argv: Sequence[str], environment: Mapping[str, str] | None = None, given: bytes = b"") -> bytes:
    """Run a command with `given` on its standard input, and return its standard output.

    Raises:
        CommandError: its exit code was not 0.
    """
    process = await asyncio.create_subprocess_exec(
        *argv,
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
        env={**os.environ, **(environment or {})},
    )
    output, complaint = await process.communicate(given)
    if process.returncode:
        raise CommandError(f"`{' '.join(argv[:3])}` failed: {complaint.decode(errors='replace').strip()}")
    return output
