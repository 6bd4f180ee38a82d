"""A blob store in an S3 bucket (or one of a service that speaks S3). An object is there whole or not at all."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import boto3
from boto3.exceptions import Boto3Error
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from cloud_service.blob_store.store import PartBytes, check_digest, check_file_digest
from shared.errors import TransientError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ObjectTypeDef

_ABSENT = frozenset({"NoSuchKey", "404", "NotFound"})
_PARALLEL = 16
_DELETE_AT_ONCE = 1000  # what DeleteObjects takes


class S3BlobStore:
    """See `BlobStore`. Keys: `{prefix}sha256/{digest}` and `{prefix}staging/{capture}/{index}`.

    Credentials and region come from where boto3 looks for them (environment, files, the machine's role).
    """

    def __init__(self, bucket: str, prefix: str = "", endpoint_url: str | None = None) -> None:
        self._bucket = bucket
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._client: S3Client = boto3.client(
            "s3",
            endpoint_url=endpoint_url,
            config=Config(
                connect_timeout=5, read_timeout=30, retries={"max_attempts": 3}, max_pool_connections=_PARALLEL
            ),
        )
        self._pool = ThreadPoolExecutor(_PARALLEL, thread_name_prefix="s3")

    def put(self, sha256: str, data: bytes) -> None:
        """See `BlobStore.put`."""
        check_digest(sha256, data)
        with self._typed_errors():
            self._client.put_object(Bucket=self._bucket, Key=self._blob_key(sha256), Body=data)

    def put_file(self, sha256: str, file: Path) -> None:
        """See `BlobStore.put_file`; a large file travels in parts, and is there whole or not at all."""
        check_file_digest(sha256, file)
        with self._typed_errors():
            self._client.upload_file(str(file), self._bucket, self._blob_key(sha256))

    def get_file(self, sha256: str, file: Path) -> None:
        """See `BlobStore.get_file`."""
        with self._typed_errors():
            self._client.download_file(self._bucket, self._blob_key(sha256), str(file))

    def get(self, sha256: str) -> bytes:
        """See `BlobStore.get`."""
        return self._read(self._blob_key(sha256))

    def exists(self, sha256: str) -> bool:
        """See `BlobStore.exists`."""
        try:
            with self._typed_errors():
                self._client.head_object(Bucket=self._bucket, Key=self._blob_key(sha256))
        except FileNotFoundError:
            return False
        return True

    def delete(self, sha256: str) -> None:
        """See `BlobStore.delete`."""
        with self._typed_errors():
            self._client.delete_object(Bucket=self._bucket, Key=self._blob_key(sha256))

    def digests(self) -> Iterator[str]:
        """See `BlobStore.digests`."""
        for item in self._list(f"{self._prefix}sha256/"):
            yield item["Key"].rsplit("/", 1)[1]

    def stage(self, parts: Sequence[PartBytes]) -> None:
        """See `BlobStore.stage`; parts travel side by side."""
        list(self._pool.map(self._stage_one, parts))

    def staged(self, capture_id: UUID, indexes: Sequence[int]) -> dict[int, bytes]:
        """See `BlobStore.staged`; parts travel side by side."""

        def read(index: int) -> bytes | None:
            try:
                return self._read(self._part_key(capture_id, index))
            except FileNotFoundError:
                return None

        found = zip(indexes, self._pool.map(read, indexes), strict=True)
        return {index: data for index, data in found if data is not None}

    def discard(self, capture_id: UUID) -> None:
        """See `BlobStore.discard`."""
        keys = [item["Key"] for item in self._list(f"{self._prefix}staging/{capture_id}/")]
        with self._typed_errors():
            for start in range(0, len(keys), _DELETE_AT_ONCE):
                batch = keys[start : start + _DELETE_AT_ONCE]
                self._client.delete_objects(Bucket=self._bucket, Delete={"Objects": [{"Key": key} for key in batch]})

    def staged_captures(self) -> Iterator[tuple[UUID, datetime]]:
        """See `BlobStore.staged_captures`."""
        newest: dict[UUID, datetime] = {}
        for item in self._list(f"{self._prefix}staging/"):
            capture_id = UUID(item["Key"].rsplit("/", 2)[1])
            newest[capture_id] = max(item["LastModified"], newest.get(capture_id, item["LastModified"]))
        yield from newest.items()

    def _stage_one(self, part: PartBytes) -> None:
        with self._typed_errors():
            self._client.put_object(
                Bucket=self._bucket, Key=self._part_key(part.capture_id, part.index), Body=part.data
            )

    def _read(self, key: str) -> bytes:
        with self._typed_errors():
            return self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()

    def _list(self, prefix: str) -> "Iterator[ObjectTypeDef]":
        with self._typed_errors():
            for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix):
                yield from page.get("Contents", [])

    def _blob_key(self, sha256: str) -> str:
        return f"{self._prefix}sha256/{sha256}"

    def _part_key(self, capture_id: UUID, index: int) -> str:
        return f"{self._prefix}staging/{capture_id}/{index}"

    @contextmanager
    def _typed_errors(self) -> Iterator[None]:
        try:
            yield
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in _ABSENT:
                raise FileNotFoundError(str(error)) from error
            raise self._away(error) from error
        except (BotoCoreError, Boto3Error) as error:
            raise self._away(error) from error

    def _away(self, error: Exception) -> TransientError:
        return TransientError(
            f"The blob store s3://{self._bucket}/{self._prefix} cannot be used: {error}."
            " Check the service, the bucket and the credentials; ingest tries again.",
        )
