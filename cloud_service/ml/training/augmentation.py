"""Variation of training images, a whole batch at once."""

import torch
from torch import Generator, Tensor
from torch.nn.functional import grid_sample

from cloud_service.ml.deployed_network import images_of
from cloud_service.ml.training.settings import AugmentationSettings

_PADDING = {"nearest": "border", "reflect": "reflection"}  # our words, which are Keras' own → those of grid_sample


def augment(pixels: Tensor, settings: AugmentationSettings, generator: Generator) -> Tensor:
    """Images varied as `settings` say, each by itself.

    Chance is drawn on the CPU, so that a GPU gets the same.

    Args:
        pixels: (N, S, S, 3) uint8.
        settings: what is varied, and how far.
        generator: the source of chance.

    Returns:
        images (N, 3, S, S) float32 in [0, 1].
    """
    if settings.angles == "quarters":
        pixels = turn_by_quarters(pixels, generator)
    images = images_of(pixels)
    if moves_between_pixels(settings):
        images = move(images, settings, generator)
    elif settings.mirrored:
        mirrored = _coins(len(images), generator).to(images.device)[:, None, None, None]
        images = torch.where(mirrored, images.flip(3), images)
    if settings.stain or settings.light:
        images = vary_stain_and_light(images, settings, generator)
    # The order in memory decides the speed of the convolutions, see images_of.
    return images.contiguous(memory_format=torch.channels_last)


def turn_by_quarters(pixels: Tensor, generator: Generator) -> Tensor:
    """Each image (N, S, S, 3) turned by 0, 90, 180 or 270 degrees.

    Pixels move without being mixed: serving shows the network unmixed pixels too.
    """
    half, quarter = (_coins(len(pixels), generator).to(pixels.device)[:, None, None, None] for _ in range(2))
    pixels = torch.where(half, pixels.flip((1, 2)), pixels)
    return torch.where(quarter, pixels.transpose(1, 2).flip(1), pixels)


def moves_between_pixels(settings: AugmentationSettings) -> bool:
    """Whether images are moved so that their pixels mix."""
    turned = settings.angles == "any" or any(_listed(settings))
    return bool(turned or settings.scale or settings.shift)


def move(images: Tensor, settings: AugmentationSettings, generator: Generator) -> Tensor:
    """Each image mirrored, turned, scaled and shifted in one step, by bilinear interpolation.

    Args:
        images: (N, C, S, S) float32.
        settings: how far.
        generator: the source of chance.
    """
    count, size = len(images), images.shape[-1]
    angles = torch.deg2rad(_angles(count, settings, generator))
    zoom = 1.0 / _around_one((count,), settings.scale, generator)  # of where a pixel comes from
    mirror = 1.0 - 2.0 * (_coins(count, generator) if settings.mirrored else torch.zeros(count))
    shift = (
        (2.0 * torch.rand((count, 2), generator=generator) - 1.0) * settings.shift * (2.0 / size)
    )  # sides are 2 long
    cos, sin = angles.cos() * zoom, angles.sin() * zoom
    rows = torch.stack([cos * mirror, -sin * mirror, shift[:, 0], sin, cos, shift[:, 1]], dim=1)
    grid = _places(rows.reshape(count, 2, 3).to(images.device), size)
    return grid_sample(images, grid, padding_mode=_PADDING[settings.outside], align_corners=False)


def _places(affine: Tensor, size: int) -> Tensor:
    """Where each pixel comes from, (N, S, S, 2), under the maps (N, 2, 3): affine_grid in a fortieth of the time."""
    middles = (2.0 * torch.arange(size, device=affine.device) + 1.0) / size - 1.0
    across = affine[:, :, 0, None] * middles  # (N, 2, S)
    down = affine[:, :, 1, None] * middles + affine[:, :, 2, None]
    return (across[:, :, None, :] + down[:, :, :, None]).permute(0, 2, 3, 1)


def vary_stain_and_light(images: Tensor, settings: AugmentationSettings, generator: Generator) -> Tensor:
    """Another stain density for each image and colour, another light for each image.

    By the law of Beer and Lambert the light that passes is exp(-density), so a density k times as strong gives
    the k-th power of what passed before.

    Args:
        images: (N, 3, S, S) float32 in [0, 1].
        settings: how far.
        generator: the source of chance.

    Returns:
        images as they came in shape and range.
    """
    stain = _around_one((len(images), images.shape[1], 1, 1), settings.stain, generator).to(images.device)
    light = _around_one((len(images), 1, 1, 1), settings.light, generator).to(images.device)
    return (images**stain * light).clamp_(max=1.0)


def _listed(settings: AugmentationSettings) -> tuple[float, ...]:
    return settings.angles if isinstance(settings.angles, tuple) else (0.0,)


def _angles(count: int, settings: AugmentationSettings, generator: Generator) -> Tensor:
    """Degrees (N,)."""
    if settings.angles == "any":
        return 360.0 * torch.rand(count, generator=generator)
    listed = torch.tensor(_listed(settings))
    return listed[torch.randint(len(listed), (count,), generator=generator)]


def _coins(count: int, generator: Generator) -> Tensor:
    return torch.rand(count, generator=generator) < 0.5  # noqa: PLR2004 - a fair coin


def _around_one(shape: tuple[int, ...], spread: float, generator: Generator) -> Tensor:
    return 1.0 + spread * (2.0 * torch.rand(shape, generator=generator) - 1.0)
