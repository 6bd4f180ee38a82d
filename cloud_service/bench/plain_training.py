"""The training step that a first script would have, as a measure for ours: a program for a process of its own.

Eager float32, images in NCHW order, each augmented by itself with Pillow, and the memory allocator as it comes. The
network, optimiser and augmentation are those of the paper's recipe, as in ours; its argument is the batch's size.

With the word "bare" behind it, it shows what is the most that could be reached: steps alone, over one batch that lies
ready, in channels_last order, with an allocator that keeps freed memory.
"""

import itertools
import math
import sys
import time
from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from cloud_service.allocator import keep_freed_memory
from cloud_service.bench.servant import Json, serve
from cloud_service.ml.network.building import build_network
from cloud_service.ml.runtimes.speed import some_pixels
from cloud_service.ml.training.presets import PAPER
from cloud_service.ml.training.settings import AUGMENTATIONS, AugmentationPreset

_VARIED = AUGMENTATIONS[AugmentationPreset.PAPER]
_ANGLES = (0.0, 60.0, 90.0)  # degrees, the recipe's own


def varied(image: Image.Image, chance: np.random.Generator) -> NDArray[np.float32]:
    """One image (3, S, S), turned and shifted."""
    angle = math.radians(chance.choice(_ANGLES))
    cos, sin, middle = math.cos(angle), math.sin(angle), image.width / 2
    across, down = middle * (1 - cos + sin), middle * (1 - cos - sin)  # so that the middle stays where it is
    shift = chance.uniform(-_VARIED.shift, _VARIED.shift, 2)
    affine = (cos, -sin, across + shift[0], sin, cos, down + shift[1])
    moved = image.transform(image.size, Image.Transform.AFFINE, affine, Image.Resampling.BILINEAR)
    return np.asarray(moved, dtype=np.float32).transpose(2, 0, 1) / 255.0


def batches(batch_size: int) -> Iterator[torch.Tensor]:
    """Batches (N, 3, S, S), each of images drawn anew and varied one by one, as a first script makes them."""
    images = [Image.fromarray(pixels) for pixels in some_pixels(2 * batch_size)]
    chance = np.random.default_rng(1)
    while True:
        chosen = chance.integers(0, len(images), batch_size)
        yield torch.from_numpy(np.stack([varied(images[index], chance) for index in chosen]))


def main(batch_size: int, *, bare: bool) -> None:
    """Answers {"images": N} with {"images_per_second": …}, until the input ends."""
    torch.set_num_threads(PAPER.training.threads)
    torch.manual_seed(1)
    network = build_network(PAPER.network).train()
    source = batches(batch_size)
    if bare:
        keep_freed_memory()
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload] # torch's stubs lack it
        source = itertools.repeat(next(source).contiguous(memory_format=torch.channels_last))
    optimiser = torch.optim.Adam(network.parameters(), lr=PAPER.training.learning_rate)
    labels = torch.arange(batch_size) % 2.0

    def train(question: Json) -> Json:
        started = time.perf_counter()
        for batch in itertools.islice(source, int(question["images"]) // batch_size):
            loss = torch.nn.functional.binary_cross_entropy_with_logits(network(batch), labels)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call] # torch gives it no types
            optimiser.step()
        return {"images_per_second": int(question["images"]) / (time.perf_counter() - started)}

    serve(train)


if __name__ == "__main__":
    main(int(sys.argv[1]), bare=sys.argv[2:] == ["bare"])
