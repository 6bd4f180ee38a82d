"""What the API and the event stream tell of a capture."""

from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict

from shared.vocabulary import CaptureState, CustodyStage, Label


class PredictionSummary(BaseModel):
    """A model's answer: a preliminary finding."""

    model_config = ConfigDict(frozen=True)

    label: Label
    wording: str
    probability: float
    model_name: str
    model_version: str
    model_digest: str
    created_at: AwareDatetime


class CustodyStep(BaseModel):
    """A stage that a capture has passed."""

    model_config = ConfigDict(frozen=True)

    stage: CustodyStage
    at: AwareDatetime


class CaptureSummary(BaseModel):
    """One capture in a worklist, with its newest prediction and its custody trail."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    site: str
    device: str
    case: str
    smear: str | None
    stain: str | None
    state: CaptureState
    reason: str | None
    media_type: str
    width: int
    height: int
    quality_verdict: str
    quality_reasons: list[str]
    captured_at: AwareDatetime
    announced_at: AwareDatetime
    received_at: AwareDatetime | None
    prediction: PredictionSummary | None
    custody: list[CustodyStep]
