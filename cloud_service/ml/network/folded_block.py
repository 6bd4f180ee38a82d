"""The network as it is served: the same numbers with a quarter of the work behind each convolution, and none before."""

from copy import deepcopy
from typing import cast

import torch
from torch import Tensor, nn

from cloud_service.ml.network.contract import Network
from cloud_service.ml.network.convolution_block import ConvolutionBlock
from cloud_service.ml.network.se_cnn import SECNN
from cloud_service.ml.network.squeeze_excitation import SqueezeExcitation

_LARGEST_VALUE = 255.0


class FoldedBlock(nn.Module):
    """What a `ConvolutionBlock` computes in evaluation mode, up to rounding.

    With r = relu(convolution), BatchNorm is a·r + c in each channel and the gate s a factor above 0. Where a > 0, the
    larger of two values stays the larger one under both, so max(s·(a·r + c)) = s·a·max(r) + s·c: r is pooled first, and
    the rest is worked out on the pooled map. The squeeze of a·r + c is a·mean(r) + c.

    Args:
        block: every BatchNorm factor is above 0 (`can_be_folded`).
    """

    factor: Tensor
    offset: Tensor

    def __init__(self, block: ConvolutionBlock) -> None:
        super().__init__()
        norm = block.batch_norm
        mean, variance = cast("Tensor", norm.running_mean), cast("Tensor", norm.running_var)
        factor = (norm.weight * torch.rsqrt(variance + norm.eps)).detach()
        self.convolution, self.recalibration, self.pooling = block.convolution, block.recalibration, block.pooling
        self.register_buffer("factor", factor[:, None, None])
        self.register_buffer("offset", (norm.bias.detach() - factor * mean)[:, None, None])

    def forward(self, features: Tensor) -> Tensor:
        """(N, channels_in, H, W) → (N, channels_out, H', W')."""
        rectified = torch.relu(self.convolution(features))
        pooled = cast("Tensor", self.pooling(rectified))
        if not isinstance(self.recalibration, SqueezeExcitation):
            return pooled * self.factor + self.offset
        squeezed = self.recalibration.squeeze(rectified)[:, :, None, None] * self.factor + self.offset
        gate = self.recalibration.excite(squeezed.flatten(1))[:, :, None, None]
        return pooled * (gate * self.factor) + gate * self.offset


def can_be_folded(block: ConvolutionBlock) -> bool:
    """Whether every BatchNorm factor is above 0: under another, the smallest value of a window becomes the largest."""
    return bool((block.batch_norm.weight > 0).all())


def folded(network: Network) -> Network:
    """A copy for serving, in evaluation mode, whose blocks are folded where they can be; `network` stays as it is."""
    served = deepcopy(network).eval()
    if isinstance(served, SECNN):
        for number, block in enumerate(served.blocks):
            if isinstance(block, ConvolutionBlock) and can_be_folded(block):
                served.blocks[number] = FoldedBlock(block)
    return served


@torch.no_grad()
def fold_normalisation(network: Network, mean: Tensor, deviation: Tensor) -> bool:
    """Make the first convolution take values 0 to 255 and compute what it computed of (value / 255 - mean) / deviation.

    It pads nothing, so each of its sums is one of real values, and the change is exact up to rounding.

    Args:
        network: is changed; a copy that only serves.
        mean: (1, 3, 1, 1), of a PreprocessSpec.
        deviation: likewise.

    Returns:
        Whether it was done. Networks that pad their input are left as they are.
    """
    first = network.blocks[0].convolution if isinstance(network, SECNN) else None
    if not isinstance(first, nn.Conv2d) or first.bias is None:
        return False
    weight, shift = first.weight.double(), (mean / deviation).double()
    first.bias.copy_(first.bias.double() - (weight * shift).sum(dim=(1, 2, 3)))
    first.weight.copy_(weight / (_LARGEST_VALUE * deviation.double()))
    return True
