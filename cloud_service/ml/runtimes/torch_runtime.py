"""PyTorch on the CPU: the reference that the other runtimes are compared with."""

import torch

from cloud_service.ml.deployed_network import DeployedNetwork
from cloud_service.ml.package import ModelPackage
from cloud_service.ml.runtimes.contract import (
    CPU_BATCH_LIMIT,
    Pixels,
    Predictions,
    check_batch,
    probabilities_of,
)
from cloud_service.ml.weights import network_of


class TorchRuntime:
    """A `Runtime` over the package's safetensors weights.

    Args:
        package: the verified model package.
        threads: threads of the whole process's torch operations, since torch has no setting for each network.

    Raises:
        ModelPackageError: the weights are not those that the card names, or do not fit its network settings.
    """

    name = "torch"
    batch_limit = CPU_BATCH_LIMIT

    def __init__(self, package: ModelPackage, threads: int) -> None:
        torch.set_num_threads(threads)
        self._network = DeployedNetwork(network_of(package), package.card.preprocess).eval()
        self._attention = package.card.attention
        self._size = package.card.preprocess.size
        self._temperature = package.card.temperature

    def predict(self, batch: Pixels) -> Predictions:
        """See `Runtime.predict`."""
        check_batch(batch, size=self._size, limit=self.batch_limit)
        if not len(batch):
            return Predictions.of_nothing(self._attention)
        with torch.inference_mode():
            # A copy, since torch shares no read-only or reversed arrays.
            logits, _, attention = self._network.served(torch.from_numpy(batch.copy()))
        return Predictions(
            probabilities=probabilities_of(logits.numpy(), temperature=self._temperature, runtime=self.name),
            attention=attention.numpy() if self._attention else None,
        )
