"""What the technician's workstation knows of each file, as `smearflow-edge outbox list --json` tells it."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict

from cloud_service.local_stack.processes import output_of, script
from shared.messages import Result, ResultKind
from shared.vocabulary import OutboxState


class EdgeCapture(BaseModel):
    """One capture of the outbox; the same image may lie in several files."""

    model_config = ConfigDict(frozen=True)

    capture_id: UUID
    files: tuple[Path, ...]
    state: OutboxState
    queued_at: AwareDatetime
    reason: str | None = None
    result: Result | None = None


class EdgeRefusal(BaseModel):
    """One file that the edge did not take."""

    model_config = ConfigDict(frozen=True)

    file: Path
    reason: str


class EdgeListing(BaseModel):
    """All that `outbox list --json` prints."""

    captures: tuple[EdgeCapture, ...]
    refused: tuple[EdgeRefusal, ...]


class EdgeFile(BaseModel):
    """What became of one file, seen from the device that it was taken on."""

    model_config = ConfigDict(frozen=True)

    capture_id: UUID | None = None
    queued_at: datetime | None = None
    waits: bool = False
    result: Result | None = None
    reason: str | None = None

    @property
    def is_diagnosed(self) -> bool:
        """A model's answer has come back to the device."""
        return self.result is not None and self.result.kind is ResultKind.PREDICTION

    @property
    def is_refused(self) -> bool:
        """It has no answer, and a person can read why."""
        return not self.is_diagnosed and not self.waits and self.reason is not None

    @property
    def is_answered(self) -> bool:
        """Nothing more is to come by itself."""
        return self.is_diagnosed or self.is_refused


async def edge_files(config: Path) -> dict[Path, EdgeFile]:
    """What became of each file that the edge agent with this `edge.toml` has seen."""
    command = [script("smearflow-edge"), "outbox", "list", "--config", str(config), "--all", "--json"]
    listing = EdgeListing.model_validate_json(await output_of(command))
    return dict(_by_file(listing))


def _by_file(listing: EdgeListing) -> Iterable[tuple[Path, EdgeFile]]:
    for refusal in listing.refused:
        yield refusal.file, EdgeFile(reason=refusal.reason)
    for capture in listing.captures:
        known: dict[str, Any] = {
            "capture_id": capture.capture_id,
            "queued_at": capture.queued_at,
            "waits": capture.state in {OutboxState.WAITING, OutboxState.STORED},
            "result": capture.result,
            "reason": (capture.result and capture.result.reason) or capture.reason,
        }
        for file in capture.files:
            yield file, EdgeFile(**known)
