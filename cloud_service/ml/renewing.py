"""A package of an earlier version made anew: the same weights, and ONNX files with all that this version serves."""

from pathlib import Path

from cloud_service.ml.datasets.pixels import labels_of, load_pixels
from cloud_service.ml.datasets.samples import DatasetError
from cloud_service.ml.datasets.split import Split
from cloud_service.ml.datasets.split_file import split_digest
from cloud_service.ml.deployed_network import DeployedNetwork
from cloud_service.ml.export import attention_map_of, export_onnx, largest_difference
from cloud_service.ml.package import ModelPackage, PackageFile, write_package
from cloud_service.ml.quantisation import calibration_places, quantise, quantised_figures
from cloud_service.ml.runtimes.contract import Pixels
from cloud_service.ml.weights import network_of
from shared.identifiers import sha256_of_bytes


def renew_package(package: ModelPackage, directory: Path, images: Pixels) -> ModelPackage:
    """Exports a package's weights again and writes them to the new folder `directory`; nothing is trained.

    Of the card only what the ONNX file decides is new: its digest, its difference from torch, and its maps. So the
    model digest is new too. A file in eight bits does not come along: `quantise_package` makes it from the new one.

    Args:
        package: stays as it is.
        directory: must not exist yet, its parent must.
        images: to compare the runtimes on, as `export.largest_difference` takes them.

    Raises:
        ExportError: torch and ONNX Runtime disagree on the network.
        ModelPackageError: a file is not the one that the card names, or `directory` exists or cannot be written.
    """
    card = package.card
    network = DeployedNetwork(network_of(package), card.preprocess)
    files = {name: package.read(name) for name in card.files}
    files.pop(PackageFile.QUANTISED, None)
    files[PackageFile.ONNX] = export_onnx(network, card.preprocess.size)
    renewed = card.model_copy(
        update={
            "files": {name: sha256_of_bytes(content) for name, content in files.items()},
            "attention": attention_map_of(network, card.preprocess.size),
            "onnx_difference": largest_difference(network, files[PackageFile.ONNX], images),
            "quantised": None,
        }
    )
    return write_package(directory, renewed, files)


def quantise_package(package: ModelPackage, directory: Path, split: Split, root: Path) -> ModelPackage:
    """Adds the ONNX file in eight bits, and how it answers, to what a package holds; written as a new one.

    Args:
        package: stays as it is.
        directory: must not exist yet, its parent must.
        split: that the model was trained by: its training part gives the ranges, its test part the figures.
        root: the folder of the data set, below which the split's images lie.

    Raises:
        DatasetError: the model was trained on another data set or by another split, or an image cannot be read.
        ModelPackageError: a file is not the one that the card names, or `directory` exists or cannot be written.
    """
    card = package.card
    if split_digest(split, root) != card.training.split_digest:
        raise DatasetError(
            f"The model {package.digest[:12]} was not trained by this split of {root}. Name the folder and the "
            "split.json of its own training, so that its held-out images stay held out."
        )
    chosen = [split.training[place] for place in calibration_places(len(split.training))]
    training = load_pixels(chosen, card.preprocess)
    files = {name: package.read(name) for name in card.files}
    files[PackageFile.QUANTISED] = quantise(files[PackageFile.ONNX], training)
    figures = quantised_figures(
        files[PackageFile.ONNX],
        files[PackageFile.QUANTISED],
        load_pixels(split.test, card.preprocess),
        labels_of(split.test),
        card.point,
        calibrated_on=len(training),
    )
    digests = {name: sha256_of_bytes(content) for name, content in files.items()}
    return write_package(directory, card.model_copy(update={"files": digests, "quantised": figures}), files)
