"""One batch of messages from beginning to end; what it returns may be said, since all of it is committed."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy import Engine
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from cloud_service.blob_store import BlobStore
from cloud_service.config import Settings
from cloud_service.database import transaction
from cloud_service.ingest.admission import admit
from cloud_service.ingest.assembly import Arrived, PartsLost, Stored, Verdict, arrived_checksums, assemble, settle
from cloud_service.ingest.batch import Batch, Incoming, Outgoing, Receipts
from cloud_service.ingest.decoding import Decoder
from cloud_service.ingest.handlers import keep_acks, receive
from cloud_service.ingest.presence import tell_of_devices
from cloud_service.ingest.refusals import write_refusals
from cloud_service.ingest.staging import complete_captures, keep_parts, take_whole
from cloud_service.models import Capture
from shared.errors import TransientError
from shared.logs import get_logger

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is to be done after the commit: acknowledge all messages, publish `replies`, wake up who waits."""

    replies: list[Outgoing] = field(default_factory=list)
    captures: int = 0  # that were complete
    inference: bool = False  # jobs were added
    changes: bool = False  # events or deliveries were written


@dataclass(frozen=True, slots=True)
class Processor:
    """Works on batches. It keeps nothing in memory from one to the next, so it may die between any two steps."""

    engine: Engine
    blob_store: BlobStore
    decoder: Decoder
    settings: Settings

    def process(self, messages: Sequence[Incoming]) -> Outcome:
        """Take a batch in.

        Two transactions, with the slow work (assembly, decoding, the disk) between them, so that it holds up no other
        writer: first manifests and parts, then what became of the captures that were complete.

        Raises:
            TransientError: database or blob store are away. Nothing may be acknowledged; the same batch can be
                processed again.
        """
        with database_errors():
            with transaction(self.engine) as session:
                batch = Batch(session, self.blob_store, self.settings)
                receive(batch, messages)
                admit(batch)
                whole = take_whole(batch)
                keep_parts(batch)
                staged = complete_captures(batch)
                arrived = Arrived(whole, arrived_checksums(session, staged))
                captures = [*staged, *filter(None, (batch.find(Capture, capture_id) for capture_id in whole))]
                keep_acks(batch)
                write_refusals(batch)
                tell_of_devices(batch)
            inference = self._settle(captures, arrived, batch.receipts)
        changes = batch.changed or bool(captures)
        return Outcome(batch.receipts.messages(), len(captures), inference=inference, changes=changes)

    def _settle(self, captures: Sequence[Capture], arrived: Arrived, receipts: Receipts) -> bool:
        if not captures:
            return False
        verdicts = list(assemble(captures, arrived, self.blob_store, self.decoder))
        self._hand_over(verdicts)
        with transaction(self.engine) as session:
            added = settle(session, verdicts, receipts)
        for verdict in verdicts:
            self._clean_up(verdict)
        return added

    def _hand_over(self, verdicts: Sequence[Verdict]) -> None:
        """Stage pixels for the worker, before it can know of the jobs; where that fails, it decodes by itself."""
        pixels = [verdict.pixels for verdict in verdicts if isinstance(verdict, Stored) and verdict.pixels]
        if not pixels:
            return
        try:
            self.blob_store.stage(pixels)
        except TransientError as error:
            log.warning("pixels were not handed over; the worker decodes again", reason=str(error))

    def _clean_up(self, verdict: Verdict) -> None:
        log.info("capture settled", capture=str(verdict.capture_id), verdict=type(verdict).__name__)
        if isinstance(verdict, PartsLost):
            return
        try:
            self.blob_store.discard(verdict.capture_id)
        except TransientError as error:
            log.warning("staged parts were left behind; the sweep takes them", reason=str(error))


@contextmanager
def database_errors() -> Iterator[None]:
    """Turn a database that is away, locked or full into a TransientError."""
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeoutError) as error:
        raise TransientError(f"The database cannot be used: {error}. Ingest tries again.") from error
