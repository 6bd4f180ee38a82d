"""Errors as problem details (RFC 9457): one place that decides what a caller is told."""

import math
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from sqlalchemy.exc import DataError, OperationalError
from starlette.exceptions import HTTPException

from cloud_service.accounts.limiter import TooManyAttemptsError
from cloud_service.errors import RequestError, UnauthorisedError
from shared.errors import ConfigurationError, PermanentError, SmearflowError, TransientError
from shared.logs import get_logger

MEDIA_TYPE = "application/problem+json"
_REFERENCE = "#/components/schemas/{model}"

RESPONSES: dict[int | str, dict[str, Any]] = {
    "default": {
        "description": "Problem",
        "content": {MEDIA_TYPE: {"schema": {"$ref": _REFERENCE.format(model="Problem")}}},
    }
}
"""What a route's documentation says of its errors; `describe` adds the schema."""

log = get_logger(__name__)


class Fault(BaseModel):
    """What is wrong with one part of a request."""

    where: str
    fault: str


class Problem(BaseModel):
    """Why a request was not fulfilled (RFC 9457)."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    """For a person."""
    faults: list[Fault] | None = None
    """Of a request that is not as the API wants it, each fault (an extension member, section 3.2)."""


def install(app: FastAPI) -> None:
    """Let `app` render every error as a problem."""
    app.add_exception_handler(SmearflowError, _smearflow_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_exception)
    app.add_exception_handler(OperationalError, _database_away)
    app.add_exception_handler(DataError, _unfit_for_database)
    app.add_exception_handler(Exception, _unforeseen)


def describe(document: dict[str, Any]) -> None:
    """Put the schemas that RESPONSES points to into an OpenAPI document."""
    _, made = models_json_schema([(Problem, "serialization")], ref_template=_REFERENCE)
    document["components"]["schemas"] |= made["$defs"]


def problem(
    status: HTTPStatus, detail: str, headers: Mapping[str, str] | None = None, faults: list[Fault] | None = None
) -> JSONResponse:
    """A response with `detail` for a person."""
    told = Problem(title=status.phrase, status=status, detail=detail, faults=faults)
    return JSONResponse(told.model_dump(exclude_none=True), status, media_type=MEDIA_TYPE, headers=headers)


def _smearflow_error(_request: Request, error: Exception) -> JSONResponse:
    match error:
        case UnauthorisedError():
            headers = {"WWW-Authenticate": "Bearer"}
        case TooManyAttemptsError():
            headers = {"Retry-After": str(math.ceil(error.wait_seconds))}
        case _:
            headers = {}
    return problem(_status_of(error), str(error), headers)


def _status_of(error: Exception) -> HTTPStatus:
    match error:
        case RequestError():
            return error.status
        case TransientError() | ConfigurationError():  # of the server's own settings: the caller cannot mend them
            return HTTPStatus.SERVICE_UNAVAILABLE
        case PermanentError():
            return HTTPStatus.UNPROCESSABLE_ENTITY
    return HTTPStatus.INTERNAL_SERVER_ERROR


def _validation_error(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - Starlette calls by this very type
    # Only where and what: pydantic's `input` would send back what was typed, a password among it.
    faults = [Fault(where=".".join(map(str, e["loc"])), fault=e["msg"]) for e in error.errors()]
    detail = "; ".join(f"{fault.where}: {fault.fault}" for fault in faults)
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail, faults=faults)


def _http_exception(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - Starlette calls by this very type
    return problem(HTTPStatus(error.status_code), str(error.detail), error.headers)


def _database_away(_request: Request, error: Exception) -> JSONResponse:
    log.warning("the database does not answer", reason=str(error))
    return problem(HTTPStatus.SERVICE_UNAVAILABLE, "The database does not answer: try again in a moment.")


def _unfit_for_database(_request: Request, _error: Exception) -> JSONResponse:
    # A NUL in a text, or a number beyond a column's: what the schemas do not know. The error would quote what was sent.
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, "The database cannot hold what was sent.")


def _unforeseen(_request: Request, _error: Exception) -> JSONResponse:
    # The server logs the error itself, with its traceback.
    return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "Smearflow failed here; its log holds the reason.")
