"""A processor on a real SQLite database, a real folder and a real decoding process."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from cloud_service.blob_store import BlobStore
from cloud_service.blob_store.local import LocalBlobStore
from cloud_service.config import Settings
from cloud_service.database import make_engine
from cloud_service.ingest.decoding import Decoder
from cloud_service.ingest.processor import Processor
from shared.topics import DeviceAddress
from tests.support.device_side import TestDevice, enrol, make_tables

A, B = DeviceAddress("north", "scope-a"), DeviceAddress("south", "scope-b")


@pytest.fixture(scope="session")
def decoder() -> Iterator[Decoder]:
    decoder = Decoder(Settings())
    yield decoder
    decoder.close()


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = make_engine(f"sqlite:///{tmp_path / 'test.db'}")
    make_tables(engine)
    enrol(engine, A, B)
    yield engine
    engine.dispose()


@pytest.fixture
def blobs(tmp_path: Path) -> BlobStore:
    return LocalBlobStore(tmp_path / "blobs")


@pytest.fixture
def processor(engine: Engine, blobs: BlobStore, decoder: Decoder) -> Processor:
    return Processor(engine, blobs, decoder, Settings())


@pytest.fixture
def device() -> TestDevice:
    return TestDevice(A)


@pytest.fixture
def stranger() -> TestDevice:
    return TestDevice(B)
