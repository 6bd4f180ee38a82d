"""The commands of the `smearflow` program that concern models and data sets.

torch and onnxruntime are imported by the commands that need them, so that `smearflow --help` answers at once.
"""

from pathlib import Path
from typing import Annotated

import typer

from cloud_service.ml.model_card import ModelCard
from cloud_service.ml.package import PackageFile, load_package

app = typer.Typer()
model_app = typer.Typer(help="Look at, check, export and make model packages.", no_args_is_help=True)
dataset_app = typer.Typer(help="Make data sets.", no_args_is_help=True)
app.add_typer(model_app, name="model")
app.add_typer(dataset_app, name="dataset")

ModelArgument = Annotated[Path, typer.Argument(help="Folder of the model package.")]


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
    from cloud_service.ml.training.progress import shown_progress
    from cloud_service.ml.training.run import CardTexts, run_training
    from cloud_service.ml.training.settings import Recipe, TrainingSettings

    recipe = Recipe(
        network=NetworkSettings(squeeze_excitation=not plain),
        training=TrainingSettings(epochs=epochs, seed=seed, threads=threads),
    )
    texts = CardTexts(data=f"The data set {dataset.resolve().name}, named by its digest.")
    with shown_progress(epochs) as listener:
        package = run_training(dataset, out, recipe, texts, listener)
    _show(package.card, package.digest)
    typer.echo(f"Model package: {package.directory}")


@model_app.command()
def show(
    model: ModelArgument, *, json: Annotated[bool, typer.Option("--json", help="The whole card.")] = False
) -> None:
    """Show a model's card, once its files are verified."""
    package = load_package(model)
    if json:
        typer.echo(package.card.model_dump_json(indent=2))
    else:
        _show(package.card, package.digest)


@model_app.command()
def verify(model: ModelArgument) -> None:
    """Check that every file of a package is the one that its card names, and that both runtimes agree on it."""
    from cloud_service.ml.deployed_network import DeployedNetwork
    from cloud_service.ml.export import largest_difference, sample_pixels
    from cloud_service.ml.weights import network_of

    package = load_package(model)
    network = DeployedNetwork(network_of(package), package.card.preprocess)
    images = sample_pixels(package.card.preprocess.size)
    difference = largest_difference(network, package.read(PackageFile.ONNX), images)
    typer.echo(f"All files are those that the card names. Model digest {package.digest}.")
    typer.echo(f"ONNX Runtime and torch agree: their logits differ by {difference:.1e} at most.")


@model_app.command()
def export(
    model: ModelArgument, *, out: Annotated[Path, typer.Option(help="The ONNX file to write; must not exist.")]
) -> None:
    """Build a package's ONNX file anew from its weights."""
    from cloud_service.ml.deployed_network import DeployedNetwork
    from cloud_service.ml.export import export_onnx, largest_difference, sample_pixels
    from cloud_service.ml.weights import network_of

    package = load_package(model)
    size = package.card.preprocess.size
    network = DeployedNetwork(network_of(package), package.card.preprocess)
    onnx_file = export_onnx(network, size)
    difference = largest_difference(network, onnx_file, sample_pixels(size))
    with out.open("xb") as file:
        file.write(onnx_file)
    typer.echo(f"{out}: {len(onnx_file):,} bytes; its logits differ from torch's by {difference:.1e} at most.")


@model_app.command("make-demo")
def make_demo(*, out: Annotated[Path, typer.Option(help="Gets data/, metrics.jsonl and the package, model/.")]) -> None:
    """Make the demo model that ships with Smearflow, from a fixed seed; about seven minutes on two idle cores."""
    from cloud_service.ml import demo
    from cloud_service.ml.training.progress import shown_progress

    with shown_progress(demo.RECIPE.training.epochs) as listener:
        package = demo.make_demo(out, lambda kind: typer.echo(f"Drawing images: {kind}", err=True), listener)
    _show(package.card, package.digest)


@dataset_app.command()
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


def _show(card: ModelCard, digest: str) -> None:
    """The card as a person reads it."""
    typer.echo(f"{card.name} {card.version}   model digest {digest}")
    typer.echo(f"Clinical meaning: {card.clinical_meaning}")
    typer.echo(f"Use: {card.intended_use} {card.research_use}")
    for limit in card.limits:
        typer.echo(f"Limit: {limit}")
    typer.echo(f"Trained on: {card.training.data} (digest {card.training.data_digest[:12]})")
    typer.echo(f"Threshold: {card.threshold}")
    for part in card.held_out:
        auc = "-" if part.roc_auc is None else f"{part.roc_auc:.3f}"
        typer.echo(
            f"Held out, {part.part}: {part.images} images, accuracy {part.accuracy:.1%}, area under ROC {auc}, "
            f"loss {part.loss:.3f}"
        )
