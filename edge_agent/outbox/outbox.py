"""The durable outbox: the record of every capture at the edge until the cloud has it, and of what came back.

Payloads lie in the spool and are durable before their row is committed; the row says where the capture stands
(shared.vocabulary.OutboxState). A payload is there exactly while its capture is waiting or parked; whatever a crash
leaves over is swept away at the next start. All methods may be used by several threads and, but for what `recover`
does, by several processes.
"""

import os
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from uuid import UUID

from edge_agent.disk import free_disk_bytes
from edge_agent.intake.capture import PreparedCapture, PutOutcome, PutResult, Refusal
from edge_agent.outbox.database import OutboxDatabase
from edge_agent.outbox.records import LONGEST_DELAY, Manifest, OutboxEntry
from edge_agent.outbox.spool import Spool
from edge_agent.outbox.views import OutboxViews
from shared.backoff import pause
from shared.errors import ProtocolError, TransientError
from shared.identifiers import new_capture_id
from shared.messages import Receipt, Result
from shared.vocabulary import OutboxState, Priority

_KEPT_ALARMS = 100
_WITH_PAYLOAD = "('waiting', 'parked')"


class Delay(StrEnum):
    """Why a capture is put off: each kind has its own pace."""

    LINE = "line"  # the broker or the cloud did not take it; that heals by itself, mostly soon
    DISTRUST = "distrust"  # the cloud said something that cannot be true of this capture; asking often will not help


_FIRST_DELAY = {Delay.LINE: 2.0, Delay.DISTRUST: 15.0}


