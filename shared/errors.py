"""Errors, typed by what should happen next (DESIGN promise 5: retry is a type).

SmearflowError
├── TransientError      may succeed later by itself: retried with jittered back-off
└── PermanentError      will not change by itself: shown, with its reason, to a person who can retry it
    ├── UnreadableImageError    the bytes are no image that Smearflow reads
    ├── ProtocolError           a message on the wire breaks shared/PROTOCOL.md
    └── ConfigurationError      a setting or a file of settings is wrong or missing
"""

from shared.vocabulary import RefusalKind


class SmearflowError(Exception):
    """Root of the errors that Smearflow raises on purpose; its text is fit to be shown to a person."""


class TransientError(SmearflowError):
    """Something that may heal by itself: a line, a lock, a server that is restarting."""


class PermanentError(SmearflowError):
    """Something that stays wrong until a person changes it; never retried in a loop."""


class UnreadableImageError(PermanentError):
    """The bytes cannot be read as an image within the limits; the text is the reason for the technician.

    Attributes:
        kind: the reason in one word, where the text must not go.
    """

    def __init__(self, reason: str, kind: RefusalKind = RefusalKind.DAMAGED) -> None:
        super().__init__(reason)
        self.kind = kind


class ProtocolError(PermanentError):
    """A message does not follow the wire protocol; the text names the message, the field and the rule."""


class ConfigurationError(PermanentError):
    """A setting is missing or wrong; the text names the setting and what it should hold."""
