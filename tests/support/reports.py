"""Contents of reports that nobody signed."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from cloud_service.reports.schemas import ReportContent, ReportedImage
from shared.vocabulary import RESEARCH_USE_ONLY, PersonVerdict

SIGNED_AT = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)


def a_content(images: int = 1, **changes: Any) -> ReportContent:
    """A final report of so many images."""
    fields: dict[str, Any] = {
        "case_id": UUID(int=1),
        "site": "north",
        "pseudonym": "a" * 32,
        "number": 1,
        "status": "final",
        "verdict": PersonVerdict.SUSPICIOUS,
        "wording": f"Suspicious: blast features seen in {images} of {images} images",
        "reason": None,
        "conclusion": "Blasts.",
        "model_answer": None,
        "model_wording": "Suspicious: blast features seen.",
        "model_reasons": ["The answers of all images agree."],
        "models": [],
        "images": [an_image(number) for number in range(images)],
        "readings": [],
        "signed_by": "h.meier",
        "signed_at": SIGNED_AT,
        "amendment_reason": None,
        "former_sha256": None,
        "notice": RESEARCH_USE_ONLY,
    }
    return ReportContent(**(fields | changes))


def an_image(number: int) -> ReportedImage:
    """One of a report's images, that the model calls suspicious."""
    return ReportedImage(
        capture_id=UUID(int=1000 + number),
        sha256=f"{number:064x}",
        captured_at=SIGNED_AT,
        model_label="suspicious",
        model_probability=0.9,
        model_doubts=[],
        model_digest="d" * 64,
        verdict=None,
        reason=None,
    )