class Outbox(OutboxViews):
    """The outbox in `state_dir`: `outbox.sqlite` and the folder `spool`.

    Args:
        clock: seconds of the epoch; only delays are measured with it.
    """

    def __init__(self, state_dir: Path, clock: Callable[[], float] = time.time) -> None:
        state_dir.mkdir(parents=True, exist_ok=True)
        self._folder = state_dir
        self.spool = Spool(state_dir / "spool")
        super().__init__(OutboxDatabase(state_dir / "outbox.sqlite"), clock)

    def recover(self) -> None:
        """What the agent, and nobody else, does at its start: end old leases, sweep the spool, find lost payloads."""
        with self._database.transaction() as connection:
            connection.execute("UPDATE capture SET leased = 0 WHERE state = 'waiting' AND leased = 1")
            rows = connection.execute(
                f"SELECT capture_id, state FROM capture WHERE state IN {_WITH_PAYLOAD}"  # noqa: S608 - a constant
            ).fetchall()
        self.spool.sweep({UUID(row["capture_id"]) for row in rows})
        for row in rows:
            if row["state"] == OutboxState.WAITING and not self.spool.holds(UUID(row["capture_id"])):
                self.park(UUID(row["capture_id"]), "its bytes are gone from the spool: take this capture again")

    def free_disk_bytes(self) -> int:
        """Free bytes on the disk that the outbox lies on."""
        return free_disk_bytes(self._folder)

    def put(self, capture: PreparedCapture) -> PutOutcome:
        """Take a capture in (edge_agent.intake.capture.CaptureStore has the contract)."""
        while (outcome := self._same_content(capture)) is None:
            capture_id = new_capture_id()
            self.spool.write(capture_id, capture.payload)
            try:
                inserted = self._insert(capture, capture_id)
            except TransientError:
                if self.entry(capture_id) is None:
                    self.spool.remove(capture_id)
                raise
            if inserted:
                return PutOutcome(PutResult.NEW, capture_id)
            self.spool.remove(capture_id)  # another thread has just put the same bytes: look again
        return outcome

    def refuse(self, refusal: Refusal) -> None:
        """Note why a file is not taken (edge_agent.intake.capture.CaptureStore has the contract)."""
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO file (path, fingerprint, kind, reason, noted_at) VALUES (?, ?, ?, ?, ?)",
                (os.fsencode(refusal.path), str(refusal.fingerprint), refusal.kind, refusal.reason, _now()),
            )

    def lease(self, part_size: int, *, largest_kept: int) -> OutboxEntry | None:
        """The next capture to send, urgent ones first, then the oldest; nobody gets it again until it is let go.

        Its part size becomes `part_size`, unless it was sent before in parts of at most `largest_kept` bytes: these
        stay, since the cloud drops what it has of a capture that is cut anew. The entry's `announced` says whether it
        was leased before.
        """
        now = self._clock()
        with self._database.transaction() as connection:
            row = connection.execute(
                # Without statistics SQLite would take the index of states, and sort all that wait for each lease.
                "SELECT * FROM capture INDEXED BY capture_to_send WHERE state = 'waiting' AND leased = 0"
                " AND (not_before <= ? OR not_before > ?) ORDER BY urgent DESC, sequence LIMIT 1",
                (now, now + LONGEST_DELAY),  # later than any delay: the clock was set back meanwhile
            ).fetchone()
            if row is None:
                return None
            former = row["part_size"]
            size = part_size if former is None or former > largest_kept else former
            connection.execute(
                "UPDATE capture SET leased = 1, announced = 1, part_size = ? WHERE sequence = ?",
                (size, row["sequence"]),
            )
        return replace(OutboxEntry.from_row(self.outbox_id, row), part_size=size)

    def release_all(self) -> None:
        """Let go of all leases, as the line is down."""
        with self._database.transaction() as connection:
            connection.execute("UPDATE capture SET leased = 0 WHERE state = 'waiting' AND leased = 1")

    def retry_later(self, capture_id: UUID, kind: Delay, reason: str) -> float:
        """Let go of a capture and put it off: twice as long each time, jittered; returns the delay, seconds."""
        with self._database.transaction() as connection:
            row = connection.execute(
                "UPDATE capture SET leased = 0, attempts = attempts + 1, reason = ?, changed_at = ?"
                " WHERE capture_id = ? AND state = 'waiting' RETURNING attempts",
                (reason, _now(), str(capture_id)),
            ).fetchone()
            if row is None:
                return 0.0
            delay = pause(row["attempts"] - 1, _FIRST_DELAY[kind], LONGEST_DELAY)
            connection.execute(
                "UPDATE capture SET not_before = ? WHERE capture_id = ?", (self._clock() + delay, str(capture_id))
            )
        return delay

    def stored(self, receipt: Receipt) -> bool:
        """The cloud has a capture durably: its payload goes. Returns False where that was known before.

        Raises:
            ProtocolError: no such capture is here, or the receipt does not name the SHA-256 of its payload.
        """
        entry = self._own(receipt.capture_id, receipt.sha256, "a receipt")
        if entry.state not in (OutboxState.WAITING, OutboxState.PARKED):
            return False
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE capture SET leased = 0, reason = NULL, changed_at = ?, state = CASE WHEN EXISTS"
                " (SELECT 1 FROM result WHERE result.capture_id = capture.capture_id)"
                " THEN 'answered' ELSE 'stored' END WHERE capture_id = ?",
                (_now(), str(receipt.capture_id)),
            )
        self.spool.remove(receipt.capture_id)
        return True

    def answered(self, result: Result) -> bool:
        """Keep a result; its capture is answered if the cloud's receipt stands. Returns False for a repeated one.

        Raises:
            ProtocolError: no such capture is here, or the result is of other bytes than the capture's.
        """
        self._own(result.capture_id, result.sha256, "a result")
        with self._database.transaction() as connection:
            new = connection.execute(
                "INSERT INTO result (delivery_id, capture_id, message, shown_at) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (delivery_id) DO NOTHING",
                (str(result.delivery_id), str(result.capture_id), result.model_dump_json(), _now()),
            ).rowcount
            connection.execute(
                "UPDATE capture SET state = 'answered', changed_at = ? WHERE capture_id = ? AND state = 'stored'",
                (_now(), str(result.capture_id)),
            )
        return bool(new)

    def park(self, capture_id: UUID, reason: str) -> bool:
        """Set a capture aside for a person, with the reason; only one that waits can be parked."""
        with self._database.transaction() as connection:
            changed = connection.execute(
                "UPDATE capture SET state = 'parked', leased = 0, reason = ?, changed_at = ?"
                " WHERE capture_id = ? AND state = 'waiting'",
                (reason, _now(), str(capture_id)),
            ).rowcount
        return bool(changed)

    def retry(self, capture_id: UUID | None = None) -> list[UUID]:
        """Let one parked capture, or all of them, wait to be sent again; returns those whose payload is there."""
        parked = [entry.capture_id for entry in self.entries(OutboxState.PARKED, limit=None)]
        ready = [found for found in parked if capture_id in (None, found) and self.spool.holds(found)]
        with self._database.transaction() as connection:
            connection.executemany(
                "UPDATE capture SET state = 'waiting', attempts = 0, not_before = 0, reason = NULL, changed_at = ?"
                " WHERE capture_id = ? AND state = 'parked'",
                [(_now(), str(found)) for found in ready],
            )
        return ready

    def reannounce_all(self) -> None:
        """Let go of every waiting capture and make it due now, so that the cloud is asked about all of them."""
        with self._database.transaction() as connection:
            connection.execute("UPDATE capture SET leased = 0, attempts = 0, not_before = 0 WHERE state = 'waiting'")

    def set_paused(self, *, paused: bool) -> None:
        """Remember that the device was told to send no captures, or to send again."""
        with self._database.transaction() as connection:
            connection.execute("UPDATE identity SET paused = ?", (paused,))

    def set_obeyed(self, command_id: UUID) -> None:
        """Remember the last command that was carried out, so that it is not carried out again."""
        with self._database.transaction() as connection:
            connection.execute("UPDATE identity SET obeyed = ?", (str(command_id),))

    def forget_refusals(self) -> int:
        """Let every refused file be looked at again, as a person has changed a setting; returns how many there were."""
        with self._database.transaction() as connection:
            return connection.execute("DELETE FROM file WHERE reason IS NOT NULL").rowcount

    def settle(self, paths: Iterable[Path]) -> None:
        """Retention has dealt with these originals, for good."""
        with self._database.transaction() as connection:
            connection.executemany(
                "UPDATE file SET settled = 1 WHERE path = ?", [(os.fsencode(path),) for path in paths]
            )

    def raise_alarm(self, text: str) -> None:
        """Keep something that a person should look at; the last hundred stay."""
        with self._database.transaction() as connection:
            number = connection.execute("INSERT INTO alarm (raised_at, text) VALUES (?, ?)", (_now(), text)).lastrowid
            connection.execute("DELETE FROM alarm WHERE number <= ?", ((number or 0) - _KEPT_ALARMS,))

    def _insert(self, capture: PreparedCapture, capture_id: UUID) -> bool:
        """Commit the row of a payload that is durable already; False where its bytes are known after all."""
        manifest = Manifest.of(capture, datetime.now(UTC)).model_dump_json()
        urgent = capture.priority is Priority.URGENT
        with self._database.transaction() as connection:
            inserted = connection.execute(
                "INSERT INTO capture (capture_id, sha256, urgent, manifest, state, changed_at)"
                " VALUES (?, ?, ?, ?, 'waiting', ?) ON CONFLICT (sha256) DO NOTHING",
                (str(capture_id), capture.sha256, urgent, manifest, _now()),
            ).rowcount
            if inserted:
                connection.execute(*_file_of(capture, capture_id))
        return bool(inserted)

    def _same_content(self, capture: PreparedCapture) -> PutOutcome | None:
        """The answer where these very bytes are known already; a duplicate's file is noted with its capture."""
        existing = self.entry_of_content(capture.sha256)
        if existing is None:
            return None
        if existing.manifest.case != capture.case:
            return PutOutcome(PutResult.CONFLICT, existing.capture_id)
        with self._database.transaction() as connection:
            connection.execute(*_file_of(capture, existing.capture_id))
        return PutOutcome(PutResult.DUPLICATE, existing.capture_id)

    def _own(self, capture_id: UUID, sha256: str | None, what: str) -> OutboxEntry:
        entry = self.entry(capture_id)
        if entry is None:
            raise ProtocolError(f"The cloud sent {what} for capture {capture_id}, which is not in this outbox.")
        if entry.sha256 != sha256:
            raise ProtocolError(
                f"The cloud sent {what} for capture {capture_id} with SHA-256 {sha256}; its bytes have {entry.sha256}."
            )
        return entry


def _file_of(capture: PreparedCapture, capture_id: UUID) -> tuple[str, tuple[object, ...]]:
    return (
        "INSERT OR REPLACE INTO file (path, fingerprint, capture_id, original_sha256, noted_at) VALUES (?, ?, ?, ?, ?)",
        (
            os.fsencode(capture.path),
            str(capture.fingerprint),
            str(capture_id),
            capture.original_sha256,
            _now(),
        ),
    )


def _now() -> str:
    return datetime.now(UTC).isoformat()
