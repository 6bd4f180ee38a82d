"""Identifiers: capture ids, digests, site and device ids, case pseudonyms."""

import hashlib
import hmac
from pathlib import Path
from typing import Annotated, BinaryIO
from uuid import UUID

from pydantic import StringConstraints
from uuid_utils.compat import uuid7

_READ_SIZE = 1 << 20

SlugId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
"""A site or device id: safe as an MQTT topic level, a client id, a user name and a file name."""

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""A SHA-256 (FIPS 180-4) in lower-case hexadecimal."""


def new_capture_id() -> UUID:
    """A fresh UUIDv7 (RFC 9562 section 5.7): unique, and in the order of time."""
    return UUID(int=uuid7().int)


def sha256_of_bytes(data: bytes) -> str:
    """The SHA-256 of `data` in lower-case hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def sha256_of_stream(stream: BinaryIO) -> str:
    """The SHA-256 of what `stream` still holds, read in pieces of 1 MB."""
    digest = hashlib.sha256()
    while piece := stream.read(_READ_SIZE):
        digest.update(piece)
    return digest.hexdigest()


def sha256_of_file(path: Path) -> str:
    """The SHA-256 of a file, read in pieces.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as stream:
        return sha256_of_stream(stream)


def case_pseudonym(accession: str, key: bytes) -> str:
    """The pseudonym under which an accession leaves its site: HMAC-SHA-256 (RFC 2104), first 128 bits.

    The key stays at the site, so that nobody else can test a guessed accession number against the pseudonym.
    White space around the accession and the case of its letters do not count.

    Raises:
        ValueError: the accession is empty, or the key is shorter than 32 bytes.
    """
    normal = accession.strip().upper()
    if not normal:
        raise ValueError("The accession is empty.")
    if len(key) < hashlib.sha256().digest_size:
        raise ValueError("The pseudonym key must have at least 32 bytes.")
    return hmac.new(key, normal.encode(), hashlib.sha256).hexdigest()[:32]
