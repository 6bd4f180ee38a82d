"""What the acceptance tests share: photographs, which take longer to draw than to diagnose."""

from pathlib import Path

import pytest

from tests.support.photographs import draw_crops


@pytest.fixture(scope="session")
def crops(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Sixty single cells, none like another; each stack of a test may take any of them."""
    return draw_crops(tmp_path_factory.mktemp("crops"), 60)
