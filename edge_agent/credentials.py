"""The device's secrets, kept apart from its settings in a file that only its own account may read."""

import os
import secrets
import stat
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_serializer

from shared.errors import ConfigurationError

OWNER_ONLY = 0o600


def new_pseudonym_key() -> SecretStr:
    """A fresh key of 32 random bytes in hexadecimal. One site needs one key: its devices share it."""
    return SecretStr(secrets.token_hex(32))


class EdgeSecrets(BaseModel):
    """What the device must not show."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    broker_password: SecretStr = Field(description="of the broker's user with the device's id")
    pseudonym_key: Annotated[SecretStr, Field(description="32 bytes in hexadecimal; with it accessions become cases")]

    @field_serializer("broker_password", "pseudonym_key", when_used="json")
    def _reveal(self, value: SecretStr) -> str:
        return value.get_secret_value()

    @property
    def pseudonym_key_bytes(self) -> bytes:
        """The key in the form that `case_pseudonym` takes."""
        return bytes.fromhex(self.pseudonym_key.get_secret_value())

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read the secrets.

        Raises:
            ConfigurationError: the file is missing, open to other accounts, or does not hold what it should.
        """
        try:
            with path.open("rb") as file:
                _refuse_open_file(path, os.fstat(file.fileno()).st_mode)
                secrets_read = cls.model_validate_json(file.read())
            key_bytes = len(secrets_read.pseudonym_key_bytes)
        except OSError as error:
            raise ConfigurationError(
                f"The secrets {path} cannot be read ({error.strerror}); `smearflow-edge enrol` writes them."
            ) from error
        except ValidationError as error:
            names = ", ".join(".".join(map(str, fault["loc"])) or "the file" for fault in error.errors())
            raise ConfigurationError(
                f"The secrets {path} are damaged at: {names}. Restore the file from its backup."
            ) from error
        except ValueError:
            raise ConfigurationError(f"pseudonym_key in {path} must be hexadecimal.") from None
        if key_bytes != 32:  # noqa: PLR2004 - the size of the key that SHA-256's HMAC takes
            raise ConfigurationError(f"pseudonym_key in {path} has {key_bytes} bytes; it must have 32.")
        return secrets_read

    def save(self, path: Path) -> None:
        """Write the secrets for their owner alone; a crash leaves the old file or the new one, never half.

        Raises:
            OSError: the folder cannot be written.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}.tmp")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(self.model_dump_json(indent=2))
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)


def _refuse_open_file(path: Path, mode: int) -> None:
    """Where permissions are POSIX's: nobody but the owner may read or write the file."""
    others = stat.S_IMODE(mode) & (stat.S_IRWXG | stat.S_IRWXO)
    if os.name == "posix" and others:
        raise ConfigurationError(
            f"The secrets {path} may be used by other accounts (mode {stat.S_IMODE(mode):04o}):"
            f" run `chmod 600 {path}`, and change the secrets if others can have read them."
        )
