"""The command `smearflow train`."""

from pathlib import Path
from typing import Annotated

import typer

from cloud_service.ml.card_text import show_card

app = typer.Typer()


@app.command()
def train(
    *,
    dataset: Annotated[Path, typer.Option(help="Class folders, or a folder with manifest.csv (path, label, group).")],
    out: Annotated[Path, typer.Option(help="Gets metrics.jsonl and the package, model/; must hold neither yet.")],
    epochs: Annotated[int, typer.Option(min=1, help="Passes over the training part.")] = 20,
    seed: Annotated[int, typer.Option(min=0, help="Decides split, first weights, order and augmentation.")] = 1,
    threads: Annotated[int, typer.Option(min=1, help="Threads to train with.")] = 2,
    plain: Annotated[bool, typer.Option("--plain", help="The traditional CNN: no squeeze-and-excitation.")] = False,
) -> None:
    """Train a network on labelled images, choose its best epoch, measure it on held-out images and export it."""
    from cloud_service.ml.network.settings import NetworkSettings
    from cloud_service.ml.packaging import CardTexts
    from cloud_service.ml.training.progress import shown_progress
    from cloud_service.ml.training.run import run_training
    from cloud_service.ml.training.settings import Recipe, TrainingSettings

    recipe = Recipe(
        network=NetworkSettings(squeeze_excitation=not plain),
        training=TrainingSettings(epochs=epochs, seed=seed, threads=threads),
    )
    texts = CardTexts(data=f"The data set {dataset.resolve().name}, named by its digest.")
    with shown_progress(epochs) as listener:
        package = run_training(dataset, out, recipe, texts, listener)
    show_card(package.card, package.digest)
    typer.echo(f"Model package: {package.directory}")
