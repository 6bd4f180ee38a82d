"""The network as it is served: camera pixels in, logits and features out."""

import torch
from torch import Tensor, nn

from cloud_service.ml.network.contract import Network
from shared.imaging.preprocess import PreprocessSpec


class DeployedNetwork(nn.Module):
    """A network with the normalisation of its PreprocessSpec in front, so that nobody can serve it with another one.

    Computes what `shared.imaging.preprocess.normalise` computes, then the network. Training goes through it as well.

    Args:
        network: takes normalised images (N, 3, H, W), gives features (N, F) and logits (N,).
        spec: the specification that the network is trained and served under.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, network: Network, spec: PreprocessSpec) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("mean", _per_channel(spec.mean), persistent=False)
        self.register_buffer("deviation", _per_channel(spec.std), persistent=False)

    def forward(self, pixels: Tensor) -> Tensor:
        """Pixels (N, H, W, 3) uint8, as `preprocess` gives them → logits (N,) float32."""
        return self.logits_of(images_of(pixels))

    def features(self, pixels: Tensor) -> Tensor:
        """Pixels (N, H, W, 3) uint8 → features (N, F) float32, what the network's `classify` judges."""
        return self.features_of(images_of(pixels))

    def served(self, pixels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Pixels (N, H, W, 3) uint8 → logits (N,), features (N, F) and attention (N, H', W'), in one pass."""
        return self.answers_to(self._normalised(images_of(pixels)))

    def answers_to(self, normalised: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Normalised images (N, 3, H, W) → what `served` gives."""
        feature_map = self.network.feature_map(normalised)
        features = self.network.pool(feature_map)
        return self.network.classify(features), features, self.network.attention(feature_map, features)

    def logits_of(self, images: Tensor) -> Tensor:
        """Images (N, 3, H, W) float32 in [0, 1] → logits (N,); training puts its augmentation before this step."""
        return self.network.classify(self.features_of(images))

    def features_of(self, images: Tensor) -> Tensor:
        """Images (N, 3, H, W) float32 in [0, 1] → features (N, F)."""
        return self.network.embed(self._normalised(images))

    def _normalised(self, images: Tensor) -> Tensor:
        return (images - self.mean) / self.deviation


def images_of(pixels: Tensor) -> Tensor:
    """Pixels (N, H, W, 3) uint8 → images (N, 3, H, W) float32 in [0, 1].

    The values stay where they are in memory, an order that torch calls channels_last: convolutions keep it and are
    up to three times as fast in it.
    """
    return pixels.permute(0, 3, 1, 2).to(torch.float32) / 255.0


def _per_channel(values: tuple[float, ...]) -> Tensor:
    return torch.tensor(values, dtype=torch.float32).reshape(1, -1, 1, 1)
