"""Where a page ends, as an opaque text that the next page is asked for with."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime
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


def read_cursor(cursor: str, *kinds: Callable[[Any], Any]) -> list[Any]:
    """The parts again, one for each of `kinds`, each made by it of a text or number.

    Raises:
        BadCursorError: it is none, or its parts are of other kinds.
    """
    try:
        parts = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        return [kind(part) for kind, part in zip(kinds, parts, strict=True)]
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise BadCursorError from error


def moment(text: str) -> datetime:
    """A moment as `write_cursor` writes it.

    Raises:
        ValueError, TypeError, OverflowError: it is none.
    """
    return datetime.fromisoformat(text).astimezone(UTC)


def _plain(value: object) -> str:
    match value:
        case datetime():
            return value.isoformat()
        case UUID():
            return value.hex
    raise TypeError(f"{value!r} is no part of a cursor.")
