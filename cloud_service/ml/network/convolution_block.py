"""One of the network's three blocks."""

from typing import cast

import torch
from torch import Tensor, nn

from cloud_service.ml.network.settings import NetworkSettings
from cloud_service.ml.network.squeeze_excitation import SqueezeExcitation


class ConvolutionBlock(nn.Module):
    """Convolution 3x3 without padding → ReLU → BatchNorm → squeeze-and-excitation → max pooling 2x2.

    The order is that of Bukhari et al. (2022): BatchNorm stands *after* the ReLU. A map H pixels wide becomes
    (H - 2) / 2 wide with pooling stride 2, H - 3 with stride 1 (the paper names both; see NetworkSettings).

    Args:
        channels_in: channels of the block's input.
        channels_out: filters of its convolution.
        settings: the whole network's settings.
    """

    def __init__(self, channels_in: int, channels_out: int, settings: NetworkSettings) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(channels_in, channels_out, kernel_size=3)
        self.batch_norm = nn.BatchNorm2d(channels_out)
        self.recalibration: nn.Module = (
            SqueezeExcitation(channels_out, settings.squeezed(channels_out))
            if settings.squeeze_excitation
            else nn.Identity()
        )
        self.pooling = nn.MaxPool2d(kernel_size=2, stride=settings.pooling_stride)

    def forward(self, features: Tensor) -> Tensor:
        """(N, channels_in, H, W) → (N, channels_out, H', W')."""
        features = self.batch_norm(torch.relu(self.convolution(features)))
        return cast("Tensor", self.pooling(self.recalibration(features)))
