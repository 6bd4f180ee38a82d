"""What the shapes of the API share."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("lies before the year 1 or behind the year 9999 in UTC") from error


Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]
"""A moment that somebody names in a request, in UTC."""


class ApiModel(BaseModel):
    """What the API tells: made from a row or from parts, never changed.

    The docstrings below fields become their descriptions in the OpenAPI document.
    """

    model_config = ConfigDict(frozen=True, from_attributes=True, use_attribute_docstrings=True)


class ApiRequest(BaseModel):
    """What the API takes; a field that it does not know is refused, since it would be ignored in silence."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
