"""File names as they may be shown: whatever a name holds, it neither breaks a line nor reverses the text around it."""

import os
from pathlib import Path


def shown(path: Path) -> str:
    """The path with everything unprintable escaped: line breaks, control and direction characters, stray bytes."""
    text = os.fspath(path)
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in text
    )
