"""Small model packages for tests: right in all but what the model has learnt."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from cloud_service.ml.deployed_network import DeployedNetwork
from cloud_service.ml.evaluation.measures import OperatingPoint
from cloud_service.ml.export import attention_map_of, export_onnx
from cloud_service.ml.model_card import ModelCard, PackageFile
from cloud_service.ml.network.se_cnn import SECNN
from cloud_service.ml.network.settings import NetworkSettings
from cloud_service.ml.package import ModelPackage, write_package
from cloud_service.ml.quantisation import quantise, quantised_figures
from cloud_service.ml.weights import weights_of
from shared.identifiers import sha256_of_bytes
from shared.imaging.preprocess import PreprocessSpec
from tests.support.model_cards import a_card

SPEC = PreprocessSpec(mean=(0.7, 0.6, 0.75), std=(0.2, 0.25, 0.15))
SMALL_NETWORK = NetworkSettings(filters=(4, 6, 8), reduction=2, hidden_units=8)


def random_network(settings: NetworkSettings = SMALL_NETWORK, spec: PreprocessSpec = SPEC) -> DeployedNetwork:
    """A network with random weights *and* random BatchNorm statistics, so that nothing cancels out; always the same."""
    torch.manual_seed(7)
    network = SECNN(settings)
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                assert module.running_mean is not None
                assert module.running_var is not None
                module.running_mean.normal_()
                module.running_var.uniform_(0.5, 2.0)
                module.weight.normal_()
                module.bias.normal_()
    return DeployedNetwork(network, spec).eval()


def random_pixels(count: int, size: int = 224, seed: int = 3) -> NDArray[np.uint8]:
    """Noise in the shape of a batch; the same for the same arguments."""
    return np.random.default_rng(seed).integers(0, 256, (count, size, size, 3), dtype=np.uint8)


def write_random_package(directory: Path, *, in_eight_bits: bool = False) -> ModelPackage:
    """A package of `random_network` in the new folder `directory`, also in eight bits where that is wished."""
    network = random_network()
    files = {PackageFile.ONNX: export_onnx(network, SPEC.size), PackageFile.WEIGHTS: weights_of(network.network)}
    maps = attention_map_of(network, SPEC.size)
    figures = None
    if in_eight_bits:
        images, labels = random_pixels(4, seed=5), np.zeros(4, dtype=np.float32)
        files[PackageFile.QUANTISED] = quantise(files[PackageFile.ONNX], images)
        both = files[PackageFile.ONNX], files[PackageFile.QUANTISED]
        figures = quantised_figures(*both, images, labels, OperatingPoint(), calibrated_on=4)
    digests = {name: sha256_of_bytes(content) for name, content in files.items()}
    return write_package(directory, card_for(digests, quantised=figures, attention=maps), files)


def card_for(digests: dict[PackageFile, str], **others: object) -> ModelCard:
    """A card that is valid, names these digests, and has these other entries."""
    return a_card(files=digests, network=SMALL_NETWORK, preprocess=SPEC, **others)
