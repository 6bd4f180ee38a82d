"""The JSON messages of the wire protocol, version 1 (shared/PROTOCOL.md describes them for people).

Every message is frozen, names its version, is written with `encode` and read with `decode`. Fields that a reader does
not know are ignored, so that an older side can talk to a newer one; what it does know is checked strictly.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    NonNegativeInt,
    ValidationError,
    model_validator,
)

from shared.errors import ProtocolError
from shared.identifiers import Sha256, SlugId
from shared.imaging.quality import QualityMeasures
from shared.parts import MAX_PARTS, PartPlan
from shared.vocabulary import Label, PersonVerdict, Presence, Priority, RefusalKind, ReportStatus

ShortText = Annotated[str, Field(min_length=1, max_length=200)]
Reason = Annotated[str, Field(min_length=1, max_length=2000)]
Probability = Annotated[float, Field(ge=0.0, le=1.0)]
MicrometresPerPixel = Annotated[float, Field(gt=0.0, le=100.0)]


def _of_known_kinds(counts: object) -> object:
    """Without the kinds that a newer side may name, as a field that is not known is left out."""
    if not isinstance(counts, dict):
        return counts
    return {kind: count for word, count in counts.items() if (kind := RefusalKind.known(word))}


RefusedByKind = Annotated[dict[RefusalKind, NonNegativeInt], BeforeValidator(_of_known_kinds)]
"""How many files a device did not take, by the kind of the reason; what no kind is known of is left out."""


class Message(BaseModel):
    """What all messages share."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    v: Literal[1] = Field(1, description="version of the protocol")

    def encode(self) -> bytes:
        """The message as UTF-8 JSON."""
        return self.model_dump_json().encode()

    @classmethod
    def decode(cls, payload: bytes) -> Self:
        """Read a message.

        Raises:
            ProtocolError: the payload is no JSON, of another version, or a field is missing or wrong.
        """
        try:
            return cls.model_validate_json(payload)
        except ValidationError as error:
            faults = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'message'}: {e['msg']}" for e in error.errors()[:5])
            raise ProtocolError(f"{cls.__name__} cannot be read: {faults}") from error


class DeviceStatus(Message):
    """Birth, periodic state and last will of a device (retained)."""

    site: SlugId
    device: SlugId
    state: Presence
    session: UUID = Field(description="one connection of the device; a will of a former one does not count")
    agent_version: ShortText
    sent_at: AwareDatetime = Field(description="the device's clock; for the will, when the connection was made")
    outbox_depth: int = Field(ge=0, description="captures not yet stored by the cloud")
    parked: int = Field(ge=0, description="captures that wait for a person")
    refused_files: int = Field(0, ge=0, description="files in the watched folders that are no captures, or unreadable")
    refused_by_kind: RefusedByKind = Field({}, description="how many of them for each kind of reason that is known")
    free_disk_bytes: int = Field(ge=0)
    paused: bool = False
    obeyed: UUID | None = Field(None, description="the last command that was carried out")


class Announce(Message):
    """The manifest of one capture: all that the cloud is to know of it but its bytes."""

    site: SlugId
    device: SlugId
    capture_id: UUID
    outbox_id: UUID = Field(description="the outbox that counts; a new one begins at 1 again")
    sequence: int = Field(ge=1, description="the outbox's own count; orders captures when the clock is wrong")
    sha256: Sha256 = Field(description="of the bytes that travel")
    original_sha256: Sha256 = Field(description="of the file at the edge, before its metadata was stripped")
    byte_size: int = Field(gt=0)
    media_type: Literal["image/jpeg", "image/png"]
    width: int = Field(gt=0, description="pixels")
    height: int = Field(gt=0, description="pixels")
    part_size: int = Field(gt=0, description="bytes")
    part_count: int = Field(gt=0, le=MAX_PARTS)
    case: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")] = Field(description="the accession's pseudonym")
    specimen: ShortText | None = None
    smear: ShortText | None = None
    stain: ShortText | None = None
    micrometres_per_pixel: MicrometresPerPixel | None = Field(
        None, description="side of one pixel on the slide, where the laboratory has measured it"
    )
    captured_at: AwareDatetime
    queued_at: AwareDatetime = Field(description="when the capture was durable in the device's outbox")
    quality: QualityMeasures
    priority: Priority = Priority.ROUTINE
    parts_follow: bool = Field(description="all parts come right behind, so a list of missing ones is not wanted")

    @model_validator(mode="after")
    def _count_fits_sizes(self) -> Self:
        if self.plan.count != self.part_count:
            raise ValueError(f"part_count is {self.part_count}, the sizes give {self.plan.count}")
        return self

    @property
    def plan(self) -> PartPlan:
        """How the bytes fall into parts."""
        try:
            return PartPlan(self.byte_size, self.part_size)
        except ProtocolError as error:
            raise ValueError(str(error)) from error


