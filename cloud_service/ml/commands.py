"""The commands of the `smearflow` program that concern models, and those of the folders below.

torch and onnxruntime are imported by the commands that need them, so that `smearflow --help` answers at once.
"""

from pathlib import Path
from typing import Annotated

import typer

from cloud_service.ml.card_text import show_card
from cloud_service.ml.datasets import commands as datasets
from cloud_service.ml.package import PackageFile, load_package
from cloud_service.ml.training import commands as training

app = typer.Typer()
model_app = typer.Typer(help="Look at, check, export and make model packages.", no_args_is_help=True)
app.add_typer(model_app, name="model")
app.add_typer(datasets.app, name="dataset")
app.add_typer(training.app)

ModelArgument = Annotated[Path, typer.Argument(help="Folder of the model package.")]


@model_app.command()
def show(
    model: ModelArgument, *, json: Annotated[bool, typer.Option("--json", help="The whole card.")] = False
) -> None:
    """Show a model's card, once its files are verified."""
    package = load_package(model)
    if json:
        typer.echo(package.card.model_dump_json(indent=2))
    else:
        show_card(package.card, package.digest)


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
    show_card(package.card, package.digest)
