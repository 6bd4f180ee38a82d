"""What the audit trail tells of."""

from enum import StrEnum


class Action(StrEnum):
    """What was done; the comment says what the subject is."""

    LOG_IN = "log-in"  # user
    LOG_IN_REFUSED = "log-in-refused"  # user, or "(unknown)": what was typed may have been a password
    LOG_OUT = "log-out"  # user
    PASSWORD_CHANGED = "password-changed"  # noqa: S105 - user
    USER_ADDED = "user-added"  # user
    USER_DISABLED = "user-disabled"  # user
    USER_ENABLED = "user-enabled"  # user
    USER_RESET = "user-reset"  # user
    TOKEN_ADDED = "token-added"  # noqa: S105 - user; the details name the token
    TOKEN_REVOKED = "token-revoked"  # noqa: S105 - likewise
    DEVICE_ENROLLED = "device-enrolled"  # device
    DEVICE_REMOVED = "device-removed"  # device
    CAPTURE_SEEN = "capture-seen"  # capture: all that is known of it
    IMAGE_SEEN = "image-seen"  # capture: its image
    ANALYSIS_RETRIED = "analysis-retried"  # capture
    CASE_SEEN = "case-seen"  # case
    CASE_CLAIMED = "case-claimed"  # case; every change of a case names its new version
    CASE_RELEASED = "case-released"  # case; the details name who held it
    CASE_COMMENTED = "case-commented"  # case; the details name the comment
