"""The SE-CNN, and the traditional CNN that it is compared with."""

from itertools import pairwise
from typing import cast

from torch import Tensor, nn

from cloud_service.ml.network.classifier import Classifier
from cloud_service.ml.network.contract import COLOUR_CHANNELS, Network
from cloud_service.ml.network.convolution_block import ConvolutionBlock
from cloud_service.ml.network.map_grid import MapGrid
from cloud_service.ml.network.settings import NetworkSettings


class SECNN(Network):
    """Three convolution blocks, global max pooling and a classifier (Bukhari et al., 2022, the proposed framework).

    With `squeeze_excitation` off it is the paper's traditional CNN: identical but for those layers. How the paper's two
    contradictions (pooling stride, filters) are read stands in `NetworkSettings`.

    Args:
        settings: the network's settings; 113,263 parameters with the defaults, 110,337 without squeeze-and-excitation.
    """

    map_layer = "blocks"

    def __init__(self, settings: NetworkSettings) -> None:
        super().__init__(settings)
        channels = (COLOUR_CHANNELS, *settings.filters)
        self.blocks = nn.Sequential(
            *(ConvolutionBlock(before, after, settings) for before, after in pairwise(channels))
        )
        self.classifier = Classifier(settings.filters[-1], settings.hidden_units)
        self.map_grid = _map_grid(len(self.blocks), settings.pooling_stride)

    def feature_map(self, images: Tensor) -> Tensor:
        """Normalised images (N, 3, H, W) float32 → the last block's map u (N, C, H', W')."""
        return cast("Tensor", self.blocks(images))

    def pool(self, feature_map: Tensor) -> Tensor:
        """The map u (N, C, H', W') → features (N, C): f_c = max_ij u_c(i, j)."""
        return feature_map.amax(dim=(2, 3))

    def classify(self, features: Tensor) -> Tensor:
        """Features (N, C) → logits (N,)."""
        return cast("Tensor", self.classifier(features))

    def slopes(self, features: Tensor) -> Tensor:
        """Features (N, C) → the gradient (N, C) of each logit by its features."""
        return self.classifier.slopes(features)


def _map_grid(blocks: int, pooling_stride: int) -> MapGrid:
    """The convolutions are not padded, so that the map begins within the image: by 7 pixels with stride 2."""
    grid = MapGrid(start=0.0, stride=1.0)
    for _ in range(blocks):
        after_convolution = grid.start + grid.stride
        grid = MapGrid(
            start=after_convolution + grid.stride * (1 - pooling_stride / 2), stride=grid.stride * pooling_stride
        )
    return grid
