"""Where the bytes of captures lie: behind a few verbs, in a local folder or in S3."""

from pathlib import Path
from urllib.parse import urlsplit

from cloud_service.blob_store.local import LocalBlobStore
from cloud_service.blob_store.store import BlobStore, DigestMismatchError, PartBytes
from cloud_service.config import Settings
from shared.errors import ConfigurationError

__all__ = ["BlobStore", "DigestMismatchError", "PartBytes", "open_blob_store"]


def open_blob_store(settings: Settings) -> BlobStore:
    """The blob store that `settings.blob_url` names: a folder, or s3://bucket/prefix.

    Raises:
        ConfigurationError: the URL is neither.
        TransientError: the folder cannot be made or written.
    """
    url = urlsplit(settings.blob_url)
    match url.scheme:
        case "":
            return LocalBlobStore(Path(settings.blob_url))
        case "file":
            return LocalBlobStore(Path(url.path))
        case "s3" if url.netloc:
            from cloud_service.blob_store.s3 import S3BlobStore  # noqa: PLC0415 - boto3 takes 0.3 s to import

            return S3BlobStore(url.netloc, url.path, settings.s3_endpoint_url)
    raise ConfigurationError(f"SMEARFLOW_BLOB_URL is {settings.blob_url!r}; it must be a folder or s3://bucket/prefix.")
