"""A package of an earlier version made anew: the same weights, and an ONNX file with all that this version serves."""

from pathlib import Path

from cloud_service.ml.deployed_network import DeployedNetwork
from cloud_service.ml.export import attention_map_of, export_onnx, largest_difference
from cloud_service.ml.package import ModelPackage, PackageFile, write_package
from cloud_service.ml.runtimes.contract import Pixels
from cloud_service.ml.weights import network_of
from shared.identifiers import sha256_of_bytes


def renew_package(package: ModelPackage, directory: Path, images: Pixels) -> ModelPackage:
    """Exports a package's weights again and writes them to the new folder `directory`; nothing is trained.

    Of the card only what the ONNX file decides is new: its digest, its difference from torch, and its maps. So the
    model digest is new too.

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
    files[PackageFile.ONNX] = export_onnx(network, card.preprocess.size)
    renewed = card.model_copy(
        update={
            "files": {name: sha256_of_bytes(content) for name, content in files.items()},
            "attention": attention_map_of(network, card.preprocess.size),
            "onnx_difference": largest_difference(network, files[PackageFile.ONNX], images),
        }
    )
    return write_package(directory, renewed, files)
