"""The network's head."""

from typing import cast

import torch
from torch import Tensor, nn


class Classifier(nn.Module):
    """Dense with ReLU → dense with one output.

    As in Bukhari et al. (2022), where a sigmoid follows: P(ALL) = sigmoid(w · relu(W · f)), with f the globally
    max-pooled feature map. The sigmoid is left to the loss (binary cross-entropy with logits, which does not
    overflow) and to the runtimes.

    Args:
        channels: length of the feature vector f.
        hidden_units: units of the dense layer.
    """

    def __init__(self, channels: int, hidden_units: int) -> None:
        super().__init__()
        self.hidden = nn.Linear(channels, hidden_units)
        self.output = nn.Linear(hidden_units, 1)

    def forward(self, features: Tensor) -> Tensor:
        """Features (N, C) → logits (N,)."""
        return cast("Tensor", self.output(torch.relu(self.hidden(features)))).squeeze(1)

    def slopes(self, features: Tensor) -> Tensor:
        """The gradient (N, C) of the logits by the features (N, C): Wᵀ · (w where W · f is above 0)."""
        passed = torch.where(self.hidden(features) > 0, self.output.weight, 0.0)
        return passed @ self.hidden.weight
