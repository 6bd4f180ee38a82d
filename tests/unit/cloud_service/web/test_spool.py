"""Bodies on their way in: the disk's errors are told to who sends, and those of who reads the file are his own."""

import asyncio
import errno
import os
import tempfile
from collections.abc import AsyncIterator

import pytest

from cloud_service.web.spool import spooled
from shared.errors import TransientError

FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


async def chunks() -> AsyncIterator[bytes]:
    yield b"first "
    yield b"second"


async def receive(fault: OSError | None = None) -> bytes:
    async with spooled(chunks(), 100, remedy="Send less.") as body:
        if fault is not None:
            raise fault
        return body.path.read_bytes()


def test_a_body_arrives_as_it_was_sent() -> None:
    assert asyncio.run(receive()) == b"first second"


def test_a_full_disk_is_told_and_the_error_of_who_reads_stays_his_own(monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = PermissionError(errno.EACCES, "not theirs to read")
    with pytest.raises(PermissionError) as raised:
        asyncio.run(receive(theirs))
    assert raised.value is theirs

    def full(**_: object) -> None:
        raise FULL

    monkeypatch.setattr(tempfile, "NamedTemporaryFile", full)
    with pytest.raises(TransientError, match=r"cannot be kept: No space left on device\. Free some space"):
        asyncio.run(receive())
