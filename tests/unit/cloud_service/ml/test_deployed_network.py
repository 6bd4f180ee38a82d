import torch

from cloud_service.ml.deployed_network import images_of
from shared.imaging.preprocess import normalise
from tests.support.model_packages import SPEC, random_network, random_pixels


def test_computes_what_the_shared_normalisation_and_the_network_compute() -> None:
    pixels = random_pixels(3)
    network = random_network()
    with torch.inference_mode():
        deployed = network(torch.from_numpy(pixels))
        separate = network.network(torch.from_numpy(normalise(pixels, SPEC)))
    torch.testing.assert_close(deployed, separate, atol=1e-5, rtol=1e-5)


def test_its_weights_are_those_of_the_network_alone() -> None:
    network = random_network()
    assert {name.removeprefix("network.") for name in network.state_dict()} == set(network.network.state_dict())


def test_images_are_in_the_order_that_convolutions_are_fast_in() -> None:
    assert images_of(torch.from_numpy(random_pixels(2, size=8))).is_contiguous(memory_format=torch.channels_last)
