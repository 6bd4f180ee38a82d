"""What a person sees whose log-in through the provider came to nothing: they come as a page, not from our page."""

from html import escape
from http import HTTPStatus

from fastapi.responses import HTMLResponse

_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark"><title>Smearflow: not logged in</title>
<main>
<h1>You are not logged in</h1>
<p role="alert">{told}</p>
<p><a href="/">Back to the log-in</a></p>
</main>
"""


def refusal_page(told: str, status: HTTPStatus) -> HTMLResponse:
    """A page with the reason, in which a part may be the provider's own words: escaped, and no script runs here."""
    return HTMLResponse(_PAGE.format(told=escape(told)), status)
