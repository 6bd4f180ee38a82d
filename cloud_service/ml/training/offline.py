"""Augmentation once, before training, up to a given number of images of each label."""

from typing import NamedTuple

import torch
from torch import Generator, Tensor

from cloud_service.ml.training.augmentation import augment
from cloud_service.ml.training.records import LabelledPixels, TrainingError
from cloud_service.ml.training.settings import AugmentationSettings

_AT_A_TIME = 64


class ClassCounts(NamedTuple):
    """Images of each label in a training part, after augmentation."""

    not_all: int
    all: int


def offline_augment(
    training: LabelledPixels, counts: ClassCounts, settings: AugmentationSettings, *, seed: int
) -> LabelledPixels:
    """The training part with varied copies added, until each label has as many images as asked for.

    Bukhari et al. (2022) enlarge their training parts like this, to the counts of their tables 1, 3 and 4. Each image
    is there as it was; copies are spread evenly over the images of a label, each varied by itself.

    Args:
        training: at least one image of each label; the validation and test parts stay without copies.
        counts: at least as many as there are.
        settings: how the copies are varied.
        seed: decides the copies.

    Returns:
        the images as they were, then the copies.

    Raises:
        TrainingError: there are more images of a label than asked for, or none.
    """
    chance = Generator().manual_seed(seed)
    sources = []
    for label, count, name in ((0.0, counts.not_all, "without"), (1.0, counts.all, "with")):
        present = torch.nonzero(training.labels == label).flatten()
        if not 0 < len(present) <= count:
            raise TrainingError(
                f"Offline augmentation cannot make {count} images {name} ALL of the {len(present)} that the training "
                "part holds. Set both counts to no less than there are, or leave offline augmentation out."
            )
        sources.append(_spread(present, count - len(present), chance))
    source = torch.cat(sources)
    copies = [_varied(training.pixels[few], settings, chance) for few in torch.split(source, _AT_A_TIME) if len(few)]
    return LabelledPixels(
        pixels=torch.cat([training.pixels, *copies]), labels=torch.cat([training.labels, training.labels[source]])
    )


def _spread(present: Tensor, copies: int, chance: Generator) -> Tensor:
    """Which images are copied, (copies,): each as often as any other, or once more."""
    rounds = [present[torch.randperm(len(present), generator=chance)] for _ in range(copies // len(present) + 1)]
    return torch.cat(rounds)[:copies]


def _varied(pixels: Tensor, settings: AugmentationSettings, chance: Generator) -> Tensor:
    """Pixels (N, S, S, 3) uint8, varied and rounded."""
    images = augment(pixels, settings, chance)
    return (images * 255.0).round_().to(torch.uint8).permute(0, 2, 3, 1).contiguous()
