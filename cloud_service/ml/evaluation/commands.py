"""The command `smearflow evaluate`."""

from pathlib import Path
from typing import Annotated

import typer

from cloud_service.ml.datasets.reading import Layout
from cloud_service.ml.evaluation.part import Part

app = typer.Typer()


@app.command(
    epilog="Example: smearflow evaluate --model trained/model --dataset ALL-IDB2 --split trained/split.json --json"
)
def evaluate(
    *,
    model: Annotated[Path, typer.Option(help="Folder of the model package.")],
    dataset: Annotated[Path, typer.Option(help="Labelled images in any layout that `dataset inspect` knows.")],
    layout: Annotated[Layout | None, typer.Option(help="The data set's layout; recognised by itself.")] = None,
    split: Annotated[Path | None, typer.Option(help="Split file; without it the whole data set is measured.")] = None,
    part: Annotated[Part | None, typer.Option(help="Of the split; its test part if not said.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="New folder for evaluation.json, evaluation.md and figures (SVG).")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print everything as one JSON object.")] = False,
) -> None:
    """Measure a model on labelled images: figures with intervals, calibration, abstaining, flags, and colours alone."""
    from cloud_service.ml.evaluation import evaluate as evaluating
    from cloud_service.ml.evaluation.progress import shown_reading
    from cloud_service.ml.evaluation.text import evaluation_text
    from cloud_service.ml.evaluation.writing import refuse_used_folder, write_evaluation
    from cloud_service.ml.package import load_package

    if out is not None:
        refuse_used_folder(out)  # before the minutes that measuring may take
    with shown_reading() as (on_images, on_image):
        found = evaluating.evaluate(
            load_package(model),
            dataset,
            layout=layout,
            split_file=split,
            part=part,
            on_images=on_images,
            on_image=on_image,
        )
    if out is not None:
        write_evaluation(found, out)
    typer.echo(found.model_dump_json(indent=2) if json else evaluation_text(found))
