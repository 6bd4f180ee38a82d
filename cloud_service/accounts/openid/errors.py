"""Why a log-in through the provider came to nothing; the texts are shown to the person."""

from cloud_service.errors import ForbiddenError
from shared.errors import TransientError


class ProviderAwayError(TransientError):
    """The provider does not answer, or not as OpenID Connect says; a log-in with a password still works."""


class NotAdmittedError(ForbiddenError):
    """Somebody came from the provider who is not let in.

    Args:
        told: for a person.
        reason: for the audit trail, in few words of our own.
        user: our user whom it concerns, where one is known.
    """

    def __init__(self, told: str, reason: str, user: str | None = None) -> None:
        super().__init__(told)
        self.reason = reason
        self.user = user
