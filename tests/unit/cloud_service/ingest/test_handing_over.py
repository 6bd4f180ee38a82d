"""Pixels that ingest hands to the worker: the same as the worker's own, taken once, never trusted unseen."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest
from sqlalchemy import Engine

from cloud_service.blob_store import BlobStore
from cloud_service.blob_store.local import LocalBlobStore
from cloud_service.config import Settings
from cloud_service.database import transaction
from cloud_service.inference.handing_over import handed_over, take_over
from cloud_service.inference.outcomes import Refusal
from cloud_service.inference.reading import CaptureReader
from cloud_service.ingest.decoding import Decoder
from cloud_service.ingest.processor import Processor
from cloud_service.ingest.service import spec_of_workers
from cloud_service.ml.package import load_package
from shared.errors import TransientError, UnreadableImageError
from shared.identifiers import sha256_of_bytes
from shared.imaging.decode import DEFAULT_LIMITS
from shared.imaging.preprocess import DEFAULT_SPEC, PreprocessSpec, preprocess
from tests.support.device_side import TestDevice, noise_image
from tests.support.model_cards import a_card
from tests.support.processing import only
from tests.support.registry import add_model, put_into_service

PIXELS = bytes(range(256)) * (224 * 224 * 3 // 256)
DIGEST = sha256_of_bytes(b"an image")
OTHER_SPEC = PreprocessSpec(resize_filter="box")


@pytest.fixture(scope="module")
def decoder() -> Iterator[Decoder]:
    decoder = Decoder(Settings(), DEFAULT_SPEC)
    decoder.warm_up()
    yield decoder
    decoder.close()


@pytest.fixture
def reader(blobs: BlobStore) -> Iterator[CaptureReader]:
    reader = CaptureReader(blobs, DEFAULT_LIMITS)
    yield reader
    reader.close()


@pytest.mark.parametrize("image_format", ["JPEG", "PNG"])
def test_the_child_gives_the_pixels_that_the_worker_would_decode(decoder: Decoder, image_format: str) -> None:
    image = noise_image(1, (1000, 800), image_format)
    assert decoder.start(image).result().pixels == preprocess(image).tobytes()


def test_a_refused_image_has_no_pixels_and_the_next_one_has(decoder: Decoder) -> None:
    with pytest.raises(UnreadableImageError):
        decoder.start(b"no image").result()
    assert len(decoder.start(noise_image(1)).result().pixels) == len(PIXELS)


def test_the_worker_reads_what_ingest_has_decoded(
    engine: Engine, blobs: BlobStore, decoder: Decoder, device: TestDevice, reader: CaptureReader
) -> None:
    capture = device.capture(noise_image(1))
    only(Processor(engine, blobs, decoder, Settings()), *capture.messages())
    digest = capture.manifest.sha256
    assert len(list(blobs.staged_captures())) == 1

    blobs.delete(digest)  # so that it is seen where the pixels come from
    found = reader.read_all({capture.id: digest}, DEFAULT_SPEC)[capture.id]

    assert isinstance(found, np.ndarray)
    assert np.array_equal(found, preprocess(capture.payload))
    assert list(blobs.staged_captures()) == []
    assert isinstance(reader.read_all({capture.id: digest}, DEFAULT_SPEC)[capture.id], Refusal)


def test_pixels_are_taken_once_and_only_by_the_spec_that_made_them(blobs: BlobStore) -> None:
    blobs.stage([handed_over(DIGEST, DEFAULT_SPEC, PIXELS)])
    assert take_over(blobs, DIGEST, OTHER_SPEC) is None
    assert take_over(blobs, sha256_of_bytes(b"another image"), DEFAULT_SPEC) is None
    found = take_over(blobs, DIGEST, DEFAULT_SPEC)
    assert found is not None
    assert (found.shape, found.tobytes()) == ((224, 224, 3), PIXELS)
    assert take_over(blobs, DIGEST, DEFAULT_SPEC) is None


@pytest.mark.parametrize("cut", [slice(0, -1), slice(1, None), slice(0, 10), slice(0, 0)])
def test_damaged_pixels_are_decoded_again(blobs: BlobStore, reader: CaptureReader, cut: slice) -> None:
    image = noise_image(1)
    digest, capture_id = sha256_of_bytes(image), uuid4()
    blobs.put(digest, image)
    staged = handed_over(digest, DEFAULT_SPEC, PIXELS)
    blobs.stage([replace(staged, data=staged.data[cut])])
    found = reader.read_all({capture_id: digest}, DEFAULT_SPEC)[capture_id]
    assert isinstance(found, np.ndarray)
    assert np.array_equal(found, preprocess(image))


class _FullStaging(LocalBlobStore):
    def stage(self, parts: object) -> None:  # noqa: ARG002 - the store's signature
        raise TransientError("the disk is full")


def test_a_capture_is_stored_though_its_pixels_cannot_be_staged(
    engine: Engine, tmp_path: Path, decoder: Decoder, device: TestDevice
) -> None:
    store = _FullStaging(tmp_path / "blobs")
    capture = device.capture(noise_image(1))
    receipt = only(Processor(engine, store, decoder, Settings()), *capture.messages())
    assert receipt.sha256 == capture.manifest.sha256
    assert store.exists(capture.manifest.sha256)


def test_ingest_reads_as_the_model_does_that_is_in_service(engine: Engine, tmp_path: Path) -> None:
    settings = Settings()
    assert spec_of_workers(engine, settings) == load_package(settings.model_dir).card.preprocess
    assert spec_of_workers(engine, Settings(model_dir=tmp_path)) is None

    with transaction(engine) as session:
        card = a_card(preprocess=PreprocessSpec(size=320)).model_dump(mode="json")
        put_into_service(session, add_model(session, "large", card=card))
    assert spec_of_workers(engine, Settings(model_dir=tmp_path)) == PreprocessSpec(size=320)
