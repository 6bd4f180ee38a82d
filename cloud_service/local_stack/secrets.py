"""The local stack's passwords: random, made at its first start, kept in a file that only its user can read."""

import os
import secrets
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field

_BYTES = 24


def _random() -> str:
    return secrets.token_urlsafe(_BYTES)


class StackSecrets(BaseModel):
    """One password a purpose; none of them leaves `<data>/secrets`."""

    model_config = ConfigDict(frozen=True)

    broker_admin: str = Field(default_factory=_random)
    broker_ingest: str = Field(default_factory=_random)
    redis: str = Field(default_factory=_random)

    @classmethod
    def load_or_make(cls, folder: Path) -> Self:
        """The secrets of a former start, or fresh ones, written with mode 0600 into `folder` (0700)."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / "stack.json"
        if path.exists():
            return cls.model_validate_json(path.read_bytes())
        made = cls()
        fresh = path.with_suffix(".tmp")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as stream:
            stream.write(made.model_dump_json(indent=2) + "\n")
        fresh.replace(path)
        return made
