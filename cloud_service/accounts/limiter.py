"""Slows down who guesses passwords or codes."""

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from http import HTTPStatus
from uuid import uuid4

from sqlalchemy import Engine, delete, select
from sqlalchemy.orm import Session

from cloud_service.database import snapshot
from cloud_service.errors import RequestError
from cloud_service.models import FailedTry, now


class TooManyAttemptsError(RequestError):
    """Too many tries failed, from one address or of one user.

    Args:
        told: for a person.
        wait_seconds: how long at most until the next try is let through.
    """

    status = HTTPStatus.TOO_MANY_REQUESTS

    def __init__(self, told: str, wait_seconds: float) -> None:
        super().__init__(told)
        self.wait_seconds = wait_seconds


class FailureLimiter:
    """Counts failures by a key over a sliding window, in the database: all API processes count together.

    Tries that are under way at once are let through together, a few more than `allowed`.

    Args:
        engine: of the database.
        what: the key in words, "the address" say.
        tries: what has failed, in words; limiters with other words count apart.
        allowed: failures within the window before the key has to wait.
        window_seconds: length of the window.
        clock: the time.
    """

    def __init__(
        self,
        engine: Engine,
        what: str,
        *,
        allowed: int,
        window_seconds: float,
        tries: str = "log-ins failed",
        clock: Callable[[], datetime] = now,
    ) -> None:
        self._engine = engine
        self._what = what
        self._tries = tries
        self._allowed = allowed
        self._window = timedelta(seconds=window_seconds)
        self._clock = clock

    def check(self, key: str) -> None:
        """Let a key try, or not.

        Raises:
            TooManyAttemptsError: it has to wait.
        """
        moment = self._clock()
        of_key = FailedTry.key_sha256 == self._hash_of(key), FailedTry.ends_at > moment
        with snapshot(self._engine) as session:
            latest = select(FailedTry.ends_at).where(*of_key).order_by(FailedTry.ends_at.desc()).limit(self._allowed)
            ends = session.scalars(latest).all()
        if len(ends) >= self._allowed:
            wait = (ends[-1] - moment).total_seconds()
            raise TooManyAttemptsError(
                f"Too many {self._tries} for {self._what} {key}: wait {wait:.0f} seconds, then try again.", wait
            )

    def count(self, session: Session, key: str) -> None:
        """Note a failure, and forget those, of any limiter, that count no more."""
        moment = self._clock()
        # Whom another transaction is about to forget is left to it: two that wait for each other would both fail.
        over = select(FailedTry.id).where(FailedTry.ends_at <= moment).with_for_update(skip_locked=True)
        session.execute(delete(FailedTry).where(FailedTry.id.in_(over)))
        session.add(FailedTry(id=uuid4(), key_sha256=self._hash_of(key), ends_at=moment + self._window))
        session.flush()

    def _hash_of(self, key: str) -> str:
        """What is kept of a key: a password may have been typed where the user's name belongs."""
        return hashlib.sha256(f"{self._tries}\0{self._what}\0{key}".encode()).hexdigest()
