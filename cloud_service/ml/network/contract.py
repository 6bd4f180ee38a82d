"""What every network promises."""

from typing import ClassVar

from torch import Tensor, nn

from cloud_service.ml.network.map_grid import MapGrid
from cloud_service.ml.network.settings import NetworkSettings

COLOUR_CHANNELS = 3


class Network(nn.Module):
    """A binary classifier in three steps: a feature map, pooled over all its places to a vector, which is judged.

    Made by `build_network`. Serving needs each step: the vectors tell how far an image lies from all that the network
    was trained on, and the map where the network looked.

    Args:
        settings: what the network was built from.
    """

    # Explanations start from the last feature map (N, C, H', W'): what this submodule gives, and where it lies.
    map_layer: ClassVar[str]
    map_grid: MapGrid

    def __init__(self, settings: NetworkSettings) -> None:
        super().__init__()
        self.settings = settings

    def feature_map(self, images: Tensor) -> Tensor:
        """Normalised images (N, 3, H, W) float32 → the last feature map (N, F, H', W')."""
        raise NotImplementedError

    def pool(self, feature_map: Tensor) -> Tensor:
        """The last feature map (N, F, H', W') → features (N, F), by the mean or the maximum of each channel."""
        raise NotImplementedError

    def classify(self, features: Tensor) -> Tensor:
        """Features (N, F) → logits (N,); sigmoid(logit) is the probability of ALL, before any calibration."""
        raise NotImplementedError

    def slopes(self, features: Tensor) -> Tensor:
        """Features (N, F) → the gradient (N, F) of each logit by its features, without a backward pass."""
        raise NotImplementedError

    def embed(self, images: Tensor) -> Tensor:
        """Normalised images (N, 3, H, W) float32 → features (N, F)."""
        return self.pool(self.feature_map(images))

    def attention(self, feature_map: Tensor, features: Tensor) -> Tensor:
        """Grad-CAM of Selvaraju et al. (2017), worked out within the forward pass.

        Its weights are the logit's gradient by the map, averaged over the map's places. Under global pooling that is
        the gradient by the feature over the number of places, whether the mean or the maximum is pooled: the one
        spreads the gradient over all places, the other leaves it at one.

        Args:
            feature_map: (N, F, H', W'), the network's last.
            features: (N, F), pooled from it.

        Returns:
            (N, H', W'): what speaks for ALL above 0, against it below. Grad-CAM proper cuts off what is below.
        """
        height, width = feature_map.shape[2:]
        weights = self.slopes(features)[:, None, :] / (height * width)
        return (weights @ feature_map.flatten(2)).reshape(-1, height, width)

    def forward(self, images: Tensor) -> Tensor:
        """Normalised images (N, 3, H, W) float32 → logits (N,)."""
        return self.classify(self.embed(images))
