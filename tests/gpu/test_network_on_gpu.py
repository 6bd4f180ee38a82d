"""The networks on an NVIDIA GPU, against the CPU. Run with `make test-gpu`; skipped where there is no GPU."""

import pytest
import torch

from cloud_service.ml.deployed_network import DeployedNetwork
from cloud_service.ml.network.building import build_network
from cloud_service.ml.network.settings import Backbone, NetworkSettings
from tests.support.model_packages import SPEC, random_pixels

pytestmark = pytest.mark.gpu


@pytest.mark.parametrize("backbone", ["se-cnn", "resnet34", "densenet121"])
def test_a_network_answers_on_a_gpu_as_on_the_cpu(backbone: Backbone) -> None:
    torch.manual_seed(7)
    network = DeployedNetwork(build_network(NetworkSettings(backbone=backbone)), SPEC).eval()
    pixels = torch.from_numpy(random_pixels(8))
    with torch.inference_mode(), torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
        expected = network.served(pixels)
        found = network.cuda().served(pixels.cuda())
    for on_gpu, on_cpu in zip(found, expected, strict=True):
        torch.testing.assert_close(on_gpu.cpu(), on_cpu, rtol=1e-3, atol=1e-3)
