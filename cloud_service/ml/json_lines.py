"""A file of JSON lines in which long work keeps what it has done, so that a kill at any moment costs one line."""

import json
import os
from pathlib import Path
from typing import Any

from shared.errors import TransientError


class JsonLines:
    """Lines that are read once at the start, and added one by one.

    Args:
        file: made where it is missing; a last line that was not written whole is cut off.

    Raises:
        TransientError: the file cannot be read or written.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        try:
            content = file.read_bytes() if file.exists() else b""
            whole = content[: content.rfind(b"\n") + 1]
            if whole != content:
                with file.open("r+b") as opened:
                    opened.truncate(len(whole))
        except OSError as error:
            raise _unwritable(file, error) from error
        self.lines: list[Any] = [json.loads(line) for line in whole.splitlines()]

    def add(self, line: Any) -> None:
        """Add a line, fit for JSON; it is on the disk when this returns.

        Raises:
            TransientError: the disk is full, say.
        """
        try:
            with self._file.open("ab") as opened:
                opened.write(json.dumps(line, separators=(",", ":")).encode() + b"\n")
                opened.flush()
                os.fsync(opened.fileno())
        except OSError as error:
            raise _unwritable(self._file, error) from error
        self.lines.append(line)


def _unwritable(file: Path, error: OSError) -> TransientError:
    return TransientError(f"{file.name} cannot be written: {error.strerror}. Free some space; it is tried again.")
