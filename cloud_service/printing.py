"""What commands print for programs."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from pydantic import BaseModel


def print_json(found: "BaseModel | Sequence[BaseModel]") -> None:
    """Print one document, or a list of them, as JSON alone."""
    told = (
        [item.model_dump(mode="json") for item in found]
        if isinstance(found, Sequence)
        else found.model_dump(mode="json")
    )
    typer.echo(json.dumps(told, indent=2))
