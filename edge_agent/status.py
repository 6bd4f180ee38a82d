"""What a technician wants to know: at a glance, as text; for programs, as JSON."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict

from edge_agent.agent_lock import is_agent_running
from edge_agent.config import EdgeConfig
from edge_agent.names_shown import shown
from edge_agent.outbox.outbox import Outbox
from edge_agent.outbox.records import OutboxEntry, RefusedFile
from edge_agent.status_file import AgentReport
from shared.identifiers import Sha256
from shared.messages import Result, ResultKind
from shared.vocabulary import RESEARCH_USE_ONLY, OutboxState, RefusalKind
from shared.wording import counted

_SHOWN = 10


class ListedCapture(BaseModel):
    """One capture of the outbox, with what came back."""

    model_config = ConfigDict(frozen=True)

    capture_id: UUID
    sequence: int
    sha256: Sha256
    files: tuple[str, ...]
    state: OutboxState
    queued_at: AwareDatetime
    reason: str | None
    result: Result | None


class ListedRefusal(BaseModel):
    """One file that was not taken."""

    model_config = ConfigDict(frozen=True)

    file: str
    kind: RefusalKind | None
    reason: str
    noted_at: AwareDatetime


class ListedResult(BaseModel):
    """A result that came back, in words."""

    model_config = ConfigDict(frozen=True)

    file: str | None
    finding: str
    shown_at: AwareDatetime
    result: Result


class ListedAlarm(BaseModel):
    """Something that a person should look at."""

    model_config = ConfigDict(frozen=True)

    raised_at: AwareDatetime
    text: str


class Listing(BaseModel):
    """What `outbox list --json` prints."""

    model_config = ConfigDict(frozen=True)

    captures: tuple[ListedCapture, ...]
    refused: tuple[ListedRefusal, ...]


class Status(BaseModel):
    """What `status --json` prints."""

    model_config = ConfigDict(frozen=True)

    site: str
    device: str
    running: bool
    agent: AgentReport | None
    captures: dict[OutboxState, int]
    refused_files: int
    refused_by_kind: dict[RefusalKind, int]
    parked: tuple[ListedCapture, ...]
    refused: tuple[ListedRefusal, ...]
    results: tuple[ListedResult, ...]
    alarms: tuple[ListedAlarm, ...]
    notice: str = RESEARCH_USE_ONLY


def list_outbox(outbox: Outbox, *, limit: int | None) -> Listing:
    """The captures (the latest `limit`, or all) in the order in which they came, and the refused files."""
    captures = _listed(outbox, outbox.entries(limit=limit))
    refused = tuple(map(_refusal, outbox.refused_files(limit)))
    return Listing(captures=captures, refused=refused)


def read_status(config: EdgeConfig, outbox: Outbox) -> Status:
    """How this device stands."""
    counts = outbox.counts()
    return Status(
        site=config.site,
        device=config.device,
        running=is_agent_running(config.state_dir),
        agent=AgentReport.read(config.state_dir),
        captures={state: counts.by_state.get(state, 0) for state in OutboxState},
        refused_files=counts.refused_files,
        refused_by_kind=dict(counts.refused_by_kind),
        parked=_listed(outbox, outbox.entries(OutboxState.PARKED, limit=_SHOWN)),
        refused=tuple(map(_refusal, outbox.refused_files(_SHOWN))),
        results=tuple(
            ListedResult(
                file=_plain(back.path) if back.path else None,
                finding=finding(back.result),
                shown_at=back.shown_at,
                result=back.result,
            )
            for back in outbox.results(_SHOWN)
        ),
        alarms=tuple(ListedAlarm(raised_at=alarm.raised_at, text=alarm.text) for alarm in outbox.alarms(_SHOWN)),
    )


def _listed(outbox: Outbox, entries: list[OutboxEntry]) -> tuple[ListedCapture, ...]:
    listed = [entry.capture_id for entry in entries]
    files, results = outbox.files_of(listed), outbox.latest_results(listed)
    return tuple(
        ListedCapture(
            capture_id=entry.capture_id,
            sequence=entry.sequence,
            sha256=entry.sha256,
            files=tuple(_plain(path) for path in files.get(entry.capture_id, [])),
            state=entry.state,
            queued_at=entry.manifest.queued_at,
            reason=entry.reason,
            result=results.get(entry.capture_id),
        )
        for entry in entries
    )


def _refusal(file: RefusedFile) -> ListedRefusal:
    return ListedRefusal(file=_plain(file.path), kind=file.kind, reason=file.reason, noted_at=file.noted_at)


def finding(result: Result) -> str:
    """A result in words; a model's is a preliminary finding, whatever it says."""
    match result.kind:
        case ResultKind.FAILURE:
            return f"not analysed: {result.reason or 'no reason was given'}"
        case ResultKind.DIAGNOSIS:
            return f"signed diagnosis: {result.diagnosis}"
        case ResultKind.PREDICTION:
            probability = "" if result.probability is None else f" (probability {result.probability:.2f})"
            return f"preliminary finding: {result.answer}{probability}"


