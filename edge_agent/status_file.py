"""What the running agent tells `status`: a small file beside the outbox, replaced as a whole."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from edge_agent.names_shown import shown

if TYPE_CHECKING:
    from edge_agent.intake.intake import IntakeStatus
    from edge_agent.link.events import LinkState

HEARTBEAT_SECONDS = 5.0
_FILE = "status.json"
_STALE = timedelta(seconds=6 * HEARTBEAT_SECONDS)


class Retrying(BaseModel):
    """A file that cannot be read at present."""

    model_config = ConfigDict(frozen=True)

    file: str
    reason: str


class AgentReport(BaseModel):
    """The agent at one moment."""

    model_config = ConfigDict(frozen=True)

    pid: int
    started_at: AwareDatetime
    written_at: AwareDatetime
    connected: bool
    connected_since: AwareDatetime
    problem: str | None
    detail: str
    cloud_online: bool
    paused: bool
    files_waiting: int
    retrying: tuple[Retrying, ...]
    alarms: tuple[str, ...]

    @classmethod
    def of(cls, *, pid: int, started_at: datetime, link: "LinkState", intake: "IntakeStatus") -> "AgentReport":
        """The report of this moment."""
        return cls(
            pid=pid,
            started_at=started_at,
            written_at=datetime.now(UTC),
            connected=link.connected,
            connected_since=link.since,
            problem=link.problem,
            detail=link.detail,
            cloud_online=link.cloud_online,
            paused=link.paused,
            files_waiting=intake.waiting,
            retrying=tuple(Retrying(file=shown(path), reason=reason) for path, reason in intake.retrying),
            alarms=intake.alarms,
        )

    @property
    def is_stale(self) -> bool:
        """The agent has missed several heartbeats."""
        return datetime.now(UTC) - self.written_at > _STALE

    def write(self, state_dir: Path) -> None:
        """Replace the file; not synced, as it means nothing after a loss of power.

        Raises:
            OSError: the disk is full or does not answer.
        """
        draft = state_dir / f"{_FILE}.draft"
        draft.write_text(self.model_dump_json(), encoding="utf-8")
        draft.replace(state_dir / _FILE)

    @classmethod
    def read(cls, state_dir: Path) -> "AgentReport | None":
        """What the agent last wrote; None where there is nothing, or nothing readable."""
        try:
            return cls.model_validate_json((state_dir / _FILE).read_bytes())
        except (OSError, ValidationError):
            return None
