"""Every blob store, local or S3, through the same tests; S3 is moto's server."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from cloud_service.blob_store import BlobStore, DigestMismatchError, PartBytes, open_blob_store
from cloud_service.config import Settings
from shared.errors import TransientError
from shared.identifiers import new_capture_id

IMAGE = b"an image's bytes" * 100
DIGEST = sha256(IMAGE).hexdigest()


@pytest.fixture(scope="module")
def s3_endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(params=["local", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BlobStore:
    if request.param == "local":
        return open_blob_store(Settings(blob_url=str(tmp_path / "blobs")))
    endpoint = request.getfixturevalue("s3_endpoint")
    for name, value in {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    bucket = f"captures-{new_capture_id()}"
    boto3.client("s3", endpoint_url=endpoint).create_bucket(Bucket=bucket)
    return open_blob_store(Settings(blob_url=f"s3://{bucket}/site/north", s3_endpoint_url=endpoint))


def test_what_was_put_is_got(store: BlobStore) -> None:
    store.put(DIGEST, IMAGE)
    assert store.exists(DIGEST)
    assert store.get(DIGEST) == IMAGE
    assert list(store.digests()) == [DIGEST]


def test_put_twice_is_put_once(store: BlobStore) -> None:
    store.put(DIGEST, IMAGE)
    store.put(DIGEST, IMAGE)
    assert list(store.digests()) == [DIGEST]


def test_bytes_under_a_foreign_digest_are_not_kept(store: BlobStore) -> None:
    with pytest.raises(DigestMismatchError, match=DIGEST):
        store.put(DIGEST, IMAGE + b"!")
    assert not store.exists(DIGEST)
    assert list(store.digests()) == []


def test_what_is_absent_is_a_file_not_found(store: BlobStore) -> None:
    assert not store.exists(DIGEST)
    with pytest.raises(FileNotFoundError):
        store.get(DIGEST)


def test_delete_removes_and_does_not_mind_absence(store: BlobStore) -> None:
    store.put(DIGEST, IMAGE)
    store.delete(DIGEST)
    store.delete(DIGEST)
    assert not store.exists(DIGEST)


def test_staged_parts_come_back_and_a_later_one_replaces(store: BlobStore) -> None:
    capture = new_capture_id()
    store.stage([PartBytes(capture, 0, b"zero"), PartBytes(capture, 11, b"eleven"), PartBytes(capture, 2, b"old")])
    store.stage([PartBytes(capture, 2, b"two")])
    assert store.staged(capture, range(12)) == {0: b"zero", 2: b"two", 11: b"eleven"}


def test_discard_takes_one_capture_and_not_its_neighbour(store: BlobStore) -> None:
    gone, kept = new_capture_id(), new_capture_id()
    store.stage([PartBytes(gone, 0, b"a"), PartBytes(kept, 0, b"b")])
    store.discard(gone)
    store.discard(gone)
    assert store.staged(gone, [0]) == {}
    assert store.staged(kept, [0]) == {0: b"b"}


def test_staged_captures_are_listed_with_their_time(store: BlobStore) -> None:
    capture = new_capture_id()
    store.stage([PartBytes(capture, 0, b"a"), PartBytes(capture, 1, b"b")])
    found = dict(store.staged_captures())
    assert list(found) == [capture]
    assert abs(datetime.now(UTC) - found[capture]) < timedelta(minutes=1)


def test_staging_and_captures_do_not_mix(store: BlobStore) -> None:
    store.stage([PartBytes(new_capture_id(), 0, b"a")])
    store.put(DIGEST, IMAGE)
    assert list(store.digests()) == [DIGEST]
    assert len(list(store.staged_captures())) == 1


def test_a_store_that_is_away_is_transient(monkeypatch: pytest.MonkeyPatch, s3_endpoint: str) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    store = open_blob_store(Settings(blob_url="s3://no-such-bucket/x", s3_endpoint_url=s3_endpoint))
    with pytest.raises(TransientError, match="no-such-bucket"):
        store.put(DIGEST, IMAGE)
