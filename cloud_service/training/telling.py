"""What a job's process has told and the database does not yet know."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cloud_service.database import upsert
from cloud_service.models import TrainingEpoch, TrainingJob, now
from cloud_service.training.pipe import Failure, Message
from cloud_service.training.schemas import EpochRecord, TrainingProgress

WRITE_SECONDS = 1.0
"""Progress is written so often at most."""
LOG_CHARACTERS = 20_000
"""So much of a job's log is kept: its end."""
_LONGEST_LINE = 1000


@dataclass(frozen=True, slots=True)
class News:
    """What is to be written now."""

    progress: TrainingProgress | None
    epochs: Sequence[EpochRecord]
    log: str


class LogTail:
    """The last lines of a log, `LOG_CHARACTERS` at most; each with the time at which it came, in UTC."""

    def __init__(self, text: str) -> None:
        self._lines = deque(text.splitlines())
        self._size = sum(map(len, self._lines)) + len(self._lines)

    def add(self, line: str) -> None:
        """Add a line; what a database refuses in a text is taken out of it."""
        line = f"{now():%Y-%m-%d %H:%M:%S}  " + line.replace("\0", "")[:_LONGEST_LINE]
        self._lines.append(line)
        self._size += len(line) + 1
        while self._size > LOG_CHARACTERS:
            self._size -= len(self._lines.popleft()) + 1

    @property
    def last(self) -> str:
        """The last line that says something, without its time; empty where there is none."""
        texts = (line.partition("  ")[2].strip() for line in reversed(self._lines))
        return next(filter(None, texts), "")

    def __str__(self) -> str:
        return "\n".join(self._lines)


class Telling:
    """Takes what a job's process says in one thread, and gives it to another that writes it; the first never waits.

    Args:
        log: of the job's earlier attempts.
        clock: monotonic seconds.
    """

    def __init__(self, log: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._changed = threading.Condition()
        self._log = LogTail(log)
        self._progress: TrainingProgress | None = None
        self._epochs: list[EpochRecord] = []
        self._is_news = self._is_over = False
        self._due = 0.0
        self.failure: Failure | None = None
        """What the process says of its own end, once it has ended."""

    def note(self, message: Message) -> None:
        """Take a message."""
        with self._changed:
            if message.failure is not None:
                self.failure = self.failure or message.failure
                self._log.add(message.failure.reason)
            if message.log is not None:
                for line in message.log.splitlines():
                    self._log.add(line)
            if message.epoch is not None:
                self._epochs.append(message.epoch)
            self._progress = message.progress or self._progress
            self._is_news = True
            self._changed.notify_all()

    def close(self) -> None:
        """No more messages will come: `take` waits no longer."""
        with self._changed:
            self._is_over = True
            self._changed.notify_all()

    @property
    def last_line(self) -> str:
        """What the process wrote last."""
        with self._changed:
            return self._log.last

    def take(self, timeout: float) -> News | None:
        """What is new, when it is due: epochs at once, the rest `WRITE_SECONDS` after what was taken before.

        None where nothing is due within `timeout` seconds, or after `close` at once.
        """
        end = self._clock() + timeout
        with self._changed:
            self._changed.wait_for(self._is_urgent, max(0.0, min(end, self._due) - self._clock()))
            self._changed.wait_for(lambda: self._is_news or self._is_over, max(0.0, end - self._clock()))
            if not self._is_news or not (self._is_urgent() or self._clock() >= self._due):
                return None
            news = News(self._progress, tuple(self._epochs), str(self._log))
            self._epochs, self._is_news = [], False
            self._due = self._clock() + WRITE_SECONDS
            return news

    def give_back(self, news: News) -> None:
        """What was taken could not be written; it is taken again."""
        with self._changed:
            self._epochs[:0] = news.epochs
            self._is_news = True

    def _is_urgent(self) -> bool:
        return bool(self._epochs) or self._is_over


def write_news(session: Session, job: TrainingJob, news: News) -> None:
    """Write what is new of a job that this transaction holds.

    A job that has come an epoch further has all its attempts again: what counts is whether it gets on.
    """
    job.log_tail = news.log
    if news.progress is not None:
        job.progress = news.progress.model_dump(mode="json")
    if write_epochs(session, job, news.epochs):
        job.attempts, job.troubled_since = min(job.attempts, 1), None


def write_epochs(session: Session, job: TrainingJob, epochs: Iterable[EpochRecord]) -> bool:
    """Write epochs of a job that this transaction holds; return whether one is further than those that were there."""
    newest = select(func.max(TrainingEpoch.epoch)).where(TrainingEpoch.job_id == job.id)
    reached, before = 0, session.scalar(newest) or 0
    for record in epochs:
        figures = record.model_dump(mode="json")
        row = upsert(session, TrainingEpoch).values(job_id=job.id, epoch=record.epoch, figures=figures, at=now())
        session.execute(row.on_conflict_do_update(index_elements=["job_id", "epoch"], set_={"figures": figures}))
        reached = max(reached, record.epoch)
    return reached > before
