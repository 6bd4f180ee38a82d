"""A network's weights as safetensors bytes, and back."""

import safetensors
import safetensors.torch
from torch import nn

from cloud_service.ml.network.building import build_network
from cloud_service.ml.network.contract import Network
from cloud_service.ml.package import ModelPackage, ModelPackageError, PackageFile


def weights_of(network: nn.Module) -> bytes:
    """All parameters and BatchNorm statistics of a network; safetensors, since it cannot carry code."""
    state = {name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}
    return safetensors.torch.save(state)


def network_of(package: ModelPackage) -> Network:
    """The package's network with its weights, in evaluation mode.

    Raises:
        ModelPackageError: the weights are not those that the card names, or do not fit its network settings.
    """
    network = build_network(package.card.network)
    try:
        network.load_state_dict(safetensors.torch.load(package.read(PackageFile.WEIGHTS)))
    except (RuntimeError, safetensors.SafetensorError) as error:
        raise ModelPackageError(
            f"The weights of the model package {package.directory} do not fit its card's network: {error}"
        ) from error
    return network.eval()
