"""What the API tells of the system's state."""

from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field

from cloud_service.vocabulary import TrainingJobKind
from cloud_service.web.schemas import ApiModel


class QueueHealth(ApiModel):
    """The analyses."""

    waiting: int
    claimed: int
    """Being analysed now, or their worker has died a moment ago."""
    failed: int
    """Wait for a person."""
    oldest_unclaimed_seconds: float | None
    """Age of the analysis that has waited longest though it may be claimed; it grows where no worker is alive."""


class AnsweringModel(ApiModel):
    """A model that a worker answers with in one scope."""

    scope: Annotated[str, Field(examples=["*"])]
    """A site, or `*` for all that have no model of their own."""
    model: Annotated[str, Field(examples=["se-cnn demo-1"])]
    digest: str
    runtime: Annotated[str, Field(examples=["onnxruntime"])]


class WorkerHealth(ApiModel):
    """An inference worker that said something within a day."""

    name: Annotated[str, Field(examples=["cloud-1:4711"])]
    alive: bool
    started_at: AwareDatetime
    seen_at: AwareDatetime
    model: Annotated[str, Field(examples=["se-cnn demo-1"])] | None
    model_digest: str | None
    runtime: Annotated[str, Field(examples=["onnxruntime"])] | None
    """These three are of the model that answers everywhere."""
    models: list[AnsweringModel]
    """All that it answers with."""
    model_faults: list[str]
    """Why it could not load a model that is in service or in the shadow; the one before that answers meanwhile."""
    engine_notes: list[str]
    """Why TensorRT does not answer: no GPU, an engine that is being built, or one that failed."""
    claimed: int
    """Analyses that it holds now."""
    answered: int
    """Captures that it has worked off since it started."""


class TrainingWorkerHealth(ApiModel):
    """A worker of the training queue that said something within a day."""

    name: Annotated[str, Field(examples=["cloud-1:4712"])]
    alive: bool
    started_at: AwareDatetime
    seen_at: AwareDatetime
    job_id: UUID | None
    """That it works on now."""
    job_kind: TrainingJobKind | None
    threads: int | None
    """Processor threads that it gives to a job."""
    begun: int
    """Jobs that it has begun since it started."""


class TrainingHealth(ApiModel):
    """The long work: data sets, trainings, assessments of models."""

    waiting: int
    running: int
    failed: int
    """So many ever have."""
    oldest_unclaimed_seconds: float | None
    """How long a job that may be begun has waited; while one is worked on, others wait their turn."""
    workers: list[TrainingWorkerHealth]


class IngestHealth(ApiModel):
    """A replica of ingest that said something within a day."""

    name: Annotated[str, Field(examples=["ingest-0"])]
    alive: bool
    started_at: AwareDatetime
    seen_at: AwareDatetime
    shard: int | None
    shard_count: int | None
    serving: bool
    """It is connected to the broker and subscribed."""


class DeviceHealth(ApiModel):
    """The workstations, all sites together."""

    enrolled: int
    """Those that are not shut out."""
    online: int


class DeliveryHealth(ApiModel):
    """Results on their way to the devices."""

    waiting: int
    oldest_seconds: float | None
    """Age of the result that has waited longest for its device to show it."""


class StorageHealth(ApiModel):
    """Where captures are kept."""

    kind: Annotated[str, Field(examples=["folder"])]
    """`folder`, or `s3`, which tells nothing of its size."""
    free_bytes: int | None
    total_bytes: int | None


class SystemHealth(ApiModel):
    """What each part of the system says of itself."""

    version: Annotated[str, Field(examples=["0.1.0"])]
    at: AwareDatetime
    database: Annotated[str, Field(examples=["postgresql"])]
    """`postgresql` or `sqlite`."""
    redis: bool
    """It answers. Without it results come later, but they come."""
    queue: QueueHealth
    workers: list[WorkerHealth]
    training: TrainingHealth
    ingests: list[IngestHealth]
    devices: DeviceHealth
    deliveries: DeliveryHealth
    event_position: int
    """How many events were ever written."""
    storage: StorageHealth
