"""The squeeze-and-excitation layer."""

from typing import cast

import torch
from torch import Tensor, nn


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

    def gate(self, features: Tensor) -> Tensor:
        """The weight s of each channel, (N, C) in (0, 1), for features (N, C, H, W)."""
        # ONNX Runtime adds up a map's values one after the other: the 49,284 equal ones of a blank field lost so many
        # digits that a logit was off by 3e-3. By rows, then by columns, it is off by 3e-5; torch is slower that way.
        exported = torch.compiler.is_exporting()
        squeeze = features.mean(dim=3).mean(dim=2) if exported else features.mean(dim=(2, 3))
        return torch.sigmoid(cast("Tensor", self.widen(torch.relu(self.narrow(squeeze)))))

    def forward(self, features: Tensor) -> Tensor:
        """Features (N, C, H, W) with each channel scaled by its gate; the shape stays."""
        return features * self.gate(features)[:, :, None, None]
