"""The browser of the tests, without a server."""

import pytest
from playwright.sync_api import Page

pytestmark = pytest.mark.browser


def test_a_page_runs_its_scripts(page: Page) -> None:
    page.set_content("<p id='out'></p><script>out.textContent = [1, 2].map(n => n * 2).join()</script>")

    assert page.locator("#out").inner_text() == "2,4"
