"""The main loop of ingest: one thread that takes what the broker brings, commits it, and only then says so.

The order within a batch is the promise: commit, acknowledge, receipts, nudge. Whatever stops between two of these
steps is repeated by the broker's redelivery or the device's next announcement, and both are harmless.
"""

import threading
import time
from queue import Empty, SimpleQueue

from sqlalchemy import Engine, select

from cloud_service.config import Settings
from cloud_service.database import snapshot
from cloud_service.ingest.batch import Outgoing
from cloud_service.ingest.connection import Arrived, Connected, Connection, Happening, Inbox, Lost, Subscribed, Woken
from cloud_service.ingest.gathering import Gathering
from cloud_service.ingest.processor import Processor, database_errors
from cloud_service.ingest.results import deliver_due, give_due_orders
from cloud_service.ingest.sweep import sweep
from cloud_service.models import Site, now
from cloud_service.system.heartbeats import Pulse
from cloud_service.wakeup import WakeUps
from shared.backoff import Backoff
from shared.errors import TransientError
from shared.logs import get_logger
from shared.messages import CloudState
from shared.topics import all_up, cloud_state, shard_of
from shared.vocabulary import Presence

_POLL_SECONDS = 1.0
_SITES_SECONDS = 3.0
_SWEEP_SECONDS = 3600.0
_TRIES_BEFORE_OFFLINE = 3
_BATCH_BYTES = 16 * 1024 * 1024
"""Bytes to one transaction, about: devices go on when they have its receipts, and the worker when it has its jobs."""

log = get_logger(__name__)


