"""Images out of the blob store, as each of the measured models sees them."""

from collections.abc import Collection, Mapping

from cloud_service.blob_store import BlobStore
from cloud_service.ml.runtimes.contract import Pixels
from shared.errors import PermanentError
from shared.identifiers import sha256_of_bytes
from shared.imaging.preprocess import PreprocessSpec, preprocess


class LostImageError(PermanentError):
    """An image is no longer in the blob store, or its bytes have changed; the text names it."""


def read_pixels(blobs: BlobStore, sha256: str, specs: Collection[PreprocessSpec]) -> Mapping[PreprocessSpec, Pixels]:
    """The pixels (S, S, 3) uint8 of one image, under each of some specifications.

    Raises:
        LostImageError: it is missing, or not the one that was stored.
        UnreadableImageError: it is no image.
        TransientError: the blob store is away.
    """
    try:
        data = blobs.get(sha256)
    except FileNotFoundError as error:
        raise LostImageError(f"The image with the SHA-256 {sha256} is missing in the blob store.") from error
    if sha256_of_bytes(data) != sha256:
        raise LostImageError(f"The bytes of the image with the SHA-256 {sha256} have changed in the blob store.")
    return {spec: preprocess(data, spec) for spec in set(specs)}
