"""The commands of the `smearflow` program that concern models, and those of the folders below.

torch and onnxruntime are imported by the commands that need them, so that `smearflow --help` answers at once.
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cloud_service.ml.card_text import show_card
from cloud_service.ml.datasets import commands as datasets
from cloud_service.ml.engines import commands as engines
from cloud_service.ml.evaluation import commands as evaluation
from cloud_service.ml.experiments import commands as experiments
from cloud_service.ml.package import ModelPackage, PackageFile, load_package
from cloud_service.ml.training import commands as training
from shared.errors import PermanentError

if TYPE_CHECKING:
    from cloud_service.ml.network.settings import NetworkSettings
    from cloud_service.ml.runtimes.contract import Pixels

app = typer.Typer()
model_app = typer.Typer(help="Look at, check, export and make model packages.", no_args_is_help=True)
app.add_typer(model_app, name="model")
model_app.add_typer(engines.app)
app.add_typer(datasets.app, name="dataset")
app.add_typer(training.app)
app.add_typer(evaluation.app)
app.add_typer(experiments.app)

ModelArgument = Annotated[Path, typer.Argument(help="Folder of the model package.")]
ImagesOption = Annotated[
    Path | None,
    typer.Option(exists=True, file_okay=False, help="A folder of photographs to compare the runtimes on as well."),
]


@model_app.command(epilog="Example: smearflow model verify trained/model --images captures")
def verify(model: ModelArgument, *, images: ImagesOption = None) -> None:
    """Check that every file of a package is the one that its card names, and that both runtimes agree on it."""
    from cloud_service.ml.deployed_network import DeployedNetwork
    from cloud_service.ml.export import largest_difference
    from cloud_service.ml.weights import network_of

    package = load_package(model)
    network = DeployedNetwork(network_of(package), package.card.preprocess)
    pixels = _pixels_to_compare_on(package, images)
    difference = largest_difference(
        network, package.read(PackageFile.ONNX), pixels, with_attention=package.card.attention is not None
    )
    typer.echo(f"All files are those that the card names. Model digest {package.digest}.")
    typer.echo(
        f"ONNX Runtime and torch agree on {len(pixels)} images: their logits differ by {difference:.1e} at most."
    )


@model_app.command(epilog="Example: smearflow model export trained/model --out model.onnx")
def export(
    model: ModelArgument,
    *,
    out: Annotated[Path, typer.Option(help="The ONNX file to write; must not exist.")],
    images: ImagesOption = None,
) -> None:
    """Build a package's ONNX file anew from its weights."""
    from cloud_service.ml.deployed_network import DeployedNetwork
    from cloud_service.ml.export import export_onnx, largest_difference
    from cloud_service.ml.weights import network_of

    package = load_package(model)
    network = DeployedNetwork(network_of(package), package.card.preprocess)
    onnx_file = export_onnx(network, package.card.preprocess.size)
    pixels = _pixels_to_compare_on(package, images)
    difference = largest_difference(network, onnx_file, pixels)
    _write_new(out, onnx_file)
    typer.echo(
        f"{out}: {len(onnx_file):,} bytes; on {len(pixels)} images its logits differ from torch's by "
        f"{difference:.1e} at most."
    )


@model_app.command(epilog="Example: smearflow model renew trained/model --out renewed")
def renew(
    model: ModelArgument,
    *,
    out: Annotated[Path, typer.Option(help="The new package's folder; must not exist.")],
    images: ImagesOption = None,
) -> None:
    """Make a package of an earlier version anew, with all that this version serves; the weights stay as they are."""
    from cloud_service.ml.renewing import renew_package

    package = load_package(model)
    renewed = renew_package(package, out, _pixels_to_compare_on(package, images))
    typer.echo(f"{out}: the weights of {package.digest}, exported anew. Model digest {renewed.digest}.")


@model_app.command(epilog="Example: smearflow model quantise run/model --dataset images --split run/split.json --out q")
def quantise(
    model: ModelArgument,
    *,
    dataset: Annotated[Path, typer.Option(help="The folder of the data set that the model was trained on.")],
    split: Annotated[Path, typer.Option(help="The split.json of its training.")],
    out: Annotated[Path, typer.Option(help="The new package's folder; must not exist.")],
) -> None:
    """Add the network in eight bits to a package of an earlier version: half the work on a CPU, measured beside it."""
    from cloud_service.ml.datasets.reading import read_dataset
    from cloud_service.ml.datasets.split_file import replay_split
    from cloud_service.ml.renewing import quantise_package

    parts = replay_split(split, read_dataset(dataset), root=dataset)
    quantised = quantise_package(load_package(model), out, parts, dataset)
    show_card(quantised.card, quantised.digest)


