"""The squeeze-and-excitation layer."""

from math import sqrt
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d


class SqueezeExcitation(nn.Module):
    """Weighs each channel of a feature map by what the whole map holds.

    Equations of Hu et al. (2018), as taken over by Bukhari et al. (2022) for each of their three blocks:

    - squeeze, z_c = 1/(H·W) · Σ_ij u_c(i, j): global average pooling (eq. 2);
    - excitation, s = sigmoid(W₂ · relu(W₁ · z)) (eq. 3);
    - scale, x̃_c = s_c · u_c (eq. 4).

    Args:
        channels: channels C of the feature map.
        squeezed: units of the narrow layer, C / r.
    """

    def __init__(self, channels: int, squeezed: int) -> None:
        super().__init__()
        self.narrow = nn.Linear(channels, squeezed)
        self.widen = nn.Linear(squeezed, channels)

    def squeeze(self, features: Tensor) -> Tensor:
        """z, (N, C), for features (N, C, H, W)."""
        return mean_in_steps(features) if torch.compiler.is_exporting() else features.mean(dim=(2, 3))

    def excite(self, squeezed: Tensor) -> Tensor:
        """The weight s of each channel, (N, C) in (0, 1), for z (N, C)."""
        return torch.sigmoid(cast("Tensor", self.widen(torch.relu(self.narrow(squeezed)))))

    def forward(self, features: Tensor) -> Tensor:
        """Features (N, C, H, W) with each channel scaled by its gate; the shape stays."""
        return features * self.excite(self.squeeze(features))[:, :, None, None]


def mean_in_steps(features: Tensor) -> Tensor:
    """Mean of each map, (N, C), for features (N, C, H, W): of short stretches first, then of their means.

    For ONNX Runtime, which adds up what it averages one value after the other: the 49,284 equal ones of a blank field
    lost so many digits that a logit was off by 3e-3; in steps it is as exact as torch. Pooling, unlike a reduction,
    leaves a map in the order that convolutions work in.
    """
    for side in (3, 2):
        size = features.shape[side]
        short = _divisor_near_root(size)
        for length in (short, size // short):
            kernel = (1, length) if side == 3 else (length, 1)  # noqa: PLR2004 - the last of N, C, H, W
            features = avg_pool2d(features, kernel)
    return features.flatten(1)


def _divisor_near_root(size: int) -> int:
    return min((number for number in range(1, size + 1) if size % number == 0), key=lambda n: abs(n - sqrt(size)))
