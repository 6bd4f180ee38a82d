"""What the API and the event stream tell of a capture."""

from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field

from cloud_service.web.schemas import ApiModel
from shared.imaging.quality import QualityMeasures, Verdict
from shared.messages import ResultKind
from shared.vocabulary import CaptureState, CustodyStage, JobState, Label, Priority


class PredictionSummary(ApiModel):
    """A model's answer: a preliminary finding."""

    label: Label
    wording: Annotated[str, Field(examples=[Label.SUSPICIOUS.wording])]
    """The label for people."""
    probability: Annotated[float, Field(ge=0.0, le=1.0, examples=[0.93])]
    """Of blast features, by the model."""
    doubts: list[str]
    """Why the answer should not be relied on, in whole sentences; mostly none."""
    model_name: Annotated[str, Field(examples=["se-cnn"])]
    model_version: Annotated[str, Field(examples=["demo-1"])]
    model_digest: Annotated[str, Field(examples=["5b1f" * 16])]
    created_at: AwareDatetime


class CustodyStep(ApiModel):
    """A stage that a capture has passed."""

    stage: CustodyStage
    at: AwareDatetime


class CaptureSummary(ApiModel):
    """One capture in a worklist, with its newest prediction and its custody trail."""

    id: UUID
    site: Annotated[str, Field(examples=["north"])]
    device: Annotated[str, Field(examples=["scope-1"])]
    case: Annotated[str, Field(examples=["9f2c41d07a3be85516c0d2f4a7b8e391"])]
    """Pseudonym of the accession."""
    smear: Annotated[str, Field(examples=["A"])] | None
    stain: Annotated[str, Field(examples=["Wright-Giemsa"])] | None
    state: CaptureState
    reason: str | None
    """Why it was refused, or why its analysis failed."""
    media_type: Annotated[str, Field(examples=["image/jpeg"])]
    width: int
    """In pixels."""
    height: int
    """In pixels."""
    micrometres_per_pixel: Annotated[float, Field(examples=[0.17])] | None
    """The side of one pixel on the slide, where the laboratory has measured it."""
    quality_verdict: Verdict
    quality_reasons: list[str]
    captured_at: AwareDatetime
    announced_at: AwareDatetime
    received_at: AwareDatetime | None
    prediction: PredictionSummary | None
    custody: list[CustodyStep]


class CapturePage(ApiModel):
    """Some captures, newest announcement first."""

    captures: list[CaptureSummary]
    more: bool
    """There are older ones: ask for those before the last."""
    position: int
    """Of the event log: the stream behind it tells every later change."""


class CaptureCounts(ApiModel):
    """How many captures stand in each state."""

    announced: int
    refused: int
    stored: int
    analysed: int
    failed: int


class DeliveryState(ApiModel):
    """A result on its way to the device that took the capture."""

    id: UUID
    kind: ResultKind
    created_at: AwareDatetime
    attempts: int
    """How often it was published since the device last came back, until the device says that it has shown it."""
    acknowledged_at: AwareDatetime | None


class JobProgress(ApiModel):
    """Where a capture's analysis stands."""

    state: JobState
    attempts: int
    """How often a worker has begun with it; a person's retry begins from 0, and what is put off does not count."""
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
