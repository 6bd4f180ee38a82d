"""What a signed report holds, as it is kept and as the API returns it."""

from datetime import datetime
from uuid import UUID

from pydantic import AwareDatetime

from cloud_service.cases.schemas import ModelFacts, ReadingView, ReportSummary
from cloud_service.web.schemas import ApiModel
from shared.vocabulary import CaseAnswer, PersonVerdict


class ReportedImage(ApiModel):
    """One image in a signed report."""

    capture_id: UUID
    sha256: str
    captured_at: datetime
    model_label: str | None
    model_probability: float | None
    model_doubts: list[str]
    model_digest: str | None
    verdict: PersonVerdict | None
    reason: str | None


class ReportContent(ApiModel):
    """All that was signed."""

    case_id: UUID
    site: str
    pseudonym: str
    number: int
    status: str
    verdict: PersonVerdict
    wording: str
    reason: str | None
    conclusion: str | None
    model_answer: CaseAnswer | None
    model_wording: str
    model_reasons: list[str]
    """Why the model's answer is what it is, in whole sentences; what speaks against it among them."""
    models: list[ModelFacts]
    images: list[ReportedImage]
    readings: list[ReadingView]
    signed_by: str
    signed_at: AwareDatetime
    amendment_reason: str | None
    former_sha256: str | None
    """Of the report that this one takes the place of."""
    notice: str
    """Research use only, in words."""


class ReportView(ReportSummary):
    """A signed report with its content."""

    content: ReportContent
    pdf_sha256: str
