"""The SE-CNN's forward pass, arranged so that a training step on a CPU touches its large maps less often.

The numbers are those of `ConvolutionBlock`, up to rounding. With r = relu(convolution), BatchNorm is a·r + c in each
channel, the gate s a factor above 0 in each image and channel, and where a > 0 the larger of two values stays the
larger one under both. So max(s·(a·r + c)) = s·(a·max(r) + c): r is pooled first, and BatchNorm and gate are worked out
on the pooled map, a quarter of the size. Of r itself only BatchNorm's statistics and the squeeze are needed, and its
gradient comes from all three in one go.
"""

from typing import Any, cast

import torch
from torch import Tensor, nn

from cloud_service.ml.deployed_network import DeployedNetwork
from cloud_service.ml.network.convolution_block import ConvolutionBlock
from cloud_service.ml.network.se_cnn import SECNN
from cloud_service.ml.network.squeeze_excitation import SqueezeExcitation

_WINDOW = [2, 2]


class TrainingView(nn.Module):
    """A DeployedNetwork as training calls it: images (N, 3, S, S) float32 in [0, 1] → logits (N,).

    Args:
        network: whose parameters and BatchNorm statistics are trained; what it computes is the same.
    """

    def __init__(self, network: DeployedNetwork) -> None:
        super().__init__()
        self.deployed = network

    def forward(self, images: Tensor) -> Tensor:
        """Logits (N,), as `DeployedNetwork.logits_of` gives them in training mode."""
        deployed, network = self.deployed, self.deployed.network
        if not isinstance(network, SECNN) or not can_be_fused(network, images):
            return deployed.logits_of(images)
        features = images if is_neutral(deployed) else (images - deployed.mean) / deployed.deviation
        for block in network.blocks:
            features = fused_block(cast("ConvolutionBlock", block), features)
        return network.classify(features.amax(dim=(2, 3)))


def is_neutral(deployed: DeployedNetwork) -> bool:
    """Whether normalisation leaves images as they are."""
    return bool((deployed.mean == 0.0).all() and (deployed.deviation == 1.0).all())


def can_be_fused(network: SECNN, images: Tensor) -> bool:
    """Whether the rearrangement holds: every BatchNorm factor is above 0; and pays: a CPU, and training."""
    factors = [cast("ConvolutionBlock", block).batch_norm.weight for block in network.blocks]
    return network.training and images.device.type == "cpu" and all(bool((factor > 0).all()) for factor in factors)


def fused_block(block: ConvolutionBlock, features: Tensor) -> Tensor:
    """As `block` in training mode: (N, C_in, H, W) → (N, C_out, H', W'); its BatchNorm statistics move on too."""
    norm = block.batch_norm
    convolved = block.convolution(features)
    pooled, squeeze, mean, variance = _Pooled.apply(convolved, norm, block.pooling.stride)  # type: ignore[no-untyped-call]
    factor = norm.weight * torch.rsqrt(variance + norm.eps)
    offset = norm.bias - factor * mean
    gated = block.recalibration
    if not isinstance(gated, SqueezeExcitation):
        return torch.addcmul(offset[:, None, None], pooled, factor[:, None, None])
    gate = torch.sigmoid(gated.widen(torch.relu(gated.narrow(factor * squeeze + offset))))
    return torch.addcmul((gate * offset)[:, :, None, None], pooled, (gate * factor)[:, :, None, None])


class _Pooled(torch.autograd.Function):
    """A convolution's output z (N, C, H, W) → what is needed of r = relu(z), which overwrites z.

    These are r pooled (N, C, H', W'), its mean over each image (N, C), its mean and its variance over the batch (C,).
    """

    @staticmethod
    def forward(ctx: Any, z: Tensor, norm: nn.BatchNorm2d, stride: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        r = z.detach().clamp_(min=0)
        # Stands beside native_batch_norm in torch, takes its very statistics, and moves the running ones on.
        mean, variance = torch.batch_norm_update_stats(r, norm.running_mean, norm.running_var, norm.momentum or 0.0)
        if norm.num_batches_tracked is not None:
            norm.num_batches_tracked.add_(1)
        pooled, places = torch.ops.aten.max_pool2d_with_indices(r, _WINDOW, [stride, stride])
        ctx.save_for_backward(r, places, mean)
        ctx.stride = stride
        return pooled, r.mean(dim=(2, 3)), mean, variance

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        """∂/∂r = where it was the maximum + ∂/∂squeeze / HW + (∂/∂mean + 2·(r - mean)·∂/∂variance) / NHW."""
        by_pooled, by_squeeze, by_mean, by_variance = gradients
        r, places, mean = ctx.saved_tensors
        count, _, height, width = r.shape
        slope = by_variance * (2.0 / (count * height * width))
        level = by_squeeze / (height * width) + by_mean / (count * height * width) - slope * mean
        whole = torch.ops.aten.max_pool2d_with_indices_backward(
            by_pooled, r, _WINDOW, [ctx.stride] * 2, padding=[0, 0], dilation=[1, 1], ceil_mode=False, indices=places
        )
        whole.addcmul_(r, slope[:, None, None]).add_(level[:, :, None, None])
        return torch.ops.aten.threshold_backward.grad_input(whole, r, 0, grad_input=whole), None, None
