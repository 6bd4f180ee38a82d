"""Where in an image a network found what it answered: Grad-CAM of Selvaraju et al. (2017), as MONAI computes it.

A map weighs the channels of the last feature map by how much the answer would change with them. It shows where the
network looked, not why, and is no finding of its own. `explain_checks` measures how far a model's maps may be believed.
"""

from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from monai.visualize.class_activation_maps import GradCAM
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import grid_sample

from cloud_service.ml.deployed_network import DeployedNetwork, images_of
from cloud_service.ml.network.map_grid import MapGrid

Evidence = NDArray[np.float32]
"""(H, W) in [0, 1]: how much each place speaks for an answer, relative to the place of the image that does most."""


class Explainer:
    """Explains the answers of one network.

    Args:
        network: is put into evaluation mode and keeps the hooks that MONAI puts into it, so give one of your own.
    """

    def __init__(self, network: DeployedNetwork) -> None:
        self._grid = network.network.map_grid
        self._grad_cam = GradCAM(
            _TwoAnswers(network).eval(),
            target_layers=f"deployed.network.{network.network.map_layer}",
            upsampler=self._placed,
            postprocessing=lambda evidence: evidence,  # MONAI's own turns large into small
        )

    def evidence(self, pixels: NDArray[np.uint8], *, for_all: bool) -> Evidence:
        """What in an image speaks for one of the two answers.

        Args:
            pixels: (S, S, 3) uint8, as `preprocess` gives them.
            for_all: whether evidence for ALL is asked for; else evidence against it.

        Returns:
            (S, S); zero everywhere where nothing speaks for that answer.
        """
        images = images_of(torch.tensor(pixels[None])).requires_grad_()  # so that every layer's hook sees a gradient
        evidence = cast("Tensor", self._grad_cam(images, class_idx=int(for_all)))[0, 0].detach()
        strongest = evidence.max()
        return np.asarray(evidence / strongest if strongest > 0 else evidence, dtype=np.float32)

    def _placed(self, size: tuple[int, int]) -> "_Placing":
        return _Placing(size, self._grid)


class _TwoAnswers(nn.Module):
    """A network with a logit for each answer, against ALL and for it, as Grad-CAM wants it."""

    def __init__(self, deployed: DeployedNetwork) -> None:
        super().__init__()
        self.deployed = deployed

    def forward(self, images: Tensor) -> Tensor:
        """Images (N, 3, S, S) float32 in [0, 1] → logits (N, 2)."""
        logits = self.deployed.logits_of(images)
        return torch.stack([-logits, logits], dim=1)


@dataclass(frozen=True, slots=True)
class _Placing:
    """Enlarges a feature map to the image, each position where it looks.

    Stretching it from edge to edge, as is usual, moves it by up to half a cell of a whole field, since convolutions
    without padding do not look at the edges. Of an earlier demo model's evidence in 40 procedural fields, 27 % then lay
    in blasts in place of 40 %, and the strongest place in 36 fields in place of all 40.
    """

    size: tuple[int, int]
    grid: MapGrid

    def __call__(self, feature_map: Tensor) -> Tensor:
        """(N, C, H', W') → (N, C, H, W); beyond the outermost positions it fades to zero."""
        axes = [
            2 * (torch.arange(length) + 0.5 - self.grid.start) / (self.grid.stride * positions) - 1
            for length, positions in zip(self.size, feature_map.shape[2:], strict=True)
        ]
        rows, columns = torch.meshgrid(*axes, indexing="ij")
        where = torch.stack([columns, rows], dim=-1).expand(len(feature_map), -1, -1, -1)
        return grid_sample(feature_map, where, mode="bilinear", padding_mode="zeros", align_corners=False)
