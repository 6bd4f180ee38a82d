"""What every network promises."""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor, nn

from cloud_service.ml.network.settings import NetworkSettings

COLOUR_CHANNELS = 3


@dataclass(frozen=True, slots=True)
class MapGrid:
    """Where the positions of a feature map lie on the image: number k, from 0, is centred on start + (k + 1/2)·stride.

    Both are in pixels of the network's input, counted from its left or upper edge, and hold for width and height alike.
    """

    start: float
    stride: float


class Network(nn.Module):
    """A binary classifier in two steps: `embed` describes an image by a vector, `classify` judges the vector.

    Made by `build_network`. Serving needs both steps: the vectors tell how far an image lies from all that the network
    was trained on.

    Args:
        settings: what the network was built from.
    """

    # Explanations start from the last feature map (N, C, H', W'): what this submodule gives, and where it lies.
    map_layer: ClassVar[str]
    map_grid: MapGrid

    def __init__(self, settings: NetworkSettings) -> None:
        super().__init__()
        self.settings = settings

    def embed(self, images: Tensor) -> Tensor:
        """Normalised images (N, 3, H, W) float32 → features (N, F)."""
        raise NotImplementedError

    def classify(self, features: Tensor) -> Tensor:
        """Features (N, F) → logits (N,); sigmoid(logit) is the probability of ALL, before any calibration."""
        raise NotImplementedError

    def forward(self, images: Tensor) -> Tensor:
        """Normalised images (N, 3, H, W) float32 → logits (N,)."""
        return self.classify(self.embed(images))
