"""Writing results so that a stopped run or a full disk leaves nothing half-written."""

import os
from pathlib import Path

from cloud_service.ml.datasets.samples import DatasetError


def write_whole(file: Path, content: bytes) -> None:
    """Writes `content` to `file` beside it first, then moves it there in one step; an older file is replaced.

    Raises:
        DatasetError: the folder is missing, not writable or full; an older file is as it was.
    """
    draft = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        draft.write_bytes(content)
        draft.replace(file)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise DatasetError(
            f"{file} cannot be written: {error.strerror}. Free some space or name another place."
        ) from error
