"""From a file to a capture: read, checked, identified and stripped, or refused with a reason."""

import errno
import io
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

from edge_agent.intake.capture import NO_FINGERPRINT, CaptureTimeSource, Fingerprint, PreparedCapture, Refusal
from edge_agent.intake.deidentify import MediaType, scrub_jpeg
from edge_agent.intake.exif import exif_time
from edge_agent.intake.identify import Identification, Identifier, UnidentifiedError
from edge_agent.intake.rewriting import copy_png, rewrite_as_png
from shared.errors import TransientError, UnreadableImageError
from shared.identifiers import case_pseudonym, sha256_of_bytes, sha256_of_file, sha256_of_stream
from shared.imaging.assessment import WORKING_EDGE, assess
from shared.imaging.decode import ImageInfo, ImageLimits, open_image, opened
from shared.imaging.quality import QualityMeasures
from shared.vocabulary import RefusalKind

_SHARING_VIOLATIONS = frozenset({32, 33})
"""Windows: another program holds the file, or a part of it, open (ERROR_SHARING_VIOLATION, ERROR_LOCK_VIOLATION)."""

_CLOCK_SLACK = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Stripped:
    """What an image file gives without its metadata."""

    payload: BinaryIO
    media_type: MediaType
    sha256: str
    original_sha256: str
    quality: QualityMeasures


@dataclass(frozen=True, slots=True)
class Taking:
    """How files are taken: the device's rules, its site's key, and where it has room for large images."""

    identifier: Identifier
    limits: ImageLimits
    pseudonym_key: bytes
    drafts: Path | None = None

    def take(self, path: Path) -> PreparedCapture | Refusal:
        """Read, check, identify and strip one file; it is never changed.

        Raises:
            TransientError: the file is being written, or it cannot be read at present: try again later.
        """
        fingerprint = NO_FINGERPRINT
        with ExitStack() as until_taken:
            try:
                fingerprint = Fingerprint.at(path)
                with _standing_still(path, self.limits.max_bytes):
                    capture = self._prepare(path, fingerprint, until_taken)
            except (UnreadableImageError, UnidentifiedError) as error:
                return Refusal(path, fingerprint, error.kind, str(error))
            except OSError as error:
                return _refusal_for(error, path, fingerprint)
            until_taken.pop_all()
            return capture

    def _prepare(self, path: Path, fingerprint: Fingerprint, until_taken: ExitStack) -> PreparedCapture:
        with opened(path, self.limits) as image:
            info, taken_at = ImageInfo.of(image), exif_time(image)
        stripped = self._scrubbed(path, info) if info.format == "JPEG" else self._streamed(path, info)
        byte_size = until_taken.enter_context(stripped.payload).seek(0, os.SEEK_END)
        stripped.payload.seek(0)
        identification = self.identifier.identify(path)
        captured_at, source = _capture_time(identification, taken_at, fingerprint)
        known = identification or Identification(accession=f"file {stripped.sha256}", **self.identifier.usual)
        return PreparedCapture(
            path=path,
            fingerprint=fingerprint,
            payload=stripped.payload,
            byte_size=byte_size,
            sha256=stripped.sha256,
            original_sha256=stripped.original_sha256,
            media_type=stripped.media_type,
            width=info.width,
            height=info.height,
            case=case_pseudonym(known.accession, self.pseudonym_key),
            specimen=known.specimen,
            smear=known.smear,
            stain=known.stain,
            micrometres_per_pixel=known.micrometres_per_pixel,
            captured_at=captured_at,
            captured_at_source=source,
            quality=stripped.quality,
            priority=known.priority,
        )

    def _scrubbed(self, path: Path, info: ImageInfo) -> _Stripped:
        """A JPEG, whose coded pixels stay."""
        with path.open("rb") as file:
            data = file.read(self.limits.max_bytes)
        image = open_image(data, self.limits, draft_edge=WORKING_EDGE)
        quality = assess(image, file_size=(info.width, info.height))
        del image  # before the file's bytes are copied
        clean = scrub_jpeg(data)
        original_sha256 = sha256_of_bytes(data)
        return _Stripped(
            payload=io.BytesIO(clean),
            media_type="image/jpeg",
            sha256=original_sha256 if clean == data else sha256_of_bytes(clean),
            original_sha256=original_sha256,
            quality=quality,
        )

    def _streamed(self, path: Path, info: ImageInfo) -> _Stripped:
        """A PNG, TIFF or BMP, which is large: neither its pixels nor what travels ever stand in memory as a whole."""
        write = copy_png if info.format == "PNG" else rewrite_as_png
        with ExitStack() as until_written:
            try:
                payload = until_written.enter_context(tempfile.TemporaryFile(dir=self.drafts))
            except OSError as error:
                raise TransientError(
                    f"there is no room for a PNG of it ({error.strerror}): it is tried again"
                ) from error
            quality = assess(write(path, info, self.limits, payload), file_size=(info.width, info.height))
            payload.seek(0)
            sha256 = sha256_of_stream(payload)
            original_sha256 = sha256_of_file(path)
            until_written.pop_all()
        return _Stripped(payload, "image/png", sha256, original_sha256, quality)


