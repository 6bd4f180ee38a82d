"""The SE-CNN, and the traditional CNN that it is compared with."""

from itertools import pairwise
from typing import cast

from torch import Tensor, nn

from cloud_service.ml.network.classifier import Classifier
from cloud_service.ml.network.convolution_block import ConvolutionBlock
from cloud_service.ml.network.settings import NetworkSettings

COLOUR_CHANNELS = 3


class SECNN(nn.Module):
    """Three convolution blocks and a classifier (Bukhari et al., 2022, section on the proposed framework).

    With `squeeze_excitation` off it is the paper's traditional CNN: identical but for those layers. How the paper's two
    contradictions (pooling stride, filters) are read stands in `NetworkSettings`.

    Args:
        settings: the network's settings; 113,263 parameters with the defaults, 110,337 without squeeze-and-excitation.
    """

    def __init__(self, settings: NetworkSettings) -> None:
        super().__init__()
        self.settings = settings
        channels = (COLOUR_CHANNELS, *settings.filters)
        self.blocks = nn.Sequential(
            *(ConvolutionBlock(before, after, settings) for before, after in pairwise(channels))
        )
        self.classifier = Classifier(settings.filters[-1], settings.hidden_units)

    def forward(self, images: Tensor) -> Tensor:
        """Normalised images (N, 3, H, W) float32 → logits (N,); sigmoid(logit) is the probability of ALL."""
        return cast("Tensor", self.classifier(self.blocks(images)))
