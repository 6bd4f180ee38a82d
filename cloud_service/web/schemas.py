"""What the shapes of the API share."""

from pydantic import BaseModel, ConfigDict


class ApiModel(BaseModel):
    """What the API tells: made from a row or from parts, never changed.

    The docstrings below fields become their descriptions in the OpenAPI document.
    """

    model_config = ConfigDict(frozen=True, from_attributes=True, use_attribute_docstrings=True)


class ApiRequest(BaseModel):
    """What the API takes; a field that it does not know is refused, since it would be ignored in silence."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
