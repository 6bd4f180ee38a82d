"""Errors of the cloud service; each says which HTTP status it becomes, and one handler in `app` renders them."""

from http import HTTPStatus
from typing import ClassVar

from shared.errors import PermanentError


class RequestError(PermanentError):
    """A request that cannot be fulfilled; its text is shown to the person who made it."""

    status: ClassVar[HTTPStatus] = HTTPStatus.BAD_REQUEST


class NotFoundError(RequestError):
    """What was asked for does not exist, or is not for the one who asks."""

    status = HTTPStatus.NOT_FOUND


class ConflictError(RequestError):
    """What was asked for does not fit the present state."""

    status = HTTPStatus.CONFLICT


class UnauthorisedError(RequestError):
    """Nobody known is asking."""

    status = HTTPStatus.UNAUTHORIZED


class ForbiddenError(RequestError):
    """The one who asks is known and may not."""

    status = HTTPStatus.FORBIDDEN


class AlteredError(RequestError):
    """What was signed is not what is kept: damage, or tampering."""

    status = HTTPStatus.INTERNAL_SERVER_ERROR


class LostClaimError(PermanentError):
    """A worker's lease ran out and another holds the job now; what it worked out is not written."""
