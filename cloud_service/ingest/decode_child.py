"""The process in which images from outside are decoded: little memory, no database, no secrets in its hands.

It imports next to nothing, so that it starts fast and its address space is the image's. Requests come on standard
input: eight bytes of length (big-endian), then the image. Each is answered by one line of JSON on standard output. It
ends when its input does.
"""

import json
import resource
import signal
import struct
import sys
from typing import BinaryIO

from shared.errors import UnreadableImageError
from shared.imaging.decode import ImageLimits, open_image, probe

LENGTH = struct.Struct(">Q")


def answer(data: bytes, limits: ImageLimits, draft_edge: int) -> dict[str, str | int]:
    """What the image is, or under "refused" why it is none."""
    try:
        info = probe(data, limits)
        open_image(data, limits, draft_edge=draft_edge)
    except UnreadableImageError as error:
        return {"refused": str(error)}
    except MemoryError:
        return {
            "refused": "the image takes more memory to decode than the cloud grants: save it at the camera's own size"
        }
    return {"media_type": info.media_type, "width": info.width, "height": info.height}


def serve(requests: BinaryIO, answers: BinaryIO, limits: ImageLimits, draft_edge: int) -> None:
    """Answer requests until there are no more."""
    while head := requests.read(LENGTH.size):
        data = requests.read(LENGTH.unpack(head)[0])
        answers.write(json.dumps(answer(data, limits, draft_edge)).encode() + b"\n")
        answers.flush()


def main() -> None:
    """Run with four arguments: bytes of address space, largest image in bytes and in pixels, the draft edge."""
    memory, max_bytes, max_pixels, draft_edge = map(int, sys.argv[1:])
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # the parent decides, by closing the pipe
    limits = ImageLimits(max_bytes=max_bytes, max_pixels=max_pixels, formats=("JPEG", "PNG"))
    serve(sys.stdin.buffer, sys.stdout.buffer, limits, draft_edge)


if __name__ == "__main__":
    main()
