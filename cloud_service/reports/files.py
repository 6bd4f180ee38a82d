"""What the drawing of a report reads and writes; without imports, for the process that draws is to start quickly."""

from pathlib import Path

FONTS = Path(__file__).parent / "fonts"
TEMPLATE = Path(__file__).parent / "templates" / "report.typ"

TOLD = "report.json"
"""In the folder of one report: its words, as `telling` gives them to the template."""
PDF = "report.pdf"
"""Likewise: what comes of it."""
