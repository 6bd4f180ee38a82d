"""Settings of the edge agent: `edge.toml`, overridden by environment variables such as SMEARFLOW_EDGE_BROKER__HOST."""

import json
import os
import re
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from contextvars import ContextVar
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from shared.errors import ConfigurationError
from shared.identifiers import SlugId
from shared.imaging.decode import PIXEL_CEILING, ImageLimits
from shared.messages import MicrometresPerPixel
from shared.parts import DEFAULT_PART_SIZE
from shared.topics import CLOUD

ENVIRONMENT_PREFIX = "SMEARFLOW_EDGE_"
IDENTIFICATION_GROUPS = frozenset({"accession", "specimen", "smear", "stain"})
"""Named groups that an accession pattern may have; `accession` it must have."""

_base: ContextVar[Path | None] = ContextVar("base", default=None)


def _anchor(path: Path) -> Path:
    return (_base.get() or Path.cwd()) / path.expanduser()


AnchoredPath = Annotated[Path, AfterValidator(_anchor)]
"""A path that counts from the folder of `edge.toml` where it is relative."""


class SidecarRule(StrEnum):
    """Whether an image needs a JSON file beside it (`<image>.json` or `<image without its suffix>.json`)."""

    OPTIONAL = "optional"
    REQUIRED = "required"


class UnidentifiedRule(StrEnum):
    """What becomes of an image whose accession nobody names."""

    REFUSE = "refuse"
    OWN_CASE = "own-case"  # it becomes a case of its own, named after its digest: for demonstrations


class RetentionPolicy(StrEnum):
    """What becomes of an original once the cloud has it durably."""

    KEEP = "keep"
    MOVE = "move"
    DELETE = "delete"


