"""The commands `smearflow dataset …`."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cloud_service.ml.datasets.reading import Layout, read_dataset, recognise
from cloud_service.ml.datasets.split_settings import SplitSettings, SplitStrategy, ValidationSource
from shared.wording import counted

if TYPE_CHECKING:
    from collections.abc import Callable

    from cloud_service.ml.synthetic.dataset import Kind

app = typer.Typer(help="Make, inspect and divide data sets.", no_args_is_help=True)

DatasetArgument = Annotated[Path, typer.Argument(help="The data set's folder.")]
LayoutOption = Annotated[Layout | None, typer.Option(help="How it is arranged; by default recognised by its names.")]

ValidationOption = Annotated[
    ValidationSource, typer.Option(help="Whole groups, or images of groups that are trained on too.")
]

_DEFAULT_COUNT = 100


@app.command(epilog="Example: smearflow dataset inspect ALL-IDB2 --sheet sheet.png")
def inspect(
    dataset: DatasetArgument,
    *,
    layout: LayoutOption = None,
    split: Annotated[Path | None, typer.Option(help="A split file, to be checked for leaks between its parts.")] = None,
    sheet: Annotated[Path | None, typer.Option(help="A PNG file to draw pictures of each class into.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object with all that was found.")] = False,
) -> None:
    """Say what a data set holds: classes, sizes, groups, broken files, duplicates, and what betrays the class."""
    from rich.console import Console

    from cloud_service.ml.datasets.inspection import inspect as put_together
    from cloud_service.ml.datasets.inspection_text import show_inspection
    from cloud_service.ml.datasets.sheet import draw_sheet
    from cloud_service.ml.datasets.split_file import replay_split
    from cloud_service.ml.datasets.survey import survey
    from cloud_service.ml.datasets.writing import write_whole

    layout = layout or recognise(dataset)
    samples = read_dataset(dataset, layout)
    parts = replay_split(split, samples, root=dataset) if split is not None else None
    with _bar("Reading images", len(samples)) as advance:
        found = survey(samples, advance)
    inspection = put_together(dataset, layout, samples, found, parts)
    if sheet is not None:
        write_whole(sheet, draw_sheet(inspection, samples))
    if json:
        typer.echo(inspection.model_dump_json(indent=2))
    else:
        show_inspection(inspection, Console())


@app.command(epilog="Example: smearflow dataset split ALL-IDB2 --folds 5 --out fold.json")
def split(  # noqa: PLR0913 - the options of a command
    dataset: DatasetArgument,
    *,
    out: Annotated[Path, typer.Option(help="The JSON file to write; with --folds, NAME-1.json and so on.")],
    layout: LayoutOption = None,
    strategy: Annotated[SplitStrategy, typer.Option(help="What stays together.")] = SplitStrategy.GROUPED,
    validation: Annotated[float, typer.Option(help="Share that training chooses its epoch by.")] = 0.15,
    validation_from: ValidationOption = ValidationSource.GROUPS,
    test: Annotated[float, typer.Option(help="Share that is held out; with --folds, one part in so many.")] = 0.2,
    folds: Annotated[int | None, typer.Option(min=2, help="Write a split for each fold of a cross-validation.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Decides the shuffle.")] = 1,
    allow_leaks: Annotated[bool, typer.Option("--allow-leaks", help="Write it though its parts share images.")] = False,
) -> None:
    """Divide a data set into training, validation and test parts, and write down which image is where."""
    from pydantic import ValidationError

    from cloud_service.ml.datasets import split as dividing
    from cloud_service.ml.datasets.duplicates import require_no_leaks
    from cloud_service.ml.datasets.fingerprints import fingerprints_of
    from cloud_service.ml.datasets.split_file import refuse_existing, save_split

    try:
        settings = SplitSettings(
            strategy=strategy,
            validation_share=validation,
            validation_from=validation_from,
            test_share=test,
            seed=seed,
        )
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, one['loc'])) or 'shares'}: {one['msg']}" for one in error.errors())
        raise typer.BadParameter(faults) from error
    files = [out] if folds is None else [out.with_stem(f"{out.stem}-{number + 1}") for number in range(folds)]
    refuse_existing(files)
    samples = read_dataset(dataset, layout)
    splits = (
        [dividing.divide(samples, settings)]
        if folds is None
        else dividing.folds(samples, count=folds, settings=settings)
    )
    with _bar("Reading images", len(samples)) as advance:
        fingerprints = fingerprints_of(samples, advance)
    for one in splits:
        leaks = require_no_leaks(one, allowed=allow_leaks, fingerprints=fingerprints)
    for file, one in zip(files, splits, strict=True):
        written = save_split(one, root=dataset, settings=settings, file=file)
        counts = f"{len(one.training)} to train on, {len(one.validation)} to choose by, {len(one.test)} to test"
        typer.echo(f"{file}: {counts}. Split digest {written.split_digest[:12]}, data {written.data_digest[:12]}.")
    for leak in leaks:
        typer.echo(f"Allowed leak: {leak}")


@app.command(epilog="Example: smearflow dataset synthesise --layout all-idb2 --out drawn")
def synthesise(
    *,
    out: Annotated[Path, typer.Option(help="Gets the images; must be empty or missing.")],
    layout: Annotated[Layout, typer.Option(help="How it is arranged.")] = Layout.MANIFEST,
    crops: Annotated[int | None, typer.Option(min=2, help="Crops around one white cell; 100 by default.")] = None,
    fields: Annotated[int | None, typer.Option(min=2, help="Whole fields of view; 100 by default.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="The same seed draws the same images.")] = 1,
) -> None:
    """Draw a data set of procedural smears, half of them with lymphoblasts. They have no clinical meaning."""
    from cloud_service.ml.datasets import procedural

    asked: dict[Kind, int | None] = {"crop": crops, "field": fields}
    kinds = procedural.kinds_of(layout)
    for kind, count in asked.items():
        if count is not None and kind not in kinds:
            raise typer.BadParameter(f"the layout {layout} holds no {kind}s; leave out --{kind}s")
    counts = {kind: asked[kind] or _DEFAULT_COUNT for kind in kinds}
    procedural.synthesise(
        out, counts, seed, lambda kind: typer.echo(f"Drawing images: {kind}", err=True), layout=layout
    )
    typer.echo(f"In {out}: {counted(sum(counts.values()), 'image')} in the layout {layout}.")


@contextmanager
def _bar(what: str, total: int) -> Iterator["Callable[[], None]"]:
    """Shows a bar on standard error; what it yields moves the bar on by one."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(what, total=total)
        yield lambda: progress.advance(task)
