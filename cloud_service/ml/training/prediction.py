"""A network's answers on many images, a few at a time."""

import torch
from torch import Tensor

from cloud_service.ml.deployed_network import DeployedNetwork

_BATCH = 16


def predict_logits(network: DeployedNetwork, pixels: Tensor) -> Tensor:
    """Logits (N,) on the CPU of pixels (N, S, S, 3) uint8, N ≥ 1; the network is left in evaluation mode."""
    network.eval()
    device = network.mean.device
    with torch.inference_mode():
        return torch.cat([network(batch.to(device)).cpu() for batch in torch.split(pixels, _BATCH)])
