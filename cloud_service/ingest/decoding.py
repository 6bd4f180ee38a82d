"""Every image is decoded once before it is kept: in a child process, since a poisoned one may kill it or eat memory."""

import json
import select
import subprocess
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from queue import LifoQueue
from typing import Any

from cloud_service.config import Settings
from cloud_service.inference.handing_over import byte_size
from cloud_service.ingest.decode_child import LENGTH
from shared.errors import UnreadableImageError
from shared.imaging.preprocess import PreprocessSpec
from shared.logs import get_logger

_TIMEOUT_SECONDS = 60.0
_PIPE_BYTES = 1 << 20  # a whole image mostly, so that the two processes take turns once and not a dozen times
_TRIES = 2  # once more in a fresh child: the first may have been killed from outside

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class DecodedImage:
    """What an image turned out to be.

    Attributes:
        pixels: as `preprocess` returns them, by the decoder's spec; empty where it has none.
    """

    media_type: str
    width: int
    height: int
    pixels: bytes = field(default=b"", compare=False, repr=False)


class _ChildLostError(Exception):
    """The child process died or fell silent over an image."""


class Decoder:
    """Keeps child processes busy, each fed by a thread, so that ingest can store images while others are decoded.

    Args:
        settings: how many children, and what each may take.
        spec: by which the workers' model reads images; without one, images are decoded for the check alone.
    """

    def __init__(self, settings: Settings, spec: PreprocessSpec | None = None) -> None:
        self.spec = spec
        sizes = (settings.decode_memory_bytes, settings.capture_max_bytes, settings.capture_max_pixels)
        wanted = "" if spec is None else spec.model_dump_json()
        command = [sys.executable, "-m", "cloud_service.ingest.decode_child", *map(str, sizes), wanted]
        pixels = 0 if spec is None else byte_size(spec)
        self.children = [Child(command, pixels) for _ in range(settings.decode_processes)]
        self._free: LifoQueue[Child] = LifoQueue()  # the one that worked last first: its code is in the cache
        for child in self.children:
            self._free.put(child)
        self._feeders = ThreadPoolExecutor(len(self.children), thread_name_prefix="decoder")

    def start(self, data: bytes) -> Future[DecodedImage]:
        """Begin to decode; the future gives what it is, or raises UnreadableImageError with the reason."""
        return self._feeders.submit(self._decode, data)

    def warm_up(self) -> None:
        """Start the children before the first image, so that it does not wait for them."""
        for child in self.children:
            child.start()

    def close(self) -> None:
        """End the children, once none is at work any more."""
        self._feeders.shutdown()
        for child in self.children:
            child.end()

    def _decode(self, data: bytes) -> DecodedImage:
        child = self._free.get()  # there is one for each thread
        try:
            return child.decode(data)
        finally:
            self._free.put(child)


class Child:
    """One child process; started when it is needed, and again where it was lost. Used by one thread at a time.

    Args:
        command: starts it.
        pixels: how many bytes of pixels it returns for an image.
    """

    def __init__(self, command: list[str], pixels: int) -> None:
        self.command = command
        self._pixels = pixels
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> subprocess.Popen[bytes]:
        """The process, started if there is none."""
        if self.process is None:
            self.process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                self.command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                pipesize=_PIPE_BYTES,
                start_new_session=True,
            )
        return self.process

    def end(self) -> None:
        """Kill the process, if there is one: it holds nothing that could be lost."""
        process, self.process = self.process, None
        if process is None:
            return
        process.kill()
        with suppress(BrokenPipeError), process:  # what it did not read any more goes nowhere
            pass

    def decode(self, data: bytes) -> DecodedImage:
        """What the image is.

        Raises:
            UnreadableImageError: it is none, or ended the process each time.
        """
        for attempt in range(1, _TRIES + 1):
            try:
                found = self._ask(data)
            except _ChildLostError as error:
                log.warning("the decoding process was lost", attempt=attempt, reason=str(error))
                self.end()
                continue
            if "refused" in found:
                raise UnreadableImageError(found["refused"])
            return DecodedImage(**found)
        raise UnreadableImageError(
            f"the image ended the process that decodes it, {_TRIES} times: it is damaged or made to do harm"
        )

    def _ask(self, data: bytes) -> dict[str, Any]:
        child = self.start()
        if child.stdin is None or child.stdout is None:
            raise _ChildLostError("it has no pipes")
        try:
            child.stdin.write(LENGTH.pack(len(data)))
            child.stdin.write(data)
            child.stdin.flush()
        except OSError as error:
            raise _ChildLostError(f"it took no image: {error}") from error
        if not select.select([child.stdout], [], [], _TIMEOUT_SECONDS)[0]:
            raise _ChildLostError(f"it gave no answer within {_TIMEOUT_SECONDS:.0f} s")
        line = child.stdout.readline()
        if not line.endswith(b"\n"):
            raise _ChildLostError(f"it ended with code {child.wait()}")
        found: dict[str, Any] = json.loads(line)
        length = found.pop("pixels")
        found["pixels"] = child.stdout.read(length) if length == self._pixels else b""
        if len(found["pixels"]) != length:
            raise _ChildLostError(f"it said that {length} bytes of pixels follow")
        return found