@model_app.command(epilog="Example: smearflow model cost --json")
def cost(
    *,
    size: Annotated[int, typer.Option(min=32, max=2048, help="Width and height of the image, pixels.")] = 224,
    layers: Annotated[bool, typer.Option("--layers", help="Every layer that has parameters.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Everything, layers too, as one JSON array.")] = False,
) -> None:
    """Count what each network costs: parameters, and multiply-accumulates for one image."""
    from pydantic import TypeAdapter

    from cloud_service.ml.network.costs import NetworkCost, cost_of

    costs = {name: cost_of(settings, size) for name, settings in _networks().items()}
    if json:
        typer.echo(TypeAdapter(list[NetworkCost]).dump_json(list(costs.values()), indent=2).decode())
        return
    for name, found in costs.items():
        typer.echo(
            f"{name:16}{found.parameters:>12,} parameters {found.multiply_accumulates / 1e6:>10,.2f} million "
            "multiply-accumulates"
        )
        for layer in found.layers if layers else ():
            shape = " x ".join(str(length) for length in layer.output)
            typer.echo(
                f"  {layer.name:48}{layer.kind:12}{shape:>16}{layer.parameters:>12,}{layer.multiply_accumulates:>16,}"
            )


@model_app.command(epilog="Example: smearflow model explain trained/model smear.jpg --out overlay.png")
def explain(
    model: ModelArgument,
    image: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A photograph of a smear.")],
    *,
    out: Annotated[Path, typer.Option(help="The PNG file to write; must not exist.")],
    evidence: Annotated[
        Literal["answer", "all", "not-all"],
        typer.Option(help="What is shown: evidence for the model's answer, or for ALL or against it."),
    ] = "answer",
) -> None:
    """Show where in an image the model saw most for its answer."""
    from cloud_service.ml.attention import Side
    from cloud_service.ml.explain_overlay import draw_overlay, explain_file, in_words

    package = load_package(model)
    explanation = explain_file(package, image, Side(evidence))
    _write_new(out, draw_overlay(package, image, explanation))
    for line in (
        *explanation.doubts,
        f"{explanation.label.wording}. {in_words(explanation.probability)}.",
    ):
        typer.echo(line)
    typer.echo(f"{out}: research use only.")


@model_app.command("check-explanations", epilog="Example: smearflow model check-explanations trained/model")
def check_explanations(
    model: ModelArgument,
    *,
    fields: Annotated[int, typer.Option(min=1, help="Procedural fields with blasts, and as many without.")] = 40,
    json: Annotated[bool, typer.Option("--json", help="The figures as one JSON object.")] = False,
) -> None:
    """Measure how far a model's explanations may be believed, on procedural fields; two seconds a field."""
    from cloud_service.ml import explain_checks
    from cloud_service.ml.deployed_network import DeployedNetwork
    from cloud_service.ml.weights import network_of

    package = load_package(model)
    network = DeployedNetwork(network_of(package), package.card.preprocess)
    with typer.progressbar(length=2 * fields, label="Drawing fields", file=sys.stderr) as progress:
        checks = explain_checks.check_explanations(
            network, package.card.preprocess, fields=fields, on_field=lambda: progress.update(1)
        )
    if json:
        typer.echo(checks.model_dump_json(indent=2))
        return
    for what, found in (("For ALL, on blasts", checks.on_blasts), ("Against, on white cells", checks.on_white_cells)):
        typer.echo(
            f"{what}: the strongest place lies there in {found.strongest_inside:.1%} of {found.fields} fields, and "
            f"{found.evidence_inside:.1%} of the evidence; by chance {found.area_inside:.1%}."
        )
    for changed in checks.randomised:
        typer.echo(
            f"With random weights in {changed.weights}: rank correlation {changed.rank_correlation:.2f}, "
            f"structural similarity {changed.similarity:.2f} (1 would be the same map)."
        )


@model_app.command("make-demo", epilog="Example: smearflow model make-demo --out demo-model")
def make_demo(*, out: Annotated[Path, typer.Option(help="Gets data/, metrics.jsonl and the package, model/.")]) -> None:
    """Make the demo model that ships with Smearflow, from a fixed seed; about seven minutes on two idle cores."""
    from cloud_service.ml import demo
    from cloud_service.ml.training.progress import shown_progress

    with shown_progress(demo.RECIPE.training.epochs) as listener:
        package = demo.make_demo(out, lambda kind: typer.echo(f"Drawing images: {kind}", err=True), listener)
    show_card(package.card, package.digest)


def _networks() -> "dict[str, NetworkSettings]":
    from cloud_service.ml.network.settings import NetworkSettings

    return {
        "SE-CNN": NetworkSettings(),
        "traditional CNN": NetworkSettings(squeeze_excitation=False),
        "ResNet-34": NetworkSettings(backbone="resnet34"),
        "DenseNet-121": NetworkSettings(backbone="densenet121"),
    }


def _pixels_to_compare_on(package: ModelPackage, images: Path | None) -> "Pixels":
    """Noise and blank fields, and what readable photographs lie in the folder `images`."""
    from cloud_service.ml.comparing import pixels_of
    from cloud_service.ml.export import sample_pixels

    spec = package.card.preprocess
    return pixels_of(sample_pixels(spec.size), spec, images)


def _write_new(path: Path, content: bytes) -> None:
    """Writes a file that must not exist yet, whole or not at all."""
    try:
        with path.open("xb") as file:
            try:
                file.write(content)
                file.flush()
            except OSError:
                path.unlink()
                raise
    except OSError as error:
        raise PermanentError(
            f"{path} cannot be written: {error.strerror}. Name a file that does not exist, in a folder that does."
        ) from error
