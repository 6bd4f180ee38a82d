"""Valid messages for tests to send, and to spoil."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from shared.identifiers import case_pseudonym, new_capture_id, sha256_of_bytes
from shared.messages import Announce
from shared.parts import DEFAULT_PART_SIZE, PartPlan
from tests.support.photographs import good_quality

PSEUDONYM_KEY = bytes(range(32))
TAKEN_AT = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


def an_announce(payload: bytes, *, part_size: int = DEFAULT_PART_SIZE, **changes: Any) -> Announce:
    """The manifest of `payload` from device `scope-1` of site `north`; `changes` replace single fields."""
    fields: dict[str, Any] = {
        "site": "north",
        "device": "scope-1",
        "capture_id": new_capture_id(),
        "outbox_id": UUID(int=7),
        "sequence": 1,
        "sha256": sha256_of_bytes(payload),
        "original_sha256": sha256_of_bytes(payload),
        "byte_size": len(payload),
        "media_type": "image/jpeg",
        "width": 2592,
        "height": 1944,
        "part_size": part_size,
        "part_count": PartPlan(len(payload), part_size).count,
        "case": case_pseudonym("H26-1234", PSEUDONYM_KEY),
        "smear": "A",
        "stain": "Wright-Giemsa",
        "micrometres_per_pixel": 0.17,
        "captured_at": TAKEN_AT,
        "queued_at": TAKEN_AT,
        "quality": good_quality(),
        "parts_follow": True,
    }
    return Announce.model_validate(fields | changes)
