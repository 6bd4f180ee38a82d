"""Draws a signed report as a PDF, from its content alone and the images that it shows.

Typst sets the pages: it follows the Unicode bidirectional algorithm, shapes every script, and writes PDF/A, which keeps
its fonts and needs nothing else. Of the words of people nothing is read as markup: they come to the template as data.
"""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from uuid import UUID

import typst

from cloud_service.reports.schemas import ReportContent, ReportedImage
from cloud_service.reports.telling import tell
from cloud_service.reports.typography import FONTS
from shared.vocabulary import PersonVerdict

SHOWN_IMAGES = 6
_TEMPLATE = Path(__file__).parent / "templates" / "report.typ"
_STANDARD: Final = "a-2a"  # PDF/A for archives, with the structure that screen readers follow


def shown_images(content: ReportContent) -> list[ReportedImage]:
    """The images that the report shows: those that the reader calls suspicious first, then as the model ranks them."""
    ranked = sorted(content.images, key=lambda image: image.verdict is not PersonVerdict.SUSPICIOUS)
    return ranked[:SHOWN_IMAGES]


def draw(content: ReportContent, pictures: Mapping[UUID, bytes]) -> bytes:
    """The report as PDF. The same content and pictures give the same bytes.

    Args:
        content: what was signed.
        pictures: JPEG of those `shown_images` that are to be had, by capture id.
    """
    files = {image.capture_id: f"{image.capture_id}.jpg" for image in shown_images(content)}
    with TemporaryDirectory(prefix="smearflow-report-") as name:
        folder = Path(name)  # Typst reads nothing outside of it
        for capture_id, data in pictures.items():
            (folder / files[capture_id]).write_bytes(data)
        there = {capture_id: file for capture_id, file in files.items() if capture_id in pictures}
        (folder / "report.json").write_text(json.dumps(tell(content, shown_images(content), there)))
        compiler = typst.Compiler(_TEMPLATE.read_bytes(), root=folder, font_paths=_fonts())
        pdf = compiler.compile(
            format="pdf", pdf_standards=_STANDARD, timestamp=content.signed_at.replace(microsecond=0)
        )
    assert isinstance(pdf, bytes)  # noqa: S101 - what this one call always gives, among those that its types allow
    return pdf


@cache
def _fonts() -> typst.Fonts:
    """The fonts that come with Smearflow and no others: a report looks the same on every machine."""
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[FONTS])
