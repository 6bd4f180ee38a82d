"""Where a page ends, as an opaque text that the next page is asked for with."""

import base64
import json
from datetime import datetime
from typing import Any
from uuid import UUID

from cloud_service.errors import RequestError


class BadCursorError(RequestError):
    """`after` is none that a page of this list gave as `next`; ask for the first page."""

    def __init__(self) -> None:
        super().__init__("`after` is none that a page of this list gave as `next`; ask for the first page.")


def write_cursor(*parts: object) -> str:
    """The text for a key's parts: texts, numbers, moments and ids."""
    text = json.dumps(parts, default=_plain, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(cursor: str, count: int) -> list[Any]:
    """The parts again, `count` of them, as texts and numbers.

    Raises:
        BadCursorError: it is none.
    """
    try:
        parts = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except ValueError as error:
        raise BadCursorError from error
    if not isinstance(parts, list) or len(parts) != count:
        raise BadCursorError
    return parts


def _plain(value: object) -> str:
    match value:
        case datetime():
            return value.isoformat()
        case UUID():
            return value.hex
    raise TypeError(f"{value!r} is no part of a cursor.")
