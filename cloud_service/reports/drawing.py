"""Draws a signed report as a PDF, from its content alone and the images that it shows.

Typst sets the pages: it follows the Unicode bidirectional algorithm, shapes every script, and writes PDF/A, which keeps
its fonts and needs nothing else. Of the words of people nothing is read as markup: they come to the template as data.
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import BoundedSemaphore
from uuid import UUID

from cloud_service.errors import RequestError
from cloud_service.reports.files import PDF, TOLD
from cloud_service.reports.schemas import ReportContent, ReportedImage
from cloud_service.reports.telling import tell
from shared.errors import TransientError
from shared.logs import get_logger
from shared.vocabulary import PersonVerdict

SHOWN_IMAGES = 6
_TIMEOUT_SECONDS = 60.0
_AT_ONCE = BoundedSemaphore(2)  # processes that draw take some 100 MB each

log = get_logger(__name__)


class DrawingError(RequestError):
    """A report could not be drawn, so nothing was signed; the log holds what Typst said."""

    status = HTTPStatus.INTERNAL_SERVER_ERROR


def shown_images(content: ReportContent) -> list[ReportedImage]:
    """The images that the report shows: those that the reader calls suspicious first, then as the model ranks them."""
    ranked = sorted(content.images, key=lambda image: image.verdict is not PersonVerdict.SUSPICIOUS)
    return ranked[:SHOWN_IMAGES]


def draw(content: ReportContent, pictures: Mapping[UUID, bytes]) -> bytes:
    """The report as PDF. The same content and pictures give the same bytes.

    Args:
        content: what was signed.
        pictures: JPEG of those `shown_images` that are to be had, by capture id.

    Raises:
        TransientError: the process that draws was killed, or took more than a minute.
        DrawingError: it failed.
    """
    files = {image.capture_id: f"{image.capture_id}.jpg" for image in shown_images(content)}
    with TemporaryDirectory(prefix="smearflow-report-") as name:
        folder = Path(name)
        for capture_id, data in pictures.items():
            (folder / files[capture_id]).write_bytes(data)
        there = {capture_id: file for capture_id, file in files.items() if capture_id in pictures}
        (folder / TOLD).write_text(json.dumps(tell(content, shown_images(content), there)))
        with _AT_ONCE:
            _run_child(folder, int(content.signed_at.timestamp()))
        return (folder / PDF).read_bytes()


def _run_child(folder: Path, made_at: int) -> None:
    command = [sys.executable, "-m", "cloud_service.reports.draw_child", str(folder), str(made_at)]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_TIMEOUT_SECONDS, check=False)  # noqa: S603 - our own
    except subprocess.TimeoutExpired as error:
        raise TransientError(
            f"The report was not drawn within {_TIMEOUT_SECONDS:.0f} s, so nothing was signed: sign again in a moment."
        ) from error
    if done.returncode < 0:
        log.error("the process that draws reports was killed", signal=-done.returncode)
        raise TransientError("The drawing of the report was cut off, so nothing was signed: sign again in a moment.")
    if done.returncode > 0:
        log.critical("a report cannot be drawn", said=done.stderr.decode(errors="replace")[-2000:])
        raise DrawingError(
            "The report cannot be drawn, so nothing was signed: tell the administrator, whose log says why."
        )