class ReceiptOutcome(StrEnum):
    """What a receipt says."""

    STORED = "stored"
    MISSING = "missing"
    REFUSED = "refused"


class Receipt(Message):
    """The cloud's word on one capture. `stored` names the SHA-256 that is durable; nothing else permits a deletion."""

    capture_id: UUID
    outcome: ReceiptOutcome
    sha256: Sha256 | None = None
    missing: tuple[int, ...] = ()
    reason: Reason | None = None

    @model_validator(mode="after")
    def _carries_what_its_outcome_needs(self) -> Self:
        needed = {
            ReceiptOutcome.STORED: ("sha256", self.sha256),
            ReceiptOutcome.MISSING: ("missing", self.missing),
            ReceiptOutcome.REFUSED: ("reason", self.reason),
        }
        name, value = needed[self.outcome]
        if not value:
            raise ValueError(f"a receipt that says {self.outcome} needs {name}")
        return self


class ResultKind(StrEnum):
    """Who speaks in a result."""

    PREDICTION = "prediction"  # the model: a preliminary finding
    FAILURE = "failure"  # the analysis gave up; the reason says why
    DIAGNOSIS = "diagnosis"  # a clinician, signed


class Result(Message):
    """A capture's result for the device that took it. Whoever shows it checks capture id and SHA-256 first."""

    delivery_id: UUID
    capture_id: UUID
    sha256: Sha256 = Field(description="of the capture's bytes")
    kind: ResultKind
    model_name: ShortText | None = None
    model_version: ShortText | None = None
    model_digest: Sha256 | None = None
    probability: Probability | None = Field(None, description="of blast features, by the model")
    label: Label | None = None
    doubts: tuple[Reason, ...] = Field((), description="why the model's answer should not be relied on, in sentences")
    reason: Reason | None = None
    verdict: PersonVerdict | None = Field(None, description="of the whole case, by the clinician who signed")
    report_id: UUID | None = Field(None, description="the signed report, as the cloud's API knows it")
    report_number: int | None = Field(None, ge=1, description="of the case's reports; a later one replaces the former")
    report_status: ReportStatus | None = None
    signed_by: ShortText | None = None
    created_at: AwareDatetime

    @property
    def diagnosis(self) -> str:
        """The signed diagnosis in words, with its report; by its label or reason alone where no verdict is named."""
        if self.verdict is None:
            return self.reason or (self.label.wording if self.label else "no words were sent")
        amended = ", amended" if self.report_status is ReportStatus.AMENDED else ""
        return f"{self.verdict.wording} (report {self.report_number}{amended}, signed by {self.signed_by})"

    @property
    def answer(self) -> str:
        """The model's answer in words; where it is doubted, why comes first."""
        words = self.label.wording if self.label else "no label"
        return f"Cannot say. {' '.join(self.doubts)} The model's own answer: {words}" if self.doubts else words


class Ack(Message):
    """The workstation has shown this result."""

    capture_id: UUID
    delivery_id: UUID
    shown_at: AwareDatetime


class CommandAction(StrEnum):
    """What a device can be told."""

    PAUSE = "pause"  # send no captures; keep on taking them in
    RESUME = "resume"
    REANNOUNCE = "reannounce"  # ask again for a receipt for all that waits
    RELOAD = "reload"  # read the settings again


class Command(Message):
    """An order to a device."""

    command_id: UUID
    action: CommandAction
    issued_at: AwareDatetime


class CloudState(Message):
    """Retained state and last will of one ingest replica: devices send only while theirs is online."""

    state: Presence
    shard: int = Field(ge=0)
    shard_count: int = Field(ge=1)
    since: datetime
