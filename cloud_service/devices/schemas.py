"""What the API takes and tells of devices and of refused messages."""

from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field

from cloud_service.web.schemas import ApiModel, ApiRequest
from shared.identifiers import SlugId
from shared.messages import CommandAction, RefusedByKind
from shared.vocabulary import CommandState, Presence

ASiteId = Annotated[SlugId, Field(examples=["north"])]
ADeviceId = Annotated[SlugId, Field(examples=["scope-1"])]


class DeviceCommandView(ApiModel):
    """An order to a device, and how far it has come."""

    id: UUID
    action: CommandAction
    state: CommandState
    created_by: Annotated[str, Field(examples=["admin"])]
    created_at: AwareDatetime
    attempts: int
    """How often it was published since the device last came back, until the device's status confirms it."""
    sent_at: AwareDatetime | None
    """When it was published first."""
    settled_at: AwareDatetime | None
    """When the device's status confirmed it, or a later order took its place."""


class NewDeviceCommand(ApiRequest):
    """An order to a device."""

    action: CommandAction


class DeviceSummary(ApiModel):
    """A microscope workstation and what it last said of itself."""

    id: ADeviceId
    site_id: ASiteId
    presence: Presence
    agent_version: Annotated[str, Field(examples=["0.1.0"])] | None
    last_seen_at: AwareDatetime | None
    clock_skew_seconds: float | None
    """By how much its clock is ahead."""
    outbox_depth: int | None
    """Captures that the cloud has not stored yet."""
    parked: int | None
    """Captures that wait for a person at the device."""
    refused_files: int | None
    """Files in its watched folders that it did not take; which they are, `smearflow-edge status` says there."""
    refused_by_kind: Annotated[RefusedByKind, Field(examples=[{"damaged": 2, "no_accession": 1}])] | None
    """How many of these for each kind of reason; what is missing from `refused_files` has a reason of another kind."""
    free_disk_bytes: int | None
    paused: bool
    """It was told to send no captures, and does not."""
    enrolled_at: AwareDatetime
    disabled_at: AwareDatetime | None
    """Since when it is shut out."""
    last_command: DeviceCommandView | None = None
    """What it was told last."""


class NewEnrolmentCode(ApiRequest):
    """Which workstation is to be enrolled."""

    site: ASiteId
    device: ADeviceId


class EnrolmentCodeView(ApiModel):
    """A code that lets one workstation fetch its credentials."""

    code: Annotated[str, Field(examples=["7KQ2-9XMB-T4VN-CYP3"])]
    """Shown this once; good for one enrolment."""
    site: ASiteId
    device: ADeviceId
    expires_at: AwareDatetime


class OpenEnrolmentCode(ApiModel):
    """A code that was made and not used yet; the code itself is kept nowhere."""

    site: ASiteId
    device: ADeviceId
    created_by: Annotated[str, Field(examples=["admin"])]
    created_at: AwareDatetime
    expires_at: AwareDatetime


class Redemption(ApiRequest):
    """A code that a workstation was given."""

    code: Annotated[str, Field(min_length=1, max_length=64, examples=["7KQ2-9XMB-T4VN-CYP3"])]


class BrokerAddress(ApiModel):
    """Where workstations reach the broker."""

    host: Annotated[str, Field(examples=["broker.hospital.example"])]
    port: Annotated[int, Field(examples=[8883])]


class DeviceCredentials(ApiModel):
    """What a workstation needs to connect; told this once."""

    site: ASiteId
    device: ADeviceId
    password: str
    """At the broker, where the device's id is user name and client id."""
    broker: BrokerAddress
    ca_certificate: str | None
    """The broker's authority (PEM); null: the line is not encrypted."""


class Refusal(ApiModel):
    """A message that ingest refused; the same again only raises the count."""

    topic: Annotated[str, Field(examples=["smearflow/v1/north/scope-1/up/announce"])]
    reason: str
    count: int
    first_at: AwareDatetime
    last_at: AwareDatetime


class Refusals(ApiModel):
    """The newest refused messages, and how many there are in all."""

    total: int
    refusals: list[Refusal]