@contextmanager
def _standing_still(path: Path, max_bytes: int) -> Iterator[None]:
    """While the body reads a file, hold that it is one of one moment.

    Raises:
        UnreadableImageError: it is a folder, no plain file, or too large.
        TransientError: it changed while it was read.
        OSError: it cannot be looked at.
    """
    before = path.stat()  # before opening: to open a pipe would wait for its writer
    if stat.S_ISDIR(before.st_mode):
        raise UnreadableImageError(
            "this is a folder, though its name is that of an image: save captures as files", RefusalKind.NOT_A_FILE
        )
    if not stat.S_ISREG(before.st_mode):
        raise UnreadableImageError(
            "this is no plain file (a pipe, socket or device): save the capture as a file", RefusalKind.NOT_A_FILE
        )
    if before.st_size > max_bytes:
        raise UnreadableImageError(
            f"the file has {before.st_size:,} bytes, more than the {max_bytes:,} allowed: save it as JPEG or PNG",
            RefusalKind.TOO_LARGE,
        )
    fault: UnreadableImageError | None = None
    try:
        yield
    except UnreadableImageError as error:
        fault = error
    if Fingerprint.of(path.stat()) != Fingerprint.of(before):
        raise TransientError("the file was changed while it was read: it is read again when it stands still")
    if fault is not None:
        raise fault


def _capture_time(
    identification: Identification | None, exif: datetime | None, fingerprint: Fingerprint
) -> tuple[datetime, CaptureTimeSource]:
    """The best time there is; one by EXIF that lies after the file's last change is a camera's wrong clock."""
    if identification is not None and identification.captured_at is not None:
        return identification.captured_at, CaptureTimeSource.SIDECAR
    changed = datetime.fromtimestamp(fingerprint.mtime_ns / 1e9, UTC)
    if exif is not None and exif <= changed + _CLOCK_SLACK:
        return exif, CaptureTimeSource.EXIF
    return changed, CaptureTimeSource.FILE


def _refusal_for(error: OSError, path: Path, fingerprint: Fingerprint) -> Refusal:
    """The refusal for an error that stays as it is; raises TransientError for one that may heal by itself."""
    what = "the file" if error.filename is None or os.fspath(error.filename) == os.fspath(path) else "its sidecar"
    held = getattr(error, "winerror", None) in _SHARING_VIOLATIONS
    if isinstance(error, PermissionError) and not held:
        reason = f"{what} may not be read by the agent's account: grant it the right to read"
        return Refusal(path, NO_FINGERPRINT, RefusalKind.NOT_PERMITTED, reason)
    if isinstance(error, FileNotFoundError | NotADirectoryError) and what == "the file":
        return _not_there(path)
    if error.errno == errno.ELOOP:
        reason = "the link leads in a circle: copy the file itself into the folder"
        return Refusal(path, fingerprint, RefusalKind.NOT_A_FILE, reason)
    raise TransientError(f"{what} cannot be read at present ({error.strerror}): it is tried again") from error


def _not_there(path: Path) -> Refusal:
    if path.is_symlink():
        reason = "the link leads to a file that is not there: copy the file itself into the folder"
        return Refusal(path, NO_FINGERPRINT, RefusalKind.NOT_A_FILE, reason)
    reason = "the file vanished before it could be read: if it was a capture, save it again"
    return Refusal(path, NO_FINGERPRINT, RefusalKind.VANISHED, reason)
