"""Engines on disk: a cache that may be deleted at any time.

Whoever reads a record marks it as used, by its time of change, and holds the engine's lock meanwhile; so that nobody
removes an engine between another's look at it and its load.

An engine is a program, so that it is loaded only from folders that nobody else can write, and only as the very bytes
that were written. `<key>.json` is written last and says what `<key>.engine` must be; without it, or where the two do
not agree (a half-written file, a failing disk), there is no engine.
"""

import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from cloud_service.ml.engines.key import EngineKey
from cloud_service.ml.engines.locking import locked, locked_if_free
from cloud_service.ml.engines.parity import ParityReport
from shared.errors import PermanentError
from shared.identifiers import Sha256, sha256_of_bytes
from shared.logs import get_logger

_PLAN, _RECORD, _LOCK = ".engine", ".json", ".lock"
_OTHERS_CAN_WRITE = stat.S_IWGRP | stat.S_IWOTH
log = get_logger(__name__)


class UnsafeCacheError(PermanentError):
    """Others could put a program of theirs into the cache; the text names the folder and what to do."""


class EngineRecord(BaseModel):
    """What became of building an engine: one that may be used, or why there is none. Never tried again by itself."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: EngineKey
    engine_sha256: Sha256 | None  # None: there is none that may be used
    parity: ParityReport | None  # None: it could not even be built
    fault: str | None  # why it may not be used
    seconds: float  # that building and checking took

    @property
    def is_usable(self) -> bool:
        """Whether the engine may answer."""
        return self.engine_sha256 is not None and self.fault is None


class EngineCache:
    """The engines in one folder, which is made, for its owner alone, where it is missing.

    Args:
        directory: where they are kept.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def require_safe(self) -> None:
        """Refuse a folder that another user could change, or whose place in a folder above it another could take.

        Raises:
            UnsafeCacheError: it is such a one; the text says what to do.
        """
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        place = self.directory.resolve()
        found = place.stat()
        if found.st_uid != os.geteuid() or found.st_mode & _OTHERS_CAN_WRITE:
            raise UnsafeCacheError(
                f"Engines are programs, and others could put theirs into {place}. Let it belong to the user that runs "
                f"this, and say `chmod 700 {place}`."
            )
        for above in place.parents:
            found = above.stat()
            # In a folder with the sticky bit, such as /tmp, others cannot rename or delete what is not theirs.
            if found.st_mode & _OTHERS_CAN_WRITE and not found.st_mode & stat.S_ISVTX:
                raise UnsafeCacheError(
                    f"Engines are programs, and others could exchange {place}, as they can write into {above}. Say "
                    f"`chmod go-w {above}`, or keep engines elsewhere (SMEARFLOW_ENGINE_CACHE_DIR)."
                )
            if found.st_uid not in (0, os.geteuid()):
                raise UnsafeCacheError(
                    f"Engines are programs, and {place} lies in {above}, which belongs to another user. Keep them "
                    "elsewhere (SMEARFLOW_ENGINE_CACHE_DIR)."
                )

    def find(self, key: EngineKey) -> EngineRecord | None:
        """As `read`, without waiting; None also where another process builds or removes the engine just now.

        Raises:
            UnsafeCacheError: others can write there.
        """
        self.require_safe()
        with locked_if_free(self._lock_path(key.name), shared=True) as is_held:
            return self.read(key) if is_held else None

    def read(self, key: EngineKey) -> EngineRecord | None:
        """What is known of an engine; None: nothing, or nothing that can be relied upon. Call with `lock` held.

        Raises:
            UnsafeCacheError: others can write there.
        """
        self.require_safe()
        with suppress(OSError):  # there is none, or the folder can only be read
            os.utime(self._record_path(key))
        try:
            record = EngineRecord.model_validate_json(_content(self._record_path(key)))
        except FileNotFoundError:
            return None
        except ValidationError:
            log.warning("what is written of an engine cannot be read; it is built anew", engine=key.name)
            return None
        if record.key != key or (record.is_usable and self.plan(record) is None):
            log.warning("an engine is not what was written; it is built anew", engine=key.name)
            return None
        return record

    def plan(self, record: EngineRecord) -> bytes | None:
        """The engine of a record, checked at this very reading; None: it is not the one that was written.

        Raises:
            UnsafeCacheError: others can write there.
        """
        self.require_safe()
        try:
            content = _content(self._plan_path(record.key.name))
        except FileNotFoundError:
            return None
        return content if sha256_of_bytes(content) == record.engine_sha256 else None

    def write(self, record: EngineRecord, plan: bytes | None = None) -> None:
        """Keep what became of building an engine, whole or not at all; call with `lock` held.

        Raises:
            UnsafeCacheError: others can write there.
            OSError: the disk is full, or the folder not writable.
        """
        self.require_safe()
        self._remove_drafts(record.key.name)
        if plan is not None:
            self._replace(self._plan_path(record.key.name), plan, record.key)
        self._replace(self._record_path(record.key), record.model_dump_json(indent=2).encode() + b"\n", record.key)

    def forget(self, key: EngineKey) -> None:
        """Let an engine be built anew; call with `lock` held."""
        self._record_path(key).unlink(missing_ok=True)

    @contextmanager
    def lock(self, key: EngineKey) -> Iterator[None]:
        """Keep other processes from building the same engine; waits for as long as one of them does.

        The system lets go of it where a process dies.

        Raises:
            UnsafeCacheError: others can write there.
        """
        self.require_safe()
        with locked(self._lock_path(key.name)):
            yield

    def names(self) -> list[str]:
        """Of all engines of which there is something, sorted.

        Raises:
            UnsafeCacheError: others can write there.
        """
        self.require_safe()
        files = (path for path in self.directory.iterdir() if not path.name.startswith("."))
        return sorted({path.stem for path in files if path.suffix in (_PLAN, _RECORD, _LOCK)})

    def remove_if(self, name: str, is_over: Callable[[EngineKey | None, float], bool]) -> bool:
        """Remove all that there is of an engine, where that is wanted; not one that another process has in hand.

        Args:
            name: one of `names()`.
            is_over: asked with the lock held; takes its key, None where that cannot be read, and when somebody last
                read of it or wrote it, in seconds as `time.time` counts them.

        Raises:
            UnsafeCacheError: a file of it belongs to another.
            OSError: the folder cannot be written.
        """
        with locked_if_free(self._lock_path(name)) as is_held:
            if not is_held or not is_over(self._key_of(name), self._used_at(name)):
                return False
            self._file(name, _RECORD).unlink(missing_ok=True)  # first: without it there is no engine
            self._plan_path(name).unlink(missing_ok=True)
            self._remove_drafts(name)
            self._lock_path(name).unlink()  # last: nobody else has it
        return True

    def _key_of(self, name: str) -> EngineKey | None:
        try:
            return EngineRecord.model_validate_json(_content(self._file(name, _RECORD))).key
        except (FileNotFoundError, ValidationError):
            return None

    def _used_at(self, name: str) -> float:
        """Of the newest of an engine's files but its lock, which who looks for an engine makes."""
        files = (self._file(name, _RECORD), self._plan_path(name))
        return max((file.stat().st_mtime for file in files if file.exists()), default=0.0)

    def _remove_drafts(self, name: str) -> None:
        """Of processes that were killed, as the caller holds the lock."""
        for draft in self.directory.glob(f".{name}-*"):
            draft.unlink()

    def _file(self, name: str, suffix: str) -> Path:
        return self.directory / f"{name}{suffix}"

    def _plan_path(self, name: str) -> Path:
        return self._file(name, _PLAN)

    def _record_path(self, key: EngineKey) -> Path:
        return self._file(key.name, _RECORD)

    def _lock_path(self, name: str) -> Path:
        return self._file(name, _LOCK)

    def _replace(self, path: Path, content: bytes, key: EngineKey) -> None:
        descriptor, name = tempfile.mkstemp(prefix=f".{key.name}-", dir=self.directory)  # for its owner alone
        draft = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        except OSError:
            draft.unlink(missing_ok=True)
            raise
        folder = os.open(self.directory, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _content(path: Path) -> bytes:
    """The content of a file of ours.

    Raises:
        FileNotFoundError: it is not there.
        UnsafeCacheError: it belongs to another, others can write it, or it is a link.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise UnsafeCacheError(f"{path} cannot be read as a file of its own: {error.strerror}. Delete it.") from error
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if found.st_uid != os.geteuid() or found.st_mode & _OTHERS_CAN_WRITE:
            raise UnsafeCacheError(f"{path} is an engine's file that others can write. Delete it; it is built anew.")
        return file.read()
