"""Which accession an image belongs to: by the sidecar beside it, else by its file name.

No text made here quotes a sidecar's or a file name's content, since it may name a patient.
"""

import json
import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints, ValidationError, field_validator

from edge_agent.config import IdentificationSection, SidecarRule, UnidentifiedRule
from edge_agent.intake.names import sidecars_of
from shared.errors import PermanentError
from shared.messages import MicrometresPerPixel
from shared.vocabulary import Priority, RefusalKind

SIDECAR_MAX_BYTES = 64 * 1024
_FIRST_YEAR, _LAST_YEAR = 1990, 2200


class UnidentifiedError(PermanentError):
    """Nothing names the image's accession rightly; the text is the reason for the technician."""

    kind = RefusalKind.NO_ACCESSION


class SidecarError(UnidentifiedError):
    """A sidecar stands beside the image, but it is wrong."""

    kind = RefusalKind.BAD_SIDECAR


def _composed(value: object) -> object:
    """The same letters in one form (Unicode NFC), so that a Mac's file names give the same case as a PC's."""
    if isinstance(value, float):
        message = "must be text in quotes; a number with a point may have been rounded"
        raise ValueError(message)  # noqa: TRY004 - pydantic reads ValueError as a fault of the field
    return unicodedata.normalize("NFC", value) if isinstance(value, str) else value


Word = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    BeforeValidator(_composed),
]


class Identification(BaseModel):
    """What is known of an image before it is opened. Also the form of a sidecar, whose further fields are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore", coerce_numbers_to_str=True, hide_input_in_errors=True)

    accession: Word
    specimen: Word | None = None
    smear: Word | None = None
    stain: Word | None = None
    micrometres_per_pixel: MicrometresPerPixel | None = None
    captured_at: datetime | None = None
    priority: Priority = Priority.ROUTINE

    @field_validator("captured_at")
    @classmethod
    def _is_a_time_of_ours(cls, time: datetime | None) -> datetime | None:
        """A time without a zone is this workstation's; a year out of range would also not survive the conversion."""
        if time is None:
            return None
        if not _FIRST_YEAR <= time.year <= _LAST_YEAR:
            raise ValueError(f"the year must lie between {_FIRST_YEAR} and {_LAST_YEAR}")
        return time.astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Identifier:
    """Finds the identification of images by the device's settings."""

    rules: IdentificationSection

    def identify(self, image: Path) -> Identification | None:
        """Find out what `image` is; None where nothing names it and the settings make it a case of its own.

        Raises:
            UnidentifiedError: a sidecar or the name is missing or wrong.
            OSError: a sidecar is there and cannot be read.
        """
        sidecar = next((place for place in sidecars_of(image) if place.is_file()), None)
        if sidecar is not None:
            found: Identification | None = read_sidecar(sidecar)
        elif self.rules.sidecar is SidecarRule.REQUIRED:
            raise UnidentifiedError(
                "no sidecar: a JSON file with the accession must stand beside the image,"
                " named like it with .json added; save one, then it is taken by itself"
            )
        else:
            found = self._by_name(image)
        if found is None:
            return None
        return found.model_copy(update={name: usual for name, usual in self.usual.items() if not getattr(found, name)})

    @property
    def usual(self) -> dict[str, Any]:
        """What holds of this workstation's images where nothing beside them says otherwise."""
        return {"stain": self.rules.default_stain, "micrometres_per_pixel": self.rules.micrometres_per_pixel}

    def _by_name(self, image: Path) -> Identification | None:
        match = self._match(image)
        if match is None and self.rules.unidentified is UnidentifiedRule.OWN_CASE:
            return None
        if match is None:
            raise UnidentifiedError(
                "no accession: there is no sidecar (a JSON file beside the image) and "
                + ("the file name does not fit" if self.rules.accession_pattern else "the settings have no")
                + " identification.accession_pattern; rename the file or save a sidecar"
            )
        try:
            return Identification.model_validate({k: v for k, v in match.groupdict().items() if v is not None})
        except ValidationError as error:
            raise UnidentifiedError(
                f"the file name does not identify the image: {_faults(error)}; rename it"
            ) from error

    def _match(self, image: Path) -> re.Match[str] | None:
        if self.rules.accession_pattern is None:
            return None
        pattern = re.compile(self.rules.accession_pattern)
        return pattern.fullmatch(image.stem) or pattern.fullmatch(image.name)


def read_sidecar(path: Path) -> Identification:
    """Read a sidecar: UTF-8 JSON, one object, `accession` at least.

    Raises:
        SidecarError: it is too large, no JSON, or a field is missing or wrong.
        OSError: it cannot be read.
    """
    if path.stat().st_size > SIDECAR_MAX_BYTES:
        raise SidecarError(f"the sidecar has more than {SIDECAR_MAX_BYTES:,} bytes; is it the right file?")
    try:
        content = json.loads(path.read_bytes().decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise SidecarError("the sidecar is not UTF-8 text; save it as UTF-8") from error
    except json.JSONDecodeError as error:
        raise SidecarError(
            f"the sidecar is not JSON: {error.msg} at line {error.lineno}, column {error.colno}; correct it"
        ) from error
    except RecursionError as error:
        raise SidecarError("the sidecar is not a JSON object with an accession: it is nested too deep") from error
    except ValueError as error:  # Python reads no whole number of more than 4,300 digits
        raise SidecarError("the sidecar holds a number that is too long; write texts in quotes") from error
    if not isinstance(content, dict):
        raise SidecarError('the sidecar must hold a JSON object such as {"accession": "..."}')
    try:
        return Identification.model_validate(content)
    except ValidationError as error:
        raise SidecarError(f"the sidecar is wrong at {_faults(error)}; correct it") from error


def _faults(error: ValidationError) -> str:
    """Fields and what is wrong with them, without their values."""
    return "; ".join(
        f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors(include_input=False)
    )
