"""Variation of training images, a whole batch at once."""

from typing import Final

import torch
from torch import Generator, Tensor

from cloud_service.ml.deployed_network import images_of

STAIN_RANGE: Final = 0.2
"""The stain's density in each colour is multiplied by 1 - STAIN_RANGE … 1 + STAIN_RANGE."""

LIGHT_RANGE: Final = 0.1
"""The light is multiplied by 1 - LIGHT_RANGE … 1 + LIGHT_RANGE."""


def augment(pixels: Tensor, generator: Generator) -> Tensor:
    """Turns and mirrors each image and varies its stain and light.

    Args:
        pixels: (N, S, S, 3) uint8.
        generator: the source of chance.

    Returns:
        images (N, 3, S, S) float32 in [0, 1].
    """
    return vary_stain_and_light(images_of(turn(pixels, generator)), generator)


def turn(pixels: Tensor, generator: Generator) -> Tensor:
    """One of the eight symmetries of the square for each image (N, S, S, 3).

    Turns are by quarters, so that pixels move without being mixed: serving shows the network unmixed pixels too.
    """
    coins = torch.rand((3, len(pixels), 1, 1, 1), generator=generator)
    mirrored, flipped, transposed = coins.round().bool()
    pixels = torch.where(mirrored, pixels.flip(2), pixels)
    pixels = torch.where(flipped, pixels.flip(1), pixels)
    # The order in memory decides the speed of the convolutions (see images_of), and a transposition disturbs it.
    return torch.where(transposed, pixels.transpose(1, 2).contiguous(), pixels)


def vary_stain_and_light(images: Tensor, generator: Generator) -> Tensor:
    """Another stain density for each image and colour, another light for each image.

    By the law of Beer and Lambert the light that passes is exp(-density), so a density k times as strong gives
    the k-th power of what passed before.

    Args:
        images: (N, 3, S, S) float32 in [0, 1].
        generator: the source of chance.

    Returns:
        images as they came in shape and range.
    """
    stain = _around_one((len(images), images.shape[1], 1, 1), STAIN_RANGE, generator)
    light = _around_one((len(images), 1, 1, 1), LIGHT_RANGE, generator)
    return (images**stain * light).clamp_(max=1.0)


def _around_one(shape: tuple[int, ...], spread: float, generator: Generator) -> Tensor:
    return 1.0 + spread * (2.0 * torch.rand(shape, generator=generator) - 1.0)
