"""The command `smearflow experiment`."""

import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cloud_service.ml.datasets.reading import Layout
from cloud_service.ml.datasets.split_settings import ValidationSource
from cloud_service.ml.experiments.plan import Experiment

if TYPE_CHECKING:
    from cloud_service.ml.experiments.experiment import Asked
    from cloud_service.ml.experiments.report import Report
    from cloud_service.ml.training.settings import Recipe

app = typer.Typer()

LayoutOption = Annotated[Layout | None, typer.Option(help="How the data set is arranged; recognised by default.")]
ValidationOption = Annotated[
    ValidationSource | None,
    typer.Option(help="Choose epochs by whole groups (by default), or by images of groups that training sees too."),
]

_STOPPED_BY_HAND = 130  # what shells return for Ctrl-C
_DEFAULT_RUNS = 3  # as in the paper
_DEFAULT_FOLDS = 5
_QUICK = "A trial: 100 images, 16 epochs; the report says so. Minutes; with --offline an hour."


@app.command(epilog="Example: smearflow experiment all --dataset ALL-IDB2 --quick --out tables")
def experiment(  # noqa: PLR0913 - a command's options
    which: Annotated[Experiment, typer.Argument(help="A table of the paper, all three, or a cross-validation.")],
    *,
    dataset: Annotated[Path, typer.Option(help="The data set's folder, in any layout.")],
    out: Annotated[Path, typer.Option(help="Gets the report and the runs; a stopped experiment there goes on.")],
    layout: LayoutOption = None,
    dataset2: Annotated[Path | None, typer.Option(help="A second data set; tables 5 and 6 then use both.")] = None,
    layout2: LayoutOption = None,
    runs: Annotated[int | None, typer.Option(min=1, help="Shuffles (3 by default) or folds (5).")] = None,
    recipe: Annotated[
        list[str] | None,
        typer.Option(help="paper (by default), modern, or a file; folds takes several and by default both."),
    ] = None,
    preprocess: Annotated[
        str | None,
        typer.Option(help="A recipe file; what it says of preprocessing holds for all recipes, such as a corner mask."),
    ] = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="Passes over the training part at most.")] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="Threads to train with.")] = None,
    validation: ValidationOption = None,
    offline: Annotated[
        bool, typer.Option("--offline", help="Enlarge training parts once, to the class counts of tables 1, 3 and 4.")
    ] = False,
    quick: Annotated[bool, typer.Option("--quick", help=_QUICK)] = False,
    allow_leaks: Annotated[
        bool, typer.Option("--allow-leaks", help="Go on although parts share images or groups, and state it.")
    ] = False,
) -> None:
    """Make the paper's tables again, or a cross-validation, with a report that opens in a browser."""
    from cloud_service.ml.experiments.experiment import Asked

    is_folds = which is Experiment.FOLDS
    by_hand = {"epochs": epochs, "threads": threads, "validation_from": validation}
    second = () if dataset2 is None else ((dataset2, layout2),)
    asked = Asked(
        experiment=which,
        datasets=((dataset, layout), *second),
        recipes=_preprocessed(_recipes(recipe or _default_recipes(which), by_hand), preprocess),
        runs=runs or (_DEFAULT_FOLDS if is_folds else _DEFAULT_RUNS),
        command=shlex.join(["smearflow", *sys.argv[1:]]),
        quick=quick,
        offline=offline,
        leaks_allowed=allow_leaks,
    )
    if not is_folds and len(asked.recipes) > 1:
        raise typer.BadParameter("a table takes one --recipe; folds takes several")
    _show(_made(asked, out), out)


def _made(asked: "Asked", out: Path) -> "Report":
    """The experiment's report, with progress shown; Ctrl-C ends it with a word on how to go on."""
    from cloud_service.ml.experiments.experiment import make_experiment
    from cloud_service.ml.experiments.progress import shown_experiment

    try:
        with shown_experiment("fold" if asked.experiment is Experiment.FOLDS else "run") as listener:
            return make_experiment(asked, out, listener)
    except KeyboardInterrupt:
        typer.echo(f"Stopped. {out} holds the finished runs and the one begun; the same command goes on.")
        raise typer.Exit(_STOPPED_BY_HAND) from None


def _default_recipes(which: Experiment) -> list[str]:
    return ["paper", "modern"] if which is Experiment.FOLDS else ["paper"]


def _recipes(names: list[str], by_hand: Mapping[str, object]) -> "dict[str, Recipe]":
    """Recipes by a name that also names folders, with the training settings that were given by hand."""
    from cloud_service.ml.training.presets import changed, load_recipe

    recipes = {}
    for name in names:
        short = "".join(letter if letter.isalnum() else "-" for letter in Path(name).stem)
        if short in recipes:
            raise typer.BadParameter(f"two recipes are called {short}; rename one of the files")
        recipes[short] = changed(load_recipe(name), by_hand)
    return recipes


def _preprocessed(recipes: "dict[str, Recipe]", source: str | None) -> "dict[str, Recipe]":
    """The recipes with those settings of preprocessing that another one, where it is named, states."""
    from cloud_service.ml.training.presets import load_recipe, with_preprocess

    if source is None:
        return recipes
    stated = load_recipe(source).preprocess
    return {name: with_preprocess(recipe, stated) for name, recipe in recipes.items()}


def _show(report: "Report", out: Path) -> None:
    from cloud_service.ml.experiments.wording import arm_line

    for caution in report.cautions:
        typer.echo(f"Caution: {caution}")
    for found in report.arms:
        typer.echo(arm_line(found))
    for table in report.tables:
        for comparison in table.comparisons:
            typer.echo(comparison.verdict)
    typer.echo(report.research_use)
    typer.echo(f"Report: {out / 'report.html'}")