class Section(BaseModel):
    """A table of the file; a name that it does not know is an error, so that a slip of the pen is seen."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class BrokerSection(Section):
    """[broker]: where the agent connects to. The user name is the device id, the password stands in the secrets."""

    host: str = Field("127.0.0.1", min_length=1, description="name or address of the MQTT broker")
    port: int = Field(1883, gt=0, lt=65536, description="TCP port of the broker; 8883 is usual with TLS")
    ca_file: AnchoredPath | None = Field(None, description="certificate authority of the broker (PEM); turns TLS on")
    client_certificate: AnchoredPath | None = Field(None, description="certificate of the device (PEM), for mutual TLS")
    client_key: AnchoredPath | None = Field(None, description="private key of the client certificate (PEM)")
    keepalive_seconds: int = Field(20, ge=5, le=3600, description="MQTT keep-alive, seconds")

    @model_validator(mode="after")
    def _certificate_is_whole(self) -> Self:
        if (self.client_certificate is None) != (self.client_key is None):
            raise ValueError("client_certificate and client_key go together: set both or neither")
        if self.client_certificate is not None and self.ca_file is None:
            raise ValueError("a client certificate needs ca_file, the broker's certificate authority, too")
        return self


class WatchSection(Section):
    """[watch]: where captures appear and when a file counts as complete."""

    folders: tuple[AnchoredPath, ...] = Field(min_length=1, description="folders that captures are saved into")
    recursive: bool = Field(default=True, description="take files from folders within them as well")
    settle_seconds: float = Field(
        0.5, ge=0.05, le=600.0, description="a file is complete when it stood still for so long, seconds"
    )
    scan_seconds: float = Field(
        60.0, ge=1.0, le=86_400.0, description="time between two looks at all files, as events can get lost, seconds"
    )


class IdentificationSection(Section):
    """[identification]: how an image gets its accession."""

    accession_pattern: str | None = Field(
        None,
        description="regular expression for the whole file name without its suffix, with named groups:"
        " (?P<accession>…) and, if wanted, specimen, smear and stain",
    )
    sidecar: SidecarRule = Field(SidecarRule.OPTIONAL, description="optional or required: a JSON file beside the image")
    unidentified: UnidentifiedRule = Field(
        UnidentifiedRule.REFUSE, description="refuse, or own-case: each such image becomes a case of its own"
    )
    default_stain: str | None = Field(
        None,
        min_length=1,
        max_length=200,
        description="stain where none is named, say May-Grünwald-Giemsa",
    )
    micrometres_per_pixel: MicrometresPerPixel | None = Field(
        None,
        description="side of one pixel on the slide where a sidecar names none, measured with a stage micrometer;"
        " gives images a scale bar",
    )

    @field_validator("accession_pattern")
    @classmethod
    def _has_its_groups(cls, pattern: str | None) -> str | None:
        if pattern is None:
            return None
        try:
            groups = re.compile(pattern).groupindex.keys()
        except re.error as error:
            raise ValueError(f"it is no regular expression: {error}") from error
        if "accession" not in groups:
            raise ValueError("it needs a named group for the accession, as in (?P<accession>[^_]+)_.*")
        if unknown := groups - IDENTIFICATION_GROUPS:
            raise ValueError(f"it may name accession, specimen, smear and stain, not {', '.join(sorted(unknown))}")
        return pattern


class ImageSection(Section):
    """[images]: what an image may be at most and must be at least."""

    max_bytes: int = Field(64 * 1024 * 1024, gt=0, description="largest file, bytes")
    max_pixels: int = Field(50_000_000, gt=0, le=PIXEL_CEILING, description="largest width times height, pixels")
    min_side: int = Field(32, gt=0, description="smallest width and height, pixels")

    @property
    def limits(self) -> ImageLimits:
        """The same limits in the form that the image reader takes."""
        return ImageLimits(max_pixels=self.max_pixels, max_bytes=self.max_bytes, min_side=self.min_side)


class SendingSection(Section):
    """[sending]: how captures travel."""

    part_size: int = Field(
        DEFAULT_PART_SIZE,
        ge=1024,
        le=16 * 1024 * 1024,
        description="largest size of a part, bytes; less on a slow line, and if the broker says so",
    )
    window: int = Field(16, ge=1, le=1024, description="parts that may be under way unacknowledged")


class RetentionSection(Section):
    """[retention]: what becomes of originals, and when the disk is too full for more."""

    policy: RetentionPolicy = Field(
        RetentionPolicy.KEEP, description="keep, move or delete an original once the cloud's receipt stands"
    )
    archive_dir: AnchoredPath | None = Field(None, description="folder for `move`, outside all watch folders")
    free_disk_minimum_bytes: int = Field(
        1024**3, ge=0, description="with less free disk than this nothing new is taken in, bytes"
    )

    @model_validator(mode="after")
    def _move_knows_where(self) -> Self:
        if self.policy is RetentionPolicy.MOVE and self.archive_dir is None:
            raise ValueError("policy is move, so archive_dir must name the folder to move originals to")
        return self


class EdgeConfig(Section):
    """All settings of one device. Relative paths count from the folder of `edge.toml`."""

    model_config = ConfigDict(validate_default=True)

    site: SlugId = Field(description="id of the site, as enrolled")
    device: SlugId = Field(description="id of this workstation, as enrolled; also its broker user name and client id")
    state_dir: AnchoredPath = Field(Path("state"), description="outbox, spool and secrets; on a local disk")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="how much is logged")
    watch: WatchSection
    broker: BrokerSection = Field(default_factory=BrokerSection)
    identification: IdentificationSection = Field(default_factory=IdentificationSection)
    images: ImageSection = Field(default_factory=ImageSection)
    sending: SendingSection = Field(default_factory=SendingSection)
    retention: RetentionSection = Field(default_factory=RetentionSection)

    @field_validator("site")
    @classmethod
    def _is_a_site(cls, site: str) -> str:
        if site == CLOUD:
            raise ValueError(f"no site may be called {CLOUD!r}")
        return site

    @model_validator(mode="after")
    def _own_files_are_not_watched(self) -> Self:
        for name, folder in (("state_dir", self.state_dir), ("retention.archive_dir", self.retention.archive_dir)):
            if folder is None:
                continue
            for watched in self.watch.folders:
                if folder.resolve().is_relative_to(watched.resolve()):
                    raise ValueError(f"{name} {folder} lies in the watch folder {watched}: choose another place")
        return self

    @property
    def secrets_file(self) -> Path:
        """Where the broker password and the pseudonym key stand."""
        return self.state_dir / "secrets.json"


def load_config(path: Path) -> EdgeConfig:
    """Read the settings.

    Raises:
        ConfigurationError: the file cannot be read, is no TOML, or a setting is missing, unknown or wrong;
            the text names each setting and what it should hold.
    """
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigurationError(
            f"The settings {path} cannot be read ({error.strerror}); `smearflow-edge enrol` writes them."
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"The settings {path} are no TOML: {error}.") from error
    _override(content, os.environ)
    token = _base.set(path.parent.resolve())
    try:
        return EdgeConfig(**content)
    except ValidationError as error:
        faults = "\n".join(f"  {_fault(dict(fault))}" for fault in error.errors())
        raise ConfigurationError(
            f"The settings {path} (or {ENVIRONMENT_PREFIX}... variables) are wrong:\n{faults}"
        ) from error
    finally:
        _base.reset(token)


def _override(content: dict[str, Any], environment: Mapping[str, str]) -> None:
    """Put what the environment says into the file's content: `__` leads into a table, a list is written as JSON.

    By hand, as the usual library for it takes 75 ms to import, a third of what `status` takes as a whole.
    """
    for name, value in environment.items():
        if not name.startswith(ENVIRONMENT_PREFIX):
            continue
        *tables, setting = name.removeprefix(ENVIRONMENT_PREFIX).lower().split("__")
        place = content
        for table in tables:
            if not isinstance(place.get(table), dict):
                place[table] = {}
            place = place[table]
        place[setting] = value
        if value.startswith("["):
            with suppress(ValueError):  # no list: the setting's own check says what it should hold
                place[setting] = json.loads(value)


def _fault(fault: dict[str, Any]) -> str:
    """One setting's fault: its name, what is wrong, what it should hold."""
    setting = ".".join(str(step) for step in fault["loc"]) or "the settings as a whole"
    if fault["type"] == "extra_forbidden":
        return f"{setting}: there is no such setting; look for a slip of the pen"
    message = str(fault["msg"]).removeprefix("Value error, ")
    purpose = _purpose(fault["loc"])
    return f"{setting}: {message}" + (f" (it holds: {purpose})" if purpose else "")


def _purpose(location: tuple[int | str, ...]) -> str | None:
    """The description of the setting at `location`."""
    model: type[BaseModel] = EdgeConfig
    purpose = None
    for step in location:
        field = model.model_fields.get(str(step))
        if field is None:
            break
        purpose = field.description
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            model = field.annotation
    return purpose
