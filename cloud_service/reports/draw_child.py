"""Sets one report with Typst, in a process that ends with it.

    python -m cloud_service.reports.draw_child FOLDER SECONDS

FOLDER holds the report's words and pictures, and gets its PDF; SECONDS since 1970 are the time that the PDF bears.
Typst keeps what it has set, for the next time: 40 MB with each report of 500 images, which nobody sets twice.
"""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import typst

from cloud_service.reports.files import FONTS, PDF, TEMPLATE

_STANDARD: Final = "a-2a"  # PDF/A for archives, with the structure that screen readers follow


def main(folder: Path, made_at: datetime) -> None:
    """Set the report in `folder`: Typst reads nothing outside of it, and no fonts but Smearflow's own."""
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[FONTS])
    compiler = typst.Compiler(TEMPLATE.read_bytes(), root=folder, font_paths=fonts)
    compiler.compile(output=folder / PDF, format="pdf", pdf_standards=_STANDARD, timestamp=made_at)


if __name__ == "__main__":
    main(Path(sys.argv[1]), datetime.fromtimestamp(int(sys.argv[2]), UTC))
