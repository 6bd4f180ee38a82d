"""Pixels that ingest decodes anyhow, handed to the worker (deploy/decisions/0011): a decoding saved, never a condition.

They lie in the staging area, which promises nothing, under a key made of the image's digest and of the spec that says
how it was read. So a worker whose model reads images in another way finds none, and decodes by itself.
"""

from hashlib import sha256
from uuid import UUID, uuid5

import numpy as np
import numpy.typing as npt

from cloud_service.blob_store import BlobStore, PartBytes
from shared.imaging.preprocess import PreprocessSpec

_OURS = UUID("6b0c5f0e-9d0b-4c52-8a43-5d2f6a3f4f11")
_ONLY_PART = 0
_DIGEST_SIZE = sha256().digest_size


def handed_over(digest: str, spec: PreprocessSpec, pixels: bytes) -> PartBytes:
    """What is to be staged: the pixels behind their own SHA-256, as damaged ones look like any others.

    Args:
        digest: SHA-256 of the image's bytes.
        spec: by which they were read.
        pixels: what `preprocess` returned, as bytes.
    """
    return PartBytes(_key(digest, spec), _ONLY_PART, sha256(pixels).digest() + pixels)


def take_over(blob_store: BlobStore, digest: str, spec: PreprocessSpec) -> npt.NDArray[np.uint8] | None:
    """The pixels of an image, once; None where there are none, or none that are whole.

    Raises:
        TransientError: the blob store is away.
    """
    key = _key(digest, spec)
    found = blob_store.staged(key, [_ONLY_PART]).get(_ONLY_PART)
    if found is None:
        return None
    blob_store.discard(key)
    own, pixels = found[:_DIGEST_SIZE], found[_DIGEST_SIZE:]
    if sha256(pixels).digest() != own or len(pixels) != byte_size(spec):
        return None
    return np.frombuffer(pixels, np.uint8).reshape(spec.size, spec.size, 3)


def byte_size(spec: PreprocessSpec) -> int:
    """How many bytes an image's pixels have: size x size x RGB."""
    return spec.size * spec.size * 3


def _key(digest: str, spec: PreprocessSpec) -> UUID:
    return uuid5(_OURS, f"{digest} {spec.model_dump_json()}")