def status_lines(status: Status) -> Iterator[str]:
    """The status as a technician reads it."""
    yield f"Device {status.device} of site {status.site}: {_agent_line(status)}"
    agent = status.agent
    if status.running and agent is not None:
        yield f"  Broker: {_broker_line(agent)}"
        yield f"  Cloud:  {'online' if agent.cloud_online else 'offline; captures wait here until it is back'}"
        if agent.paused:
            yield "  Paused by the cloud: captures are taken in, and sent when it resumes."
    yield _counts_line(status)
    alarms = [*(agent.alarms if agent else ()), *(_stamped(alarm.raised_at, alarm.text) for alarm in status.alarms)]
    yield from _section("Alarms", alarms)
    retrying = agent.retrying if agent else ()
    yield from _section("Cannot be read at present", [f"{file.file}: {file.reason}" for file in retrying])
    parked = [f"{_name(capture)}: {capture.reason}" for capture in status.parked]
    yield from _section("Parked (when mended: `smearflow-edge outbox retry`)", parked)
    yield from _section("Refused files", [f"{_escaped(file.file)}: {file.reason}" for file in status.refused])
    results = [f"{_stamped(found.shown_at, _file_name(found))}: {found.finding}" for found in status.results]
    yield from _section("Latest results", results)
    yield status.notice


def listing_lines(listing: Listing) -> Iterator[str]:
    """The outbox as a technician reads it, one capture or refused file a line."""
    for capture in listing.captures:
        told = finding(capture.result) if capture.result else capture.reason or ""
        yield f"{capture.state:9} {capture.capture_id} {_clock(capture.queued_at)} {_name(capture)} {told}".rstrip()
    for refusal in listing.refused:
        yield f"refused   {_clock(refusal.noted_at)} {_escaped(refusal.file)}: {refusal.reason}"
    if not listing.captures and not listing.refused:
        yield "The outbox is empty."


def _agent_line(status: Status) -> str:
    if not status.running:
        return "the agent is NOT RUNNING; captures are not taken in. Start it with `smearflow-edge run`."
    if status.agent is None:
        return "the agent is starting."
    if status.agent.is_stale:
        return f"the agent runs but does NOT ANSWER since {_clock(status.agent.written_at)}; restart it."
    return f"the agent runs (process {status.agent.pid})."


def _broker_line(agent: AgentReport) -> str:
    if agent.connected:
        return f"connected since {_clock(agent.connected_since)}"
    if agent.problem is None:
        return "connecting"
    return f"NOT CONNECTED since {_clock(agent.connected_since)}: {agent.problem}"


def _counts_line(status: Status) -> str:
    counts = status.captures
    return (
        f"Captures: {counts[OutboxState.WAITING]} waiting to be sent · {counts[OutboxState.STORED]} stored, awaiting"
        f" their result · {counts[OutboxState.ANSWERED]} answered · {counts[OutboxState.PARKED]} parked"
        f" · {counted(status.refused_files, 'file')} refused"
    )


def _section(title: str, lines: list[str]) -> Iterator[str]:
    if lines:
        yield f"{title}:"
        yield from (f"  {line}" for line in lines)


def _stamped(at: datetime, text: str) -> str:
    return f"{_clock(at)} {text}"


def _clock(at: datetime) -> str:
    return f"{at.astimezone():%Y-%m-%d %H:%M:%S}"


def _name(capture: ListedCapture) -> str:
    return _escaped(Path(capture.files[0]).name) if capture.files else f"capture {capture.capture_id}"


def _file_name(found: ListedResult) -> str:
    return _escaped(Path(found.file).name) if found.file else f"capture {found.result.capture_id}"


def _escaped(text: str) -> str:
    return shown(Path(text))


def _plain(path: Path) -> str:
    """The path as text for JSON; bytes that are no UTF-8 are escaped, all else stays."""
    return str(path).encode("utf-8", "backslashreplace").decode("utf-8")
