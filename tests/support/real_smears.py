"""Real smears to develop with, which are no part of the project and may be missing."""

from pathlib import Path

import pytest

FIELDS = Path(__file__).parents[3] / "shared/data/smear-fields-224"

needs_fields = pytest.mark.skipif(
    not (FIELDS / "manifest.csv").is_file(), reason=f"there are no real smear fields in {FIELDS}"
)
"""Skips a test where the 690 real fields are not at hand."""
