"""What tests of the page share: the log-in, the bar at the top, and a look for barriers by axe-core."""

import json
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from tests.support.accounts import PASSWORD
from tests.support.web import ApiServer

_AXE = Path("cloud_service/dashboard/node_modules/axe-core/axe.min.js")
_WCAG_AA = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


def fill_log_in(page: Page, user: str, password: str) -> None:
    """Fill in the log-in form and send it."""
    page.get_by_label("User name").fill(user)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in", exact=True).click()


def log_in(page: Page, server: ApiServer, user: str, path: str = "/") -> None:
    """Open an address of the page as a user with PASSWORD, and wait until the event stream is there."""
    page.goto(f"{server.url}{path}")
    fill_log_in(page, user, PASSWORD)
    expect(connection(page)).to_contain_text("Live")


def connection(page: Page) -> Locator:
    """What says whether the page is up to date."""
    return page.get_by_role("banner").get_by_role("status")


def account(page: Page) -> Locator:
    """Who is logged in, and the menu behind it."""
    return page.get_by_role("group", name="Account")


def choose_in_account_menu(page: Page, item: str) -> None:
    """Open the account's menu and choose from it."""
    account(page).get_by_role("button").click()
    page.get_by_role("menuitem", name=item).click()


def barriers(page: Page) -> list[str]:
    """What axe-core finds against WCAG 2.2 AA on the page as it is, one line an element; mostly none."""
    page.evaluate(_AXE.read_text(encoding="utf-8"))
    found = page.evaluate(f"axe.run(document, {{runOnly: {json.dumps(_WCAG_AA)}}})")
    return [
        f"{rule['id']}: {node['html']}: {node['failureSummary']}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]
