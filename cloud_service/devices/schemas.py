"""What the API tells of devices and of refused messages."""

from pydantic import AwareDatetime, BaseModel, ConfigDict

from shared.vocabulary import Presence


class DeviceSummary(BaseModel):
    """A microscope workstation and what it last said of itself."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: str
    site_id: str
    presence: Presence
    agent_version: str | None
    last_seen_at: AwareDatetime | None
    clock_skew_seconds: float | None
    outbox_depth: int | None
    parked: int | None
    free_disk_bytes: int | None
    paused: bool
    enrolled_at: AwareDatetime
    disabled_at: AwareDatetime | None


class Refusal(BaseModel):
    """A message that ingest refused; the same again only raises the count."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    topic: str
    reason: str
    count: int
    first_at: AwareDatetime
    last_at: AwareDatetime


class Refusals(BaseModel):
    """The newest refused messages, and how many there are in all."""

    model_config = ConfigDict(frozen=True)

    total: int
    refusals: list[Refusal]
