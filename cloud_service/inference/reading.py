"""From a capture's row to the pixels that the network sees, several captures at a time."""

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import numpy as np
import numpy.typing as npt

from cloud_service.blob_store import BlobStore
from cloud_service.inference.handing_over import take_over
from cloud_service.inference.outcomes import Postponement, Refusal
from shared.errors import PermanentError, TransientError
from shared.identifiers import sha256_of_bytes
from shared.imaging.decode import ImageLimits
from shared.imaging.preprocess import PreprocessSpec, preprocess

Pixels = npt.NDArray[np.uint8]


class CaptureReader:
    """Reads and decodes captures in threads: Pillow and the blob store let go of the interpreter's lock meanwhile."""

    def __init__(self, blob_store: BlobStore, limits: ImageLimits) -> None:
        self._blob_store = blob_store
        self._limits = limits
        self._threads = ThreadPoolExecutor(len(os.sched_getaffinity(0)), thread_name_prefix="decode")

    def read_all(
        self, digests: Mapping[UUID, str], spec: PreprocessSpec
    ) -> dict[UUID, Pixels | Refusal | Postponement]:
        """The pixels of each capture, uint8 (size, size, 3), or why there are none.

        Args:
            digests: SHA-256 by capture id.
            spec: how the model that is to see them wants them read.
        """
        futures = {capture_id: self._threads.submit(self._read, digest, spec) for capture_id, digest in digests.items()}
        return {capture_id: future.result() for capture_id, future in futures.items()}

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown()

    def _read(self, digest: str, spec: PreprocessSpec) -> Pixels | Refusal | Postponement:
        try:
            handed = take_over(self._blob_store, digest, spec)
            if handed is not None:
                return handed
            data = self._blob_store.get(digest)
            if sha256_of_bytes(data) != digest:  # damaged pixels decode without a murmur
                return Refusal(f"The stored bytes are no longer those that arrived (SHA-256 {digest}).")
            return preprocess(data, spec, self._limits)
        except FileNotFoundError:
            return Refusal(f"The stored bytes are missing from the blob store (SHA-256 {digest}).")
        except PermanentError as error:
            return Refusal(str(error))
        except TransientError as error:
            return Postponement(str(error))
