"""Large request bodies on their way in: into a file, never into memory."""

import hashlib
import tempfile
from collections.abc import AsyncIterable, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from starlette.concurrency import run_in_threadpool

from cloud_service.errors import RequestError
from shared.errors import TransientError


class ArchiveTooLargeError(RequestError):
    """An archive has more bytes than are taken."""


class EmptyArchiveError(RequestError):
    """A request that should have brought an archive brought nothing."""


@dataclass(frozen=True, slots=True)
class Spooled:
    """A body that has arrived whole."""

    path: Path
    sha256: str


@asynccontextmanager
async def spooled(chunks: AsyncIterable[bytes], limit: int, *, remedy: str) -> AsyncIterator[Spooled]:
    """A body as a file, which is gone afterwards.

    Args:
        chunks: its bytes.
        limit: the most bytes that are taken.
        remedy: what to do where there are more.

    Raises:
        EmptyArchiveError, ArchiveTooLargeError: there are no bytes, or too many.
        TransientError: the disk is full.
    """
    digest, size = hashlib.sha256(), 0
    theirs: OSError | None = None  # of those who use the file: not for this function to explain
    try:
        with tempfile.NamedTemporaryFile(prefix="smearflow-archive-") as spool:
            async for chunk in chunks:
                size += len(chunk)
                if size > limit:
                    raise ArchiveTooLargeError(
                        f"The archive has more than {limit:,} bytes, the most that is taken. {remedy}"
                    )
                digest.update(chunk)
                await run_in_threadpool(spool.write, chunk)
            if not size:
                raise EmptyArchiveError("The request holds no archive: send it as the request's body.")
            await run_in_threadpool(spool.flush)
            try:
                yield Spooled(Path(spool.name), digest.hexdigest())
            except OSError as error:
                theirs = error
                raise
    except OSError as error:
        if error is theirs:
            raise
        raise TransientError(
            f"The archive cannot be kept: {error.strerror}. Free some space, send it again."
        ) from error
