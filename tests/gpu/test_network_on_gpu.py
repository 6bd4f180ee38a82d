"""The network on an NVIDIA GPU, against the CPU. Run with `make test-gpu`; skipped where there is no GPU."""

import pytest
import torch

from tests.support.model_packages import random_network, random_pixels

pytestmark = pytest.mark.gpu


def test_the_network_answers_on_a_gpu_as_on_the_cpu() -> None:
    network, pixels = random_network(), torch.from_numpy(random_pixels(8))
    with torch.inference_mode(), torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
        expected = network(pixels)
        found = network.cuda()(pixels.cuda()).cpu()
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-3)
