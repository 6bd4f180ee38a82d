"""What may be read from the outbox, by the agent itself and by `status` and `outbox list` beside it."""

import json
import os
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from uuid import UUID

from edge_agent.intake.capture import Fingerprint
from edge_agent.outbox.database import OutboxDatabase
from edge_agent.outbox.records import (
    LONGEST_DELAY,
    Alarm,
    Counts,
    OutboxEntry,
    RefusedFile,
    ShownResult,
    UnsettledOriginal,
    path_from,
)
from shared.messages import Result
from shared.vocabulary import OutboxState, RefusalKind


class OutboxViews:
    """The reading half of the outbox; nothing here changes it."""

    def __init__(self, database: OutboxDatabase, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._database = database
        self.outbox_id = UUID(database.rows("SELECT outbox_id FROM identity")[0]["outbox_id"])

    def close(self) -> None:
        """Close the file; no other thread may be using it."""
        self._database.close()

    def is_known(self, path: Path, fingerprint: Fingerprint) -> bool:
        """Whether exactly this state of the file was put or refused before."""
        found = self._database.rows("SELECT fingerprint FROM file WHERE path = ?", os.fsencode(path))
        return bool(found) and found[0]["fingerprint"] == str(fingerprint)

    def entry(self, capture_id: UUID) -> OutboxEntry | None:
        """One capture, or None."""
        return self._one("capture_id", str(capture_id))

    def entry_of_content(self, sha256: str) -> OutboxEntry | None:
        """The capture whose payload has this SHA-256, or None."""
        return self._one("sha256", sha256)

    def entries(self, state: OutboxState | None = None, *, limit: int | None = 100) -> list[OutboxEntry]:
        """The latest captures, of one state or of all, in the order in which they came; None as limit means all."""
        rows = self._database.rows(
            "SELECT * FROM capture WHERE ?1 IS NULL OR state = ?1 ORDER BY sequence DESC LIMIT ?2",
            state,
            -1 if limit is None else limit,
        )
        return [OutboxEntry.from_row(self.outbox_id, row) for row in reversed(rows)]

    def files_of(self, captures: Iterable[UUID]) -> dict[UUID, list[Path]]:
        """The files in which each of some captures was found."""
        files: dict[UUID, list[Path]] = {}
        rows = self._database.rows(
            "SELECT capture_id, path FROM file WHERE capture_id IN (SELECT value FROM json_each(?)) ORDER BY path",
            _ids(captures),
        )
        for row in rows:
            files.setdefault(UUID(row["capture_id"]), []).append(path_from(row["path"]))
        return files

    def latest_results(self, captures: Iterable[UUID]) -> dict[UUID, Result]:
        """The last result for each of some captures; a signed diagnosis stands above what a model says later."""
        rows = self._database.rows(
            "SELECT message FROM (SELECT message, row_number() OVER (PARTITION BY capture_id"
            " ORDER BY json_extract(message, '$.kind') = 'diagnosis' DESC, number DESC) AS place"
            " FROM result WHERE capture_id IN (SELECT value FROM json_each(?))) WHERE place = 1",
            _ids(captures),
        )
        results = (Result.model_validate_json(row["message"]) for row in rows)
        return {result.capture_id: result for result in results}

    def seconds_to_next(self) -> float | None:
        """Seconds until a capture is due that nobody has leased; None where none waits."""
        due = self._database.rows("SELECT min(not_before) AS due FROM capture WHERE state = 'waiting' AND leased = 0")
        if due[0]["due"] is None:
            return None
        delay = due[0]["due"] - self._clock()
        return 0.0 if delay > LONGEST_DELAY else max(0.0, delay)  # later than any delay: the clock was set back

    def paused(self) -> bool:
        """Whether the device was told to send no captures; that outlives a restart."""
        return bool(self._database.rows("SELECT paused FROM identity")[0]["paused"])

    def obeyed(self) -> UUID | None:
        """The last command that was carried out."""
        found = self._database.rows("SELECT obeyed FROM identity")[0]["obeyed"]
        return UUID(found) if found else None

    def counts(self) -> Counts:
        """How many captures stand where."""
        rows = self._database.rows("SELECT state, count(*) AS n FROM capture GROUP BY state")
        refused = self._database.rows("SELECT kind, count(*) AS n FROM file WHERE reason IS NOT NULL GROUP BY kind")
        return Counts(
            by_state={OutboxState(row["state"]): row["n"] for row in rows},
            refused_files=sum(row["n"] for row in refused),
            refused_by_kind={kind: row["n"] for row in refused if (kind := RefusalKind.known(row["kind"]))},
        )

    def refused_files(self, limit: int | None = 100) -> list[RefusedFile]:
        """Files that were not taken, the latest first."""
        rows = self._database.rows(
            "SELECT path, kind, reason, noted_at FROM file WHERE reason IS NOT NULL ORDER BY noted_at DESC LIMIT ?",
            -1 if limit is None else limit,
        )
        return [
            RefusedFile(
                path=path_from(row["path"]),
                kind=RefusalKind.known(row["kind"]),
                reason=row["reason"],
                noted_at=datetime.fromisoformat(row["noted_at"]),
            )
            for row in rows
        ]

    def unsettled_originals(self, capture_id: UUID | None = None) -> list[UnsettledOriginal]:
        """Originals with which retention may deal: the cloud's receipt stands for them.

        Args:
            capture_id: whose originals; None for all, which takes the longer the more captures there ever were.
        """
        every = (
            "SELECT file.path, file.original_sha256, capture.sha256 FROM file INDEXED BY file_unsettled"
            " JOIN capture USING (capture_id) WHERE file.settled = 0 AND capture_id IS NOT NULL"
            " AND capture.state IN ('stored', 'answered')"
        )
        if capture_id is None:
            rows = self._database.rows(every)
        else:
            rows = self._database.rows(f"{every} AND capture_id = ?", str(capture_id))
        return [UnsettledOriginal(path_from(row["path"]), row["original_sha256"], row["sha256"]) for row in rows]

    def results(self, limit: int = 100) -> list[ShownResult]:
        """What came back, the latest first."""
        rows = self._database.rows(
            "SELECT message, shown_at, (SELECT path FROM file WHERE file.capture_id = result.capture_id LIMIT 1)"
            " AS path FROM result ORDER BY number DESC LIMIT ?",
            limit,
        )
        return [
            ShownResult(
                Result.model_validate_json(row["message"]),
                None if row["path"] is None else path_from(row["path"]),
                datetime.fromisoformat(row["shown_at"]),
            )
            for row in rows
        ]

    def alarms(self, limit: int = 10) -> list[Alarm]:
        """What a person should look at, the latest first."""
        rows = self._database.rows("SELECT raised_at, text FROM alarm ORDER BY number DESC LIMIT ?", limit)
        return [Alarm(datetime.fromisoformat(row["raised_at"]), row["text"]) for row in rows]

    def _one(self, column: str, value: str) -> OutboxEntry | None:
        # `column` is one of this class's own words.
        rows = self._database.rows(f"SELECT * FROM capture WHERE {column} = ?", value)  # noqa: S608
        return OutboxEntry.from_row(self.outbox_id, rows[0]) if rows else None


def _ids(captures: Iterable[UUID]) -> str:
    """Captures for `json_each`: as one value, since a statement takes so many and no more."""
    return json.dumps([str(capture_id) for capture_id in captures])
