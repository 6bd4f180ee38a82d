"""Archives on their way in: into a file first, then into the blob store."""

from collections.abc import AsyncIterable

from starlette.concurrency import run_in_threadpool

from cloud_service.blob_store import BlobStore
from cloud_service.web.spool import spooled


async def receive(chunks: AsyncIterable[bytes], limit: int, blobs: BlobStore) -> str:
    """Keep an archive in the blob store, without ever holding it in memory; returns its SHA-256.

    Args:
        chunks: its bytes.
        limit: the most bytes that are taken.
        blobs: where it is kept.

    Raises:
        EmptyArchiveError, ArchiveTooLargeError: there are no bytes, or too many.
        TransientError: the disk is full, or the blob store is away.
    """
    remedy = "Divide it, or raise SMEARFLOW_DATASET_ARCHIVE_MAX_BYTES."
    async with spooled(chunks, limit, remedy=remedy) as archive:
        await run_in_threadpool(blobs.put_file, archive.sha256, archive.path)
        return archive.sha256
