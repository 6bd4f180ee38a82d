"""The training step that a first script would have, as a measure for ours: a program for a process of its own.

Eager float32, images in NCHW order, each augmented by itself with Pillow, and the memory allocator as it comes. The
network, optimiser and augmentation are those of the paper's recipe, as in ours. For each line on standard input, which
holds a number of images, it trains on so many, in batches as large as its argument, and writes the images a second.
"""

import math
import sys
import time

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from cloud_service.ml.network.building import build_network
from cloud_service.ml.training.presets import PAPER
from cloud_service.ml.training.settings import AUGMENTATIONS, AugmentationPreset

_VARIED = AUGMENTATIONS[AugmentationPreset.PAPER]


def some_pixels(count: int) -> NDArray[np.uint8]:
    """Images (count, 224, 224, 3); what is on them does not decide how long a step takes."""
    return np.random.default_rng(1).integers(0, 256, (count, 224, 224, 3), dtype=np.uint8)


def varied(image: Image.Image, chance: np.random.Generator) -> NDArray[np.float32]:
    """One image (3, S, S), turned and shifted."""
    assert isinstance(_VARIED.angles, tuple)
    angle = math.radians(chance.choice(_VARIED.angles))
    cos, sin, middle = math.cos(angle), math.sin(angle), image.width / 2
    across, down = middle * (1 - cos + sin), middle * (1 - cos - sin)  # so that the middle stays where it is
    shift = chance.uniform(-_VARIED.shift, _VARIED.shift, 2)
    affine = (cos, -sin, across + shift[0], sin, cos, down + shift[1])
    moved = image.transform(image.size, Image.Transform.AFFINE, affine, Image.Resampling.BILINEAR)
    return np.asarray(moved, dtype=np.float32).transpose(2, 0, 1) / 255.0


def main(batch_size: int) -> None:
    torch.set_num_threads(PAPER.training.threads)
    torch.manual_seed(1)
    network = build_network(PAPER.network).train()
    optimiser = torch.optim.Adam(network.parameters(), lr=PAPER.training.learning_rate)
    images = [Image.fromarray(pixels) for pixels in some_pixels(2 * batch_size)]
    labels = torch.arange(batch_size) % 2.0
    chance = np.random.default_rng(1)
    for line in sys.stdin:
        started = time.perf_counter()
        for _ in range(int(line) // batch_size):
            chosen = chance.integers(0, len(images), batch_size)
            batch = torch.from_numpy(np.stack([varied(images[index], chance) for index in chosen]))
            loss = torch.nn.functional.binary_cross_entropy_with_logits(network(batch), labels)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call] # torch gives it no types
            optimiser.step()
        sys.stdout.write(f"{int(line) / (time.perf_counter() - started)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]))
