"""Refused messages: logged and kept, so coalesced that ten thousand of them are a few rows."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import func, select
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, StatementError

from cloud_service.ingest.batch import Batch, RefusedCaptureError
from cloud_service.models import Device, WireRefusal
from shared.errors import ProtocolError
from shared.logs import get_logger
from shared.topics import ROOT, DeviceAddress, UpKind

MOST_ROWS_A_TOPIC = 50
OTHER_REASONS = "Other reasons; the log has them."
_KIND_LEVEL = 5
# What varies from one bad message to the next of the same kind: ids, numbers, quoted values.
_VARIABLE = re.compile(r"'[^']*'|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d[\d,]*")

log = get_logger(__name__)


def note_refusal(batch: Batch, topic: str, reason: str) -> None:
    """Count a refused message; `write_refusals` keeps it."""
    batch.refusals[_place(batch, topic), _VARIABLE.sub("…", reason)[:2000]] += 1


@contextmanager
def refusing(batch: Batch, topic: str, address: DeviceAddress) -> Iterator[None]:
    """Refuse a message that breaks the protocol, and tell its device where a capture cannot go on by that."""
    try:
        yield
    except RefusedCaptureError as error:
        batch.receipts.refused(address, error.capture_id, str(error))
        note_refusal(batch, topic, str(error))
    except ProtocolError as error:
        note_refusal(batch, topic, str(error))


@contextmanager
def objections() -> Iterator[None]:
    """Turn what the database has against a message into a ProtocolError; where it is away, its own error passes."""
    try:
        yield
    except (StatementError, OverflowError) as error:
        if isinstance(error, DBAPIError) and not isinstance(error, DataError | IntegrityError):
            raise
        # Its first line alone: those that follow may quote the statement and what it was to write.
        reason = str(error.orig if isinstance(error, StatementError) else error).partition("\n")[0]
        raise ProtocolError(f"The database cannot hold what the message says: {reason}.") from error


def write_refusals(batch: Batch) -> None:
    """Write what was counted, and log each kind once. In one order, so that no two replicas block each other."""
    for (topic, reason), count in sorted(batch.refusals.items()):
        log.warning("messages refused", topic=topic, reason=reason, count=count)
        row = _row(batch, topic, reason)
        row.count += count
        row.last_at = batch.at
        batch.session.flush()


def _row(batch: Batch, topic: str, reason: str) -> WireRefusal:
    session = batch.session
    for wanted in (reason, OTHER_REASONS):
        found = session.scalars(
            select(WireRefusal)
            .where(WireRefusal.topic == topic, WireRefusal.reason == wanted)
            .limit(1)
            .with_for_update()  # replicas share a place for what is no device's, and none may lose another's count
        ).first()
        if found is not None:
            return found
        rows = session.scalar(select(func.count()).where(WireRefusal.topic == topic)) or 0
        if rows < MOST_ROWS_A_TOPIC or wanted == OTHER_REASONS:
            break
    fresh = WireRefusal(topic=topic, reason=wanted, count=0, first_at=batch.at, last_at=batch.at)
    session.add(fresh)
    return fresh


def _place(batch: Batch, topic: str) -> str:
    """The topic down to its kind, and no deeper; one place for all that is not an enrolled device's."""
    levels = topic.split("/")
    try:
        address = DeviceAddress(*levels[2:4])
    except (ProtocolError, TypeError):
        return f"{ROOT}/…"
    if batch.find(Device, address.device) is None:
        return f"{ROOT}/…"
    kind = levels[_KIND_LEVEL] if len(levels) > _KIND_LEVEL else ""
    return f"{ROOT}/{address.site}/{address.device}/up/{kind if kind in set(UpKind) else '…'}"
