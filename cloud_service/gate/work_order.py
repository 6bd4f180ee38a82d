"""What the process of an assessment is told, and what it hands back: it knows no database."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from cloud_service.datasets.materials import MaterialImage
from cloud_service.gate.schemas import ParityFigures, SpeedFigures, TestSetFigures
from cloud_service.ml.evaluation.measures import Measure
from shared.vocabulary import Label, PersonVerdict


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class OrderedModel(_Part):
    """A model, and where its package is kept; None: it is not."""

    digest: str
    package_sha256: str | None


class OrderedTestSet(_Part):
    """A locked test set, with its images."""

    dataset_id: UUID
    name: str
    number: int
    site: str | None
    digest: str
    images: list[MaterialImage]


class Said(_Part):
    """A model's answer on an image of a signed case."""

    probability: float
    label: Label
    doubted: bool


class OrderedImage(_Part):
    """An image of a signed case."""

    capture_id: UUID
    sha256: str
    verdict: bool | None  # whether a person's word on it is that it shows blast features
    in_training: bool  # whether it is in a data set for training
    champion: Said | None  # what the champion answered when the image came, where it was that model


class OrderedCase(_Part):
    """A signed case."""

    case_id: UUID
    site: str
    signed_at: datetime
    verdict: PersonVerdict
    images: list[OrderedImage]


class AssessmentOrder(_Part):
    """What is to be measured; written once, at the first attempt, so that all attempts measure the same."""

    scope: str
    promises: tuple[Measure, ...]
    runtime: str
    threads: int
    challenger: OrderedModel
    champion: OrderedModel | None
    test_sets: list[OrderedTestSet]
    cases: list[OrderedCase]
    of_cases: int  # signed ones in the scope


class SignedAnswer(_Part):
    """Both models on an image of a signed case; None: it could not be read, or there is no such model."""

    capture_id: UUID
    challenger: Said | None
    champion: Said | None
    fault: str | None = None  # why it could not be read


class AssessmentOutcome(_Part):
    """What was found; nothing but faults where the challenger could not be loaded."""

    challenger_fault: str | None  # why it could not be measured
    champion_fault: str | None
    champion_size: int | None
    challenger_size: int | None = None
    trained_on: str | None = None  # digest of the data set that the challenger's card names
    parity: ParityFigures | None = None
    parity_fault: str | None = None
    speed: SpeedFigures | None = None
    test_sets: list[TestSetFigures] = []
    signed: list[SignedAnswer] = []
