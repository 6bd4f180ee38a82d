"""Passwords: which are good enough (in the manner of NIST SP 800-63B), and how they are kept (argon2id, RFC 9106)."""

import secrets
import unicodedata
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from cloud_service.errors import RequestError

SHORTEST, LONGEST = 12, 1000
_RANDOM_BYTES = 15  # 20 characters
_SHORTEST_NAME_THAT_COUNTS = 3
_FEWEST_BEYOND_NAMES = 8
_FEWEST_DIFFERENT = 5
# The commonest of at least SHORTEST characters in public lists of leaked passwords; shorter ones are too short anyway.
_COMMON = frozenset(Path(__file__).with_name("common_passwords.txt").read_text().split())


class WeakPasswordError(RequestError):
    """A password that is too easily guessed; the text says why."""


def random_password() -> str:
    """A password of 120 random bits."""
    return secrets.token_urlsafe(_RANDOM_BYTES)


def check_password(password: str, *, user: str) -> None:
    """Refuse what is guessed first; anything else goes, and no kind of character is asked for.

    Raises:
        WeakPasswordError: it is too short, too long, common, or little more than the user's name.
    """
    folded = _normal(password).casefold()
    if not SHORTEST <= len(folded) <= LONGEST:
        raise WeakPasswordError(f"A password has {SHORTEST} to {LONGEST} characters; this one has {len(folded)}.")
    if folded in _COMMON or len(set(folded)) < _FEWEST_DIFFERENT:
        raise WeakPasswordError(
            "This password is among the first that are guessed: choose another, say four rare words."
        )
    names = [name for name in (user.casefold(), "smearflow") if len(name) >= _SHORTEST_NAME_THAT_COUNTS]
    for name in names:
        folded = folded.replace(name, "")
    if len(folded) < _FEWEST_BEYOND_NAMES:
        raise WeakPasswordError(
            f"Beyond the names of user and program, a password needs {_FEWEST_BEYOND_NAMES} characters."
        )


class Passwords:
    """Makes and checks password hashes. Each takes about 0.2 s and 64 MB, so few are to run at once.

    Args:
        hasher: whose parameters new hashes get; the library's, which follow RFC 9106, where not given.
    """

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        # Checked in the place of a hash that is not there, so that nobody learns from the time who has an account.
        self._nobodys = self._hasher.hash(random_password())

    def hash(self, password: str) -> str:
        """A fresh hash, with its parameters and salt in it."""
        return self._hasher.hash(_normal(password))

    def matches(self, stored: str | None, password: str) -> bool:
        """Whether the password is the one that was hashed; without a hash it never is, and that takes as long."""
        try:
            self._hasher.verify(stored or self._nobodys, _normal(password))
        except VerifyMismatchError:
            return False
        return stored is not None

    def is_outdated(self, stored: str) -> bool:
        """Whether the hash was made with other parameters than new ones."""
        return self._hasher.check_needs_rehash(stored)


def _normal(password: str) -> str:
    """One form for what looks alike, however a keyboard composes it (NFKC, as SP 800-63B advises)."""
    return unicodedata.normalize("NFKC", password)
