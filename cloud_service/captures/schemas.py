"""What the API and the event stream tell of a capture."""

from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict

from shared.imaging.quality import QualityMeasures, Verdict
from shared.messages import ResultKind
from shared.vocabulary import CaptureState, CustodyStage, JobState, Label, Priority


class PredictionSummary(BaseModel):
    """A model's answer: a preliminary finding."""

    model_config = ConfigDict(frozen=True)

    label: Label
    wording: str
    probability: float
    doubts: list[str]
    """Why the answer should not be relied on, in whole sentences; mostly none."""
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
    quality_verdict: Verdict
    quality_reasons: list[str]
    captured_at: AwareDatetime
    announced_at: AwareDatetime
    received_at: AwareDatetime | None
    prediction: PredictionSummary | None
    custody: list[CustodyStep]


class CapturePage(BaseModel):
    """Some captures, newest announcement first."""

    model_config = ConfigDict(frozen=True)

    captures: list[CaptureSummary]
    more: bool
    """There are older ones: ask for those before the last."""
    position: int
    """Of the event log: the stream behind it tells every later change."""


class CaptureCounts(BaseModel):
    """How many captures stand in each state."""

    model_config = ConfigDict(frozen=True)

    announced: int
    refused: int
    stored: int
    analysed: int
    failed: int


class DeliveryState(BaseModel):
    """A result on its way to the device that took the capture."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    kind: ResultKind
    created_at: AwareDatetime
    attempts: int
    acknowledged_at: AwareDatetime | None


class JobProgress(BaseModel):
    """Where a capture's analysis stands."""

    model_config = ConfigDict(frozen=True)

    state: JobState
    attempts: int
    reason: str | None


class CaptureDetail(CaptureSummary):
    """All that is known of one capture."""

    sha256: str
    byte_size: int
    specimen: str | None
    priority: Priority
    quality: QualityMeasures
    job: JobProgress | None
    deliveries: list[DeliveryState]
