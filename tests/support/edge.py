"""Captures for the outbox, and the cloud's words on them."""

import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from edge_agent.intake.capture import CaptureTimeSource, Fingerprint, PreparedCapture, Refusal
from edge_agent.outbox.records import OutboxEntry
from shared.identifiers import case_pseudonym, sha256_of_bytes
from shared.messages import Receipt, ReceiptOutcome, Result, ResultKind
from shared.vocabulary import Label, RefusalKind
from tests.support.messages import PSEUDONYM_KEY, TAKEN_AT
from tests.support.photographs import good_quality


def a_capture(payload: bytes, *, path: Path | None = None, **changes: Any) -> PreparedCapture:
    """What the intake makes of a file whose scrubbed bytes are `payload`; `changes` replace single fields."""
    fields: dict[str, Any] = {
        "path": path or Path("/captures") / f"{sha256_of_bytes(payload)[:12]}.jpg",
        "fingerprint": Fingerprint(len(payload), 1, 1),
        "payload": io.BytesIO(payload),
        "byte_size": len(payload),
        "sha256": sha256_of_bytes(payload),
        "original_sha256": sha256_of_bytes(b"original of " + payload),
        "media_type": "image/jpeg",
        "width": 2592,
        "height": 1944,
        "case": case_pseudonym("H26-1234", PSEUDONYM_KEY),
        "specimen": None,
        "smear": "A",
        "stain": "Wright-Giemsa",
        "micrometres_per_pixel": 0.17,
        "captured_at": TAKEN_AT,
        "captured_at_source": CaptureTimeSource.FILE,
        "quality": good_quality(),
    }
    return PreparedCapture(**(fields | changes))


def a_refusal(
    path: Path, fingerprint: Fingerprint | None = None, *, kind: RefusalKind = RefusalKind.DAMAGED
) -> Refusal:
    """What the intake says of a file that it does not take."""
    return Refusal(path, fingerprint or Fingerprint(1, 1, 1), kind, "it is cut short")


def stored(capture_id: UUID, sha256: str) -> Receipt:
    """The receipt that lets a payload go."""
    return Receipt(v=1, capture_id=capture_id, outcome=ReceiptOutcome.STORED, sha256=sha256)


def a_prediction(entry: OutboxEntry, **changes: Any) -> Result:
    """What the model says of a capture."""
    fields: dict[str, Any] = {
        "v": 1,
        "delivery_id": uuid4(),
        "capture_id": entry.capture_id,
        "sha256": entry.sha256,
        "kind": ResultKind.PREDICTION,
        "model_name": "se-cnn",
        "model_version": "1",
        "probability": 0.93,
        "label": Label.SUSPICIOUS,
        "created_at": datetime.now(UTC),
    }
    return Result.model_validate(fields | changes)
