"""Wake-up calls through Redis: they save waiting and carry nothing. Whatever is lost, a sweep or a poll repairs."""

import asyncio
import threading
import time
from collections.abc import Collection
from contextlib import suppress
from types import TracebackType
from typing import Protocol, Self

import redis
import redis.asyncio
from kombu.exceptions import OperationalError

from cloud_service.celery_app import TaskName, make_sender, nudge, warm_up
from cloud_service.config import settings
from shared.logs import get_logger

CHANNEL = "smearflow:changes"
_SOCKET_TIMEOUT_SECONDS = 5.0
_RECONNECT_SECONDS = 1.0
_CLOSE_SECONDS = 10.0

log = get_logger(__name__)


class WakeUps(Protocol):
    """Wake-up calls that return at once and never raise; `Notifier` is the one for processes."""

    def inference(self) -> None:
        """Jobs wait: nudge an inference worker."""

    def training(self) -> None:
        """Long work waits: nudge a worker of the training queue."""

    def changes(self) -> None:
        """Events or deliveries were committed: wake up their readers."""

    def close(self) -> None:
        """No more calls will come."""


class Notifier:
    """Sends wake-up calls from a thread of its own: its methods return at once and never raise.

    Calls that come while one is under way become one. While Redis is away, calls are dropped; it is logged once.
    """

    def __init__(self, redis_url: str) -> None:
        self._app = make_sender(redis_url)
        self._redis = redis.Redis.from_url(
            redis_url, socket_timeout=_SOCKET_TIMEOUT_SECONDS, socket_connect_timeout=_SOCKET_TIMEOUT_SECONDS
        )
        self._wanted = threading.Condition()
        self._nudges: set[TaskName] = set()
        self._changes = self._closing = False
        self._away = False
        self._thread = threading.Thread(target=self._run, name="notifier", daemon=True)
        self._thread.start()

    def warm_up(self) -> None:
        """Load now what Celery loads at the first nudge, up to half a second, so that no capture waits for it."""
        warm_up(self._app)

    def inference(self) -> None:
        """See `WakeUps.inference`."""
        self._nudge(TaskName.RUN)

    def training(self) -> None:
        """See `WakeUps.training`."""
        self._nudge(TaskName.TRAIN)

    def changes(self) -> None:
        """See `WakeUps.changes`."""
        with self._wanted:
            self._changes = True
            self._wanted.notify()

    def close(self) -> None:
        """Send what is still wanted, then end the thread; waits for a few seconds at most."""
        with self._wanted:
            self._closing = True
            self._wanted.notify()
        self._thread.join(_CLOSE_SECONDS)
        self._redis.close()
        self._app.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _nudge(self, task: TaskName) -> None:
        with self._wanted:
            self._nudges.add(task)
            self._wanted.notify()

    def _run(self) -> None:
        while True:
            with self._wanted:
                self._wanted.wait_for(lambda: self._nudges or self._changes or self._closing)
                nudges, changes, closing = self._nudges, self._changes, self._closing
                self._nudges, self._changes = set(), False
            self._send(nudges, changes=changes)
            if closing:
                return

    def _send(self, nudges: Collection[TaskName], *, changes: bool) -> None:
        try:
            if changes:
                self._redis.publish(CHANNEL, b"")
            for task in nudges:
                nudge(self._app, task)
        except (redis.RedisError, OperationalError, OSError) as error:
            if not self._away:
                log.warning("wake-up calls are not sent while Redis is away; sweeps and polls go on", reason=str(error))
            self._away = True
        else:
            if self._away and (nudges or changes):
                log.info("wake-up calls are sent again")
                self._away = False


def wake_up(*, inference: bool = False, training: bool = False) -> None:
    """Wake up the pages, and workers where they are named: what a command of the terminal does after its commit.

    Where Redis is away, all of them learn of it by their own clocks.
    """
    with Notifier(settings().redis_url.get_secret_value()) as notifier:
        if inference:
            notifier.inference()
        if training:
            notifier.training()
        notifier.changes()


class ChangeListener:
    """Waits for the wake-up call of `Notifier.changes` in a thread; connects again by itself."""

    def __init__(self, redis_url: str) -> None:
        self._redis = redis.Redis.from_url(
            redis_url, socket_timeout=_SOCKET_TIMEOUT_SECONDS, socket_connect_timeout=_SOCKET_TIMEOUT_SECONDS
        )
        self._pubsub: redis.client.PubSub | None = None

    def wait(self, timeout: float) -> bool:
        """Wait for a change, `timeout` seconds at most.

        Returns:
            True where there may be something new: a call came, or one may have been missed while not connected. False
            after a quiet time. While Redis is away it waits the time out, so a caller's loop becomes a poll.
        """
        try:
            return self._wait(timeout)
        except (redis.RedisError, OSError):
            self._forget()
            time.sleep(min(timeout, _RECONNECT_SECONDS))
            return False

    def close(self) -> None:
        """End the connection; to be called by the thread that waits."""
        self._forget()
        self._redis.close()

    def _wait(self, timeout: float) -> bool:
        if self._pubsub is None:
            self._pubsub = self._redis.pubsub()  # type: ignore[no-untyped-call] # redis types it so
            self._pubsub.subscribe(CHANNEL)
            self._pubsub.get_message(timeout=_SOCKET_TIMEOUT_SECONDS)  # the confirmation
            return True
        if self._pubsub.get_message(ignore_subscribe_messages=True, timeout=timeout) is None:
            return False
        while self._pubsub.get_message(ignore_subscribe_messages=True, timeout=0.0) is not None:
            pass  # calls that piled up are one
        return True

    def _forget(self) -> None:
        pubsub, self._pubsub = self._pubsub, None
        if pubsub is not None:
            with suppress(redis.RedisError, OSError):
                pubsub.close()


class AsyncChangeListener:
    """`ChangeListener` for an event loop. One a process is enough; it serves one waiter at a time."""

    def __init__(self, redis_url: str) -> None:
        self._redis = redis.asyncio.Redis.from_url(
            redis_url, socket_timeout=_SOCKET_TIMEOUT_SECONDS, socket_connect_timeout=_SOCKET_TIMEOUT_SECONDS
        )
        self._pubsub: redis.asyncio.client.PubSub | None = None

    async def wait(self, timeout: float) -> bool:  # noqa: ASYNC109 - the same contract as the thread's
        """As `ChangeListener.wait`."""
        try:
            return await self._wait(timeout)
        except (redis.RedisError, OSError):
            await self._forget()
            await asyncio.sleep(min(timeout, _RECONNECT_SECONDS))
            return False

    async def close(self) -> None:
        """End the connection."""
        await self._forget()
        await self._redis.aclose()

    async def _wait(self, timeout: float) -> bool:  # noqa: ASYNC109 - see above
        if self._pubsub is None:
            self._pubsub = self._redis.pubsub()
            await self._pubsub.subscribe(CHANNEL)
            await self._pubsub.get_message(timeout=_SOCKET_TIMEOUT_SECONDS)  # the confirmation
            return True
        if await self._pubsub.get_message(ignore_subscribe_messages=True, timeout=timeout) is None:
            return False
        while await self._pubsub.get_message(ignore_subscribe_messages=True, timeout=0.0) is not None:
            pass  # calls that piled up are one
        return True

    async def _forget(self) -> None:
        pubsub, self._pubsub = self._pubsub, None
        if pubsub is not None:
            with suppress(redis.RedisError, OSError):
                await pubsub.aclose()  # type: ignore[no-untyped-call] # redis types it so
