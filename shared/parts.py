"""Parts: how a capture's bytes are split for the line, checked, and completed after an interruption."""

import zlib
from collections.abc import Iterable
from dataclasses import dataclass

from shared.errors import ProtocolError

DEFAULT_PART_SIZE = 512 * 1024
"""Bytes. Parts are no larger, unless a device's settings say so, and far smaller on a slow line, on which a whole image
never got through. A fast line gains nothing from larger ones, but each message costs both sides and the broker."""

MAX_PARTS = 16_384
"""No capture has more parts: 128 MB in the smallest parts of a slow line."""

PART_OVERHEAD = 1024
"""Bytes kept free for topic and properties when a part's size is fitted to the broker's Maximum Packet Size."""

PROPERTY_INDEX = "index"
PROPERTY_COUNT = "count"
PROPERTY_CRC = "crc32"


@dataclass(frozen=True, slots=True)
class PartPlan:
    """How `byte_size` bytes fall into parts of `part_size` bytes, the last one shorter.

    Raises:
        ProtocolError: a size is not positive, or there would be more than MAX_PARTS parts.
    """

    byte_size: int
    part_size: int

    def __post_init__(self) -> None:
        """Refuse plans that cannot be carried out."""
        if self.byte_size <= 0 or self.part_size <= 0:
            raise ProtocolError(f"A capture of {self.byte_size} bytes in parts of {self.part_size} is impossible.")
        if self.count > MAX_PARTS:
            raise ProtocolError(f"{self.count} parts are more than the {MAX_PARTS} that a capture may have.")

    @property
    def count(self) -> int:
        """How many parts there are."""
        return -(-self.byte_size // self.part_size)

    def length(self, index: int) -> int:
        """Bytes of part `index` (0 ≤ index < count).

        Raises:
            ProtocolError: there is no such part.
        """
        if not 0 <= index < self.count:
            raise ProtocolError(f"Part {index} is out of range: the capture has parts 0 to {self.count - 1}.")
        return min(self.part_size, self.byte_size - index * self.part_size)

    def span(self, index: int) -> slice:
        """Where part `index` lies in the capture's bytes; raises as `length` does."""
        start = index * self.part_size
        return slice(start, start + self.length(index))

    def missing(self, arrived: Iterable[int]) -> list[int]:
        """The parts that are not in `arrived`, in order."""
        return sorted(set(range(self.count)) - set(arrived))


def fit_part_size(wanted: int, maximum_packet_size: int | None) -> int:
    """The part size to use: `wanted`, or less where the broker's Maximum Packet Size (MQTT 5, 3.2.2.3.6) asks for it.

    Raises:
        ProtocolError: the broker's limit leaves no room for any part.
    """
    if maximum_packet_size is None:
        return wanted
    room = maximum_packet_size - PART_OVERHEAD
    if room <= 0:
        raise ProtocolError(
            f"The broker takes packets of at most {maximum_packet_size} bytes, too few for any part;"
            " raise its max_packet_size above 2 KB.",
        )
    return min(wanted, room)


@dataclass(frozen=True, slots=True)
class Part:
    """One part as it travels: bytes, and as user properties its index, the count and its CRC-32."""

    index: int
    count: int
    crc32: int
    data: bytes

    @classmethod
    def cut(cls, payload: bytes, plan: PartPlan, index: int) -> "Part":
        """Cut part `index` out of a capture's bytes."""
        data = payload[plan.span(index)]
        return cls(index, plan.count, zlib.crc32(data), data)

    @classmethod
    def received(cls, index: int, properties: Iterable[tuple[str, str]], data: bytes) -> "Part":
        """Read a part from a message and check it against its own CRC.

        `index` is the one named in the topic.

        Raises:
            ProtocolError: a property is missing or no number, the index differs from the topic's, or the CRC is wrong.
        """
        values = dict(properties)
        try:
            stated, count, crc32 = (int(values[name]) for name in (PROPERTY_INDEX, PROPERTY_COUNT, PROPERTY_CRC))
        except (KeyError, ValueError) as error:
            raise ProtocolError(f"Part {index} lacks a whole number as user property {error}.") from error
        if stated != index:
            raise ProtocolError(f"The topic says part {index}, the message says part {stated}.")
        if not 0 <= index < count <= MAX_PARTS:
            raise ProtocolError(f"Part {index} of {count} is out of range.")
        if zlib.crc32(data) != crc32:
            raise ProtocolError(f"Part {index} was altered on its way: its CRC-32 is not {crc32}.")
        return cls(index, count, crc32, data)

    @property
    def properties(self) -> list[tuple[str, str]]:
        """The MQTT user properties that go with the bytes."""
        return [
            (PROPERTY_INDEX, str(self.index)),
            (PROPERTY_COUNT, str(self.count)),
            (PROPERTY_CRC, str(self.crc32)),
        ]
