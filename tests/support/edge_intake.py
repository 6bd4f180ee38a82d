"""What tests of the intake need: a clock to be moved by hand, images, and an outbox in memory."""

import io
import os
import struct
import zlib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
from PIL import Image

from edge_agent.config import IdentificationSection
from edge_agent.intake.capture import Fingerprint, PreparedCapture, PutOutcome, PutResult, Refusal
from edge_agent.intake.identify import Identifier
from edge_agent.intake.taking import Taking
from shared.identifiers import new_capture_id
from shared.imaging.decode import ImageLimits

KEY = bytes(range(32))


@dataclass
class MemoryStore:
    """The intake's side of an outbox, without durability."""

    captures: dict[UUID, PreparedCapture] = field(default_factory=dict)
    refused: dict[Path, Refusal] = field(default_factory=dict)
    known: dict[bytes, Fingerprint] = field(default_factory=dict)
    fail_with: Exception | None = None

    def put(self, capture: PreparedCapture) -> PutOutcome:
        if self.fail_with is not None:
            raise self.fail_with
        for capture_id, present in self.captures.items():
            if present.sha256 == capture.sha256:
                if present.case != capture.case:
                    return PutOutcome(PutResult.CONFLICT, capture_id)
                self._note(capture.path, capture.fingerprint)
                return PutOutcome(PutResult.DUPLICATE, capture_id)
        capture_id = new_capture_id()
        self.captures[capture_id] = replace(capture, payload=io.BytesIO(capture.payload.read()))
        self._note(capture.path, capture.fingerprint)
        return PutOutcome(PutResult.NEW, capture_id)

    def refuse(self, refusal: Refusal) -> None:
        self.known[os.fsencode(refusal.path)] = refusal.fingerprint
        self.refused[refusal.path] = refusal

    def is_known(self, path: Path, fingerprint: Fingerprint) -> bool:
        return self.known.get(os.fsencode(path)) == fingerprint

    def _note(self, path: Path, fingerprint: Fingerprint) -> None:
        self.known[os.fsencode(path)] = fingerprint
        self.refused.pop(path, None)


def taking(limits: ImageLimits | None = None, **rules: Any) -> Taking:
    """How files are taken, by the given settings of identification."""
    return Taking(Identifier(IdentificationSection(**rules)), limits or ImageLimits(), KEY)


def field_image(seed: int = 0, size: tuple[int, int] = (96, 80)) -> Image.Image:
    """An RGB image that no other seed gives."""
    noise = np.random.default_rng(seed).integers(0, 255, (size[1] // 8, size[0] // 8, 3), np.uint8)
    return Image.fromarray(noise).resize(size, Image.Resampling.BICUBIC)


def encoded(image: Image.Image, image_format: str = "JPEG", **options: Any) -> bytes:
    """The image as the bytes of a file."""
    target = io.BytesIO()
    image.save(target, image_format, **options)
    return target.getvalue()


def jpeg(seed: int = 0) -> bytes:
    """A JPEG without metadata that no other seed gives."""
    return encoded(field_image(seed), "JPEG")


def jpeg_segment(marker: int, body: bytes) -> bytes:
    """A marker segment (T.81 B.1.1.4)."""
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def png_chunk(kind: bytes, body: bytes) -> bytes:
    """A chunk (PNG third edition 5.3)."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
