"""What the API takes and tells of the gate: assessments, and proposals to put a model into service."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from cloud_service.gate.margins import Margins
from cloud_service.ml.evaluation.comparison import Comparison
from cloud_service.ml.evaluation.measures import Measure
from cloud_service.models.registry import EVERYWHERE
from cloud_service.registry.schemas import Reason, Scope
from cloud_service.vocabulary import GateCheckName, ImpactChange, ProposalState
from cloud_service.web.schemas import ApiModel, ApiRequest
from shared.identifiers import Sha256
from shared.vocabulary import CaseAnswer, Label, PersonVerdict

PromisedMeasure = Literal[
    Measure.BALANCED_ACCURACY, Measure.ACCURACY, Measure.ROC_AUC, Measure.RECALL_ALL, Measure.RECALL_NOT_ALL
]
"""What a model can be promised to be better in, or equal."""


class AssessmentRequest(ApiRequest):
    """The wish to have a model measured against the one in service."""

    scope: Scope = EVERYWHERE
    """Where it is meant to come into service: its locked test sets count, and those of all sites."""
    promises: Annotated[tuple[PromisedMeasure, ...], Field(max_length=5)] = (Measure.BALANCED_ACCURACY,)
    """Beside a sensitivity that is not worse by more than a margin: what is to be better or equal."""


class GateCheck(ApiModel):
    """One thing that is looked at before a model may come into service."""

    name: GateCheckName
    title: str
    passed: bool | None
    """Null: it could not be looked at, which counts as not passed."""
    text: str
    """What was found."""
    advice: str | None
    """What to do next; null where it is passed."""


class ParityFigures(ApiModel):
    """How far ONNX Runtime's logits are from torch's."""

    images: int
    difference: float
    """The largest one."""
    most: float
    """What is let pass."""


class SpeedFigures(ApiModel):
    """How long one image takes each model, measured in turn in the same run."""

    runtime: str
    threads: int
    images: int
    challenger_milliseconds: float
    """Median."""
    champion_milliseconds: float | None
    ratio: float | None
    """Median over the images of the challenger's time through the champion's; null: there is no champion."""


class TestSetFigures(ApiModel):
    """Both models on one locked test set."""

    dataset_id: UUID
    name: str
    number: int
    site: str | None
    """Whose images it holds; null: of all sites."""
    digest: Sha256
    images: int
    positives: int
    groups: int
    comparison: Comparison


class ImpactSummary(ApiModel):
    """The signed cases that were looked at."""

    cases: int
    of_cases: int
    """Signed ones in the scope with images that people have judged; the newest are looked at."""
    images: int
    trained_on: int
    """Images among them that are in data sets for training, so that a model may know them by heart."""
    unreadable: int
    """Images that could not be looked at."""
    suspicious: int
    """Cases that were signed as suspicious."""
    challenger_found: int
    """Of these, such that the challenger calls suspicious."""
    champion_found: int | None
    changes: dict[ImpactChange, int]


class ComparisonFigures(ApiModel):
    """All figures of an assessment."""

    scope: str
    promises: tuple[Measure, ...]
    margins: Margins
    challenger_size: int | None
    """Width and height of the images that it takes, pixels; null: its package could not be read."""
    champion_size: int | None
    parity: ParityFigures | None
    speed: SpeedFigures | None
    test_sets: list[TestSetFigures]
    signed_cases: ImpactSummary | None


class ImpactImage(ApiModel):
    """An image of a signed case that the two models label differently, or the challenger otherwise than the person."""

    capture_id: UUID
    verdict: bool | None
    """Whether a person's word on it is that it shows blast features; null: there is none."""
    challenger_label: Label
    challenger_probability: float
    challenger_doubted: bool
    champion_label: Label | None
    champion_probability: float | None
    champion_doubted: bool | None


class ImpactEntry(ApiModel):
    """A signed case that the challenger would have called otherwise, than the person or than the champion."""

    case_id: UUID
    site: str
    signed_at: AwareDatetime
    verdict: PersonVerdict
    """Signed."""
    champion_answer: CaseAnswer | None
    """Null: there is no champion."""
    challenger_answer: CaseAnswer
    """Preliminary, as every answer of a model; never that somebody is healthy."""
    change: ImpactChange
    trained_on: bool
    """Whether images of it are in data sets for training."""
    images: list[ImpactImage]


class AssessmentSummary(ApiModel):
    """How a model did at the gate, in short."""

    id: UUID
    model_digest: Sha256
    model_name: str
    model_version: str
    champion_digest: Sha256 | None
    """In service in the scope at that time; null: none was."""
    champion_name: str | None
    champion_version: str | None
    scope: str
    passed: bool
    failed: list[str]
    """Titles of the checks that it did not pass."""
    job_id: UUID
    created_at: AwareDatetime
    overtaken: str | None
    """Why it is no longer a ground for a promotion, in words; null: it is."""


class AssessmentDetail(AssessmentSummary):
    """How a model did at the gate."""

    checks: list[GateCheck]
    figures: ComparisonFigures
    impact: list[ImpactEntry]
    """The gravest first."""


class ProposalRequest(ApiRequest):
    """The wish to put a model into service."""

    scope: Scope = EVERYWHERE
    assessment_id: UUID
    reason: Reason
    override_reason: Reason | None = None
    """Why in spite of what failed at the gate: needed then, and kept in the audit trail for good."""


class DecisionRequest(ApiRequest):
    """A second person's decision."""

    reason: Reason


class ProposalView(ApiModel):
    """Somebody's wish to put a model into service, and what became of it."""

    id: UUID
    model_digest: Sha256
    model_name: str
    model_version: str
    scope: str
    assessment_id: UUID
    passed: bool
    """Whether the model passed the gate."""
    champion_digest: Sha256 | None
    """What it would take the place of."""
    state: ProposalState
    reason: str
    override_reason: str | None
    proposed_by: str
    is_own: bool
    """Whether the one who asks made it himself, here or at the command line: he can only withdraw it."""
    proposed_at: AwareDatetime
    decided_by: str | None
    decided_at: AwareDatetime | None
    decision_reason: str | None
    obstacle: str | None
    """Why the one who asks cannot approve it; null: he can."""
