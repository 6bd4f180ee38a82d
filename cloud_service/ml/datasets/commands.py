"""The commands `smearflow dataset …`."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Make data sets.", no_args_is_help=True)


@app.command()
def synthesise(
    *,
    out: Annotated[Path, typer.Option(help="Gets the images and manifest.csv; must hold no data set yet.")],
    crops: Annotated[int, typer.Option(min=1, help="Crops around one white cell.")] = 100,
    fields: Annotated[int, typer.Option(min=1, help="Whole fields of view.")] = 100,
    seed: Annotated[int, typer.Option(min=0, help="The same seed draws the same images.")] = 1,
) -> None:
    """Draw a data set of procedural smears, half of them with lymphoblasts. They have no clinical meaning."""
    from cloud_service.ml.datasets import procedural

    counts: dict[procedural.Kind, int] = {"crop": crops, "field": fields}
    procedural.synthesise(out, counts, seed, lambda kind: typer.echo(f"Drawing images: {kind}", err=True))
    typer.echo(f"{crops + fields} images and their manifest are in {out}.")
