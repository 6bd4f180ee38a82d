"""The command `smearflow train`."""

from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from cloud_service.ml.card_text import show_card
from cloud_service.ml.datasets.reading import Layout

app = typer.Typer()

_STOPPED_BY_HAND = 130  # what shells return for Ctrl-C


@app.command(epilog="Example: smearflow train --dataset ALL-IDB2 --recipe modern --out trained")
def train(  # noqa: PLR0913 - a command's options
    *,
    dataset: Annotated[Path, typer.Option(help="The data set's folder, in any layout.")],
    out: Annotated[Path, typer.Option(help="Gets the package, model/, and the run's records; must hold no run yet.")],
    layout: Annotated[Layout | None, typer.Option(help="How the folder is arranged; recognised by default.")] = None,
    recipe: Annotated[str, typer.Option(help="paper, modern, or a file of settings (TOML or JSON).")] = "paper",
    preprocess: Annotated[
        str | None,
        typer.Option(help="A recipe file; what it says of preprocessing is laid over the recipe's, say a corner mask."),
    ] = None,
    split: Annotated[Path | None, typer.Option(help="A file of `smearflow dataset split`.")] = None,
    allow_leaks: Annotated[
        bool, typer.Option("--allow-leaks", help="Train although parts share images or groups, and state it.")
    ] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run that stopped in --out.")] = False,
    epochs: Annotated[int | None, typer.Option(min=1, help="Passes over the training part at most.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, max=2**32 - 1, help="Of split, weights, order, chance.")] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="Threads to train with.")] = None,
    plain: Annotated[bool, typer.Option("--plain", help="The traditional CNN: no squeeze-and-excitation.")] = False,
) -> None:
    """Train a network on labelled images, choose its best epoch, measure it on held-out images and export it.

    Under torchrun, on as many GPUs as it starts processes:
    torchrun --nproc-per-node 2 --log-dir /dev/null --no-python smearflow train …
    """
    from cloud_service.ml.packaging import CardTexts
    from cloud_service.ml.training.presets import changed, load_recipe, with_preprocess
    from cloud_service.ml.training.progress import shown_progress
    from cloud_service.ml.training.run import CHECKPOINT_NAME, Listener, RunOptions, run_training
    from cloud_service.ml.training.team import rank_here

    wanted = changed(load_recipe(recipe), {"epochs": epochs, "seed": seed, "threads": threads}, plain=plain)
    if preprocess is not None:
        wanted = with_preprocess(wanted, load_recipe(preprocess).preprocess)
    options = RunOptions(layout=layout, split_file=split, allow_leaks=allow_leaks, resume=resume)
    texts = CardTexts(data=f"The data set {dataset.resolve().name}, named by its digest.")
    try:
        with nullcontext(Listener()) if rank_here() else shown_progress(wanted.training.epochs) as listener:
            package = run_training(dataset, out, wanted, texts, listener, options)
    except KeyboardInterrupt:
        begun = (out / CHECKPOINT_NAME).exists()
        typer.echo(
            f"Stopped. {out} holds the run up to its last whole epoch; the same command with --resume goes on."
            if begun
            else "Stopped before training began; the same command starts it again."
        )
        raise typer.Exit(_STOPPED_BY_HAND) from None
    if not rank_here():  # the leading process speaks for all
        show_card(package.card, package.digest)
        typer.echo(f"Model package: {package.directory}")
