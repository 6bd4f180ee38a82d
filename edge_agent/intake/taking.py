"""From a file to a capture: read, checked, identified and stripped, or refused with a reason."""

import errno
import os
import stat
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from edge_agent.intake.capture import NO_FINGERPRINT, CaptureTimeSource, Fingerprint, PreparedCapture, Refusal
from edge_agent.intake.deidentify import scrub
from edge_agent.intake.exif import exif_time
from edge_agent.intake.identify import Identification, Identifier, UnidentifiedError
from shared.errors import TransientError, UnreadableImageError
from shared.identifiers import case_pseudonym, sha256_of_bytes
from shared.imaging.assessment import WORKING_EDGE, assess
from shared.imaging.decode import ImageLimits, open_image, probe

_SHARING_VIOLATIONS = frozenset({32, 33})
"""Windows: another program holds the file, or a part of it, open (ERROR_SHARING_VIOLATION, ERROR_LOCK_VIOLATION)."""

_CLOCK_SLACK = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Taking:
    """How files are taken: the device's rules and its site's key."""

    identifier: Identifier
    limits: ImageLimits
    pseudonym_key: bytes

    def take(self, path: Path) -> PreparedCapture | Refusal:
        """Read, check, identify and strip one file; it is never changed.

        Raises:
            TransientError: the file is being written, or it cannot be read at present: try again later.
        """
        fingerprint = NO_FINGERPRINT
        try:
            fingerprint = Fingerprint.at(path)
            return self._prepare(path, fingerprint, _read_whole(path, self.limits.max_bytes))
        except (UnreadableImageError, UnidentifiedError) as error:
            return Refusal(path, fingerprint, str(error))
        except OSError as error:
            return _refusal_for(error, path, fingerprint)

    def _prepare(self, path: Path, fingerprint: Fingerprint, data: bytes) -> PreparedCapture:
        info = probe(data, self.limits)
        image = open_image(data, self.limits, draft_edge=WORKING_EDGE)
        quality = assess(image, file_size=(info.width, info.height))
        identification = self.identifier.identify(path)
        captured_at, source = _capture_time(identification, exif_time(image), fingerprint)
        del image  # a large TIFF or BMP is decoded once more below; two at a time would double the memory
        scrubbed = scrub(data, info, self.limits)
        original_sha256 = sha256_of_bytes(data)
        sha256 = original_sha256 if scrubbed.payload == data else sha256_of_bytes(scrubbed.payload)
        known = identification or Identification(accession=f"file {sha256}", stain=self.identifier.rules.default_stain)
        return PreparedCapture(
            path=path,
            fingerprint=fingerprint,
            payload=scrubbed.payload,
            sha256=sha256,
            original_sha256=original_sha256,
            media_type=scrubbed.media_type,
            width=info.width,
            height=info.height,
            case=case_pseudonym(known.accession, self.pseudonym_key),
            specimen=known.specimen,
            smear=known.smear,
            stain=known.stain,
            captured_at=captured_at,
            captured_at_source=source,
            quality=quality,
            priority=known.priority,
        )


def _read_whole(path: Path, max_bytes: int) -> bytes:
    """The file's bytes, all of one moment.

    Raises:
        UnreadableImageError: it is a folder, no plain file, or too large.
        TransientError: it changed while it was read.
        OSError: it cannot be read.
    """
    before = path.stat()  # before opening: to open a pipe would wait for its writer
    if stat.S_ISDIR(before.st_mode):
        raise UnreadableImageError("this is a folder, though its name is that of an image: save captures as files")
    if not stat.S_ISREG(before.st_mode):
        raise UnreadableImageError("this is no plain file (a pipe, socket or device): save the capture as a file")
    if before.st_size > max_bytes:
        raise UnreadableImageError(
            f"the file has {before.st_size:,} bytes, more than the {max_bytes:,} allowed: save it as JPEG or PNG"
        )
    with path.open("rb") as file:
        data = file.read(before.st_size + 1)
    if Fingerprint.of(path.stat()) != Fingerprint.of(before) or len(data) != before.st_size:
        raise TransientError("the file was changed while it was read: it is read again when it stands still")
    return data


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
        return Refusal(path, NO_FINGERPRINT, reason)
    if isinstance(error, FileNotFoundError | NotADirectoryError) and what == "the file":
        return Refusal(path, NO_FINGERPRINT, _why_not_there(path))
    if error.errno == errno.ELOOP:
        return Refusal(path, fingerprint, "the link leads in a circle: copy the file itself into the folder")
    raise TransientError(f"{what} cannot be read at present ({error.strerror}): it is tried again") from error


def _why_not_there(path: Path) -> str:
    if path.is_symlink():
        return "the link leads to a file that is not there: copy the file itself into the folder"
    return "the file vanished before it could be read: if it was a capture, save it again"
