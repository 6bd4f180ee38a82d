"""The process in which images from outside are decoded: little memory, no database, no secrets in its hands.

It imports next to nothing, so that it starts fast and its address space is the image's. Requests come on standard
input: eight bytes of length (big-endian), then the image. Each is answered by one line of JSON on standard output,
behind which the image's pixels stand, as many bytes as the line says. It ends when its input does.
"""

import json
import resource
import signal
import struct
import sys
from collections.abc import Callable
from typing import BinaryIO

from shared.errors import UnreadableImageError
from shared.imaging.decode import ImageLimits, open_image, probe

LENGTH = struct.Struct(">Q")

_DRAFT_EDGE = 1  # the smallest scale there is: every byte is read, which is what counts here, at the least cost

Decode = Callable[[bytes, ImageLimits], bytes]
"""Decodes an image to its end; returns the pixels that a worker can use, or none."""


def answer(data: bytes, limits: ImageLimits, decode: Decode) -> tuple[dict[str, str | int], bytes]:
    """What the image is, or under "refused" why it is none; and its pixels."""
    try:
        info = probe(data, limits)
        pixels = decode(data, limits)
    except UnreadableImageError as error:
        return {"refused": str(error)}, b""
    except MemoryError:
        return {
            "refused": "the image takes more memory to decode than the cloud grants: save it at the camera's own size"
        }, b""
    return {"media_type": info.media_type, "width": info.width, "height": info.height}, pixels


def serve(requests: BinaryIO, answers: BinaryIO, limits: ImageLimits, decode: Decode) -> None:
    """Answer requests until there are no more."""
    while head := requests.read(LENGTH.size):
        data = requests.read(LENGTH.unpack(head)[0])
        found, pixels = answer(data, limits, decode)
        answers.write(json.dumps(found | {"pixels": len(pixels)}).encode() + b"\n")
        answers.write(pixels)
        answers.flush()


def decoder_for(spec: str) -> Decode:
    """How to decode for models that read images by this spec (JSON of a PreprocessSpec); "" for none of them."""
    if not spec:
        return _check
    from shared.imaging.preprocess import PreprocessSpec, preprocess  # noqa: PLC0415 - numpy, only where it is needed

    known = PreprocessSpec.model_validate_json(spec)
    return lambda data, limits: preprocess(data, known, limits).tobytes()


def _check(data: bytes, limits: ImageLimits) -> bytes:
    open_image(data, limits, draft_edge=_DRAFT_EDGE)
    return b""


def main() -> None:
    """Run with four arguments: bytes of address space, largest image in bytes and in pixels, a spec or ""."""
    memory, max_bytes, max_pixels = map(int, sys.argv[1:4])
    decode = decoder_for(sys.argv[4])
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # the parent decides, by closing the pipe
    limits = ImageLimits(max_bytes=max_bytes, max_pixels=max_pixels, formats=("JPEG", "PNG"))
    serve(sys.stdin.buffer, sys.stdout.buffer, limits, decode)


if __name__ == "__main__":
    main()
