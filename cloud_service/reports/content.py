"""What a signed report says, and the one form of it that its digest is taken over."""

import json
from collections.abc import Sequence

from cloud_service.cases.judging import JudgedImage
from cloud_service.reports.schemas import ReportContent, ReportedImage
from shared.identifiers import sha256_of_bytes


def canonical_json(content: ReportContent) -> bytes:
    """The content as JSON in one form: keys sorted, no blanks, UTF-8."""
    told = content.model_dump(mode="json")
    return json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def digest_of(content: ReportContent) -> str:
    """SHA-256 of the canonical JSON."""
    return sha256_of_bytes(canonical_json(content))


def reported(images: Sequence[JudgedImage]) -> list[ReportedImage]:
    """What the report says of each image, in the order given."""
    return [
        ReportedImage(
            capture_id=image.capture_id,
            sha256=image.sha256,
            captured_at=image.captured_at,
            model_label=image.label,
            model_probability=image.probability,
            model_doubts=list(image.doubts),
            model_digest=image.model_digest,
            verdict=image.verdict,
            reason=image.reason,
        )
        for image in images
    ]