class Subscriber:
    """One ingest replica: its connection, its subscriptions, its retained state, and the loop over its inbox."""

    def __init__(self, *, settings: Settings, engine: Engine, processor: Processor, notifier: WakeUps) -> None:
        self._settings, self._engine, self._processor, self._notifier = settings, engine, processor, notifier
        self.inbox: Inbox = SimpleQueue()
        self._stop = threading.Event()
        self._connection: Connection | None = None
        self._subscribed = False
        self._filters: set[str] = set()
        self._reconnect, self._retry = Backoff(0.2, 5.0), Backoff(0.1, 5.0)
        self._connect_at = self._poll_at = self._sites_at = 0.0
        self._sweep_at = time.monotonic() + _POLL_SECONDS
        self._gathering = Gathering()
        self._pulse = Pulse(engine, "ingest", settings.broker_username)

    def stop(self) -> None:
        """End the loop soon; may be called from a signal handler or another thread."""
        self._stop.set()
        self.inbox.put(Woken())

    def run(self) -> None:
        """Work until `stop`. Whatever is no TransientError ends the process, which its supervisor starts again."""
        try:
            while not self._stop.is_set():
                self._connect_if_due()
                self._handle(self._take())
                self._do_what_is_due()
        finally:
            if self._connection is not None:
                self._connection.close(state_of(self._settings, Presence.OFFLINE))

    def _connect_if_due(self) -> None:
        if self._connection is not None or time.monotonic() < self._connect_at:
            return
        try:
            self._connection = Connection(self._settings, self.inbox, state_of(self._settings, Presence.OFFLINE))
        except OSError as error:
            self._put_off_connecting(f"{self._settings.broker_host}:{self._settings.broker_port}: {error}")

    def _put_off_connecting(self, reason: str) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection, self._subscribed = None, False
        self._pulse.hurry()
        wait = self._reconnect.next()
        self._connect_at = time.monotonic() + wait
        log.warning("no connection to the broker", reason=reason, again_in_seconds=round(wait, 2))

    def _take(self) -> list[Arrived]:
        """Wait for something to happen, then take what else has; return the messages, at most a batch."""
        wait = _POLL_SECONDS if self._connection is not None else max(0.0, self._connect_at - time.monotonic())
        arrived: list[Arrived] = []
        room, gather_until = _BATCH_BYTES, 0.0
        while (happening := self._next(wait)) is not None:
            wait = max(0.0, gather_until - time.monotonic())
            if not isinstance(happening, Arrived):
                self._notice(happening)
                continue
            arrived.append(happening)
            room -= len(happening.message.payload)
            if len(arrived) == self._settings.ingest_batch or room <= 0:
                break
            if len(arrived) == 1:
                wait = self._gathering.seconds
                gather_until = time.monotonic() + wait
        return arrived

    def _next(self, wait: float) -> Happening | None:
        try:
            return self.inbox.get(timeout=wait) if wait else self.inbox.get_nowait()
        except Empty:
            return None

    def _notice(self, happening: Connected | Subscribed | Lost | Woken) -> None:
        match happening:
            case Woken():
                self._poll_at = 0.0
            case Connected(connection) if connection is self._connection:
                self._filters.clear()
                self._sites_at = 0.0
            case Subscribed(connection, refused) if connection is self._connection:
                if refused is not None:
                    self._put_off_connecting(
                        f"the broker refuses the subscription ({refused}); check the ingest's role"
                    )
                    return
                self._subscribed = True
                self._pulse.hurry()
                self._reconnect.reset()
                connection.publish(state_of(self._settings, Presence.ONLINE), retain=True)
                log.info("serving", filters=sorted(self._filters))
            case Lost(connection, reason) if connection is self._connection:
                self._put_off_connecting(reason)
            case _:
                pass  # of a connection that was given up before

    def _handle(self, arrived: list[Arrived]) -> None:
        """Process a batch until it succeeds; nothing of it is acknowledged before."""
        messages = [one.message for one in arrived]
        while arrived:
            try:
                outcome = self._processor.process(messages)
            except TransientError as error:
                if self._wait_out(error):
                    return
                continue
            self._recovered()
            self._gathering.note(outcome.captures)
            for one in arrived:
                one.acknowledge()
            for reply in outcome.replies:
                self._publish(reply)
            if outcome.inference:
                self._notifier.inference()
            if outcome.changes or outcome.inference:
                self._notifier.changes()
            return

    def _wait_out(self, error: TransientError) -> bool:
        """Wait before the next try; devices are told to hold back when it lasts. True where the loop is to end."""
        wait = self._retry.next()
        log.error("a batch waits", reason=str(error), again_in_seconds=round(wait, 2))
        if self._retry.tries == _TRIES_BEFORE_OFFLINE and self._connection is not None:
            self._connection.publish(state_of(self._settings, Presence.OFFLINE), retain=True)
        return self._stop.wait(wait)

    def _recovered(self) -> None:
        if self._retry.tries >= _TRIES_BEFORE_OFFLINE and self._connection is not None and self._subscribed:
            self._connection.publish(state_of(self._settings, Presence.ONLINE), retain=True)
        self._retry.reset()

    def _publish(self, message: Outgoing) -> None:
        """Publish where there is a connection; a receipt that is lost is given again at the next announcement."""
        if self._connection is not None:
            self._connection.publish(message)

    def _do_what_is_due(self) -> None:
        """The duties that have a clock. One that fails is logged, and comes round again."""
        moment = time.monotonic()
        try:
            if self._connection is not None and moment >= self._sites_at:
                self._sites_at = moment + _SITES_SECONDS
                self._subscribe(self._connection)
            if self._connection is not None and self._subscribed and moment >= self._poll_at:
                if give_due_orders(self._engine, self._settings, self._connection):
                    self._notifier.changes()
                more = deliver_due(self._engine, self._settings, self._connection)
                self._poll_at = moment if more else moment + _POLL_SECONDS
            if moment >= self._sweep_at:
                self._sweep_at = moment + _SWEEP_SECONDS
                sweep(self._engine, self._processor.blob_store)
            with database_errors():
                self._pulse.beat_if_due(
                    shard=self._settings.shard, shard_count=self._settings.shard_count, serving=self._subscribed
                )
        except TransientError as error:
            self._poll_at = moment + _POLL_SECONDS
            log.warning("a duty is put off", reason=str(error))

    def _subscribe(self, connection: Connection) -> None:
        """Subscribe to what is ours and not yet subscribed; after a CONNACK that is everything."""
        wanted, others = self._division()
        fresh = wanted - self._filters
        if not fresh and self._filters:
            return
        first = not self._filters
        self._filters |= wanted
        if fresh:
            connection.subscribe(sorted(fresh))
        elif not self._subscribed:
            self.inbox.put(Subscribed(connection, None))  # no site is ours yet
        if first and others:
            connection.unsubscribe(sorted(others))

    def _division(self) -> tuple[set[str], set[str]]:
        """The topic filters of this replica, and those that another division of the sites would give it."""
        with database_errors(), snapshot(self._engine) as session:
            sites = session.scalars(select(Site.id)).all()
        count, shard = self._settings.shard_count, self._settings.shard
        every = {all_up(), *(all_up(site) for site in sites)}
        ours = {all_up()} if count == 1 else {all_up(site) for site in sites if shard_of(site, count) == shard}
        return ours, every - ours


def state_of(settings: Settings, presence: Presence) -> Outgoing:
    """What this replica tells the devices of itself."""
    state = CloudState(v=1, state=presence, shard=settings.shard, shard_count=settings.shard_count, since=now())
    return Outgoing(cloud_state(settings.broker_username), state.encode())
