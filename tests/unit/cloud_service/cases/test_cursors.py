"""Where a page ends, as a text: what it says comes back, and no text that somebody made breaks the list."""

import base64
import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from cloud_service.cases.cursors import BadCursorError, moment, read_cursor, write_cursor

AT = datetime(2026, 11, 22, 9, 30, 0, 123456, UTC)
ID = UUID(int=7)


def made_by_hand(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def test_what_is_written_comes_back() -> None:
    assert read_cursor(write_cursor("newest", 0.25, AT, ID), str, float, moment, UUID) == ["newest", 0.25, AT, ID]


def test_a_moment_of_another_zone_is_the_same_moment() -> None:
    assert read_cursor(made_by_hand('["2026-11-22T10:30:00.123456+01:00"]'), moment) == [AT]


@pytest.mark.parametrize(
    "parts",
    [
        [],
        [1.0, ID.hex],
        [AT.isoformat(), ID.hex, 1.0, "more"],
        ["yesterday", ID.hex, 1.0],
        [7, ID.hex, 1.0],
        ["0001-01-01T00:00:00+14:00", ID.hex, 1.0],  # before the first day of all in UTC
        [AT.isoformat(), 7, 1.0],
        [AT.isoformat(), "7", 1.0],
        [AT.isoformat(), ID.hex, None],
        [AT.isoformat(), ID.hex, 10**400],
        {"after": "all"},
        None,
    ],
)
def test_parts_of_other_kinds_are_refused(parts: Any) -> None:
    with pytest.raises(BadCursorError):
        read_cursor(made_by_hand(json.dumps(parts)), moment, UUID, float)


@pytest.mark.parametrize(
    "cursor",
    ["", "é", "a", "AAAA", made_by_hand("["), made_by_hand("[" * 100_000)],
    ids=["empty", "no-base64", "cut-short", "no-json", "open-list", "deep-list"],
)
def test_a_text_that_is_none_is_refused(cursor: str) -> None:
    with pytest.raises(BadCursorError):
        read_cursor(cursor, moment)
