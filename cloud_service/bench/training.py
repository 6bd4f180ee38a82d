"""Training throughput, against the loop that a first script would have (plain_training.py).

The two take turns, each in a process of its own, since the allocator's setting holds for a whole process.
"""

from collections.abc import Callable

import torch

from cloud_service.bench.progress import tell
from cloud_service.bench.result import BenchResult, Table
from cloud_service.bench.servant import Servant
from cloud_service.bench.spread import by_turns
from cloud_service.ml.runtimes.speed import some_pixels
from cloud_service.ml.training.loop import EpochRecord, LabelledPixels, train
from cloud_service.ml.training.presets import MODERN, PAPER
from cloud_service.ml.training.settings import Recipe

PLAIN = "plain loop: eager, NCHW, Pillow, default allocator"
BARE = "eager steps alone, channels_last, allocator set"
_MODULE = "cloud_service.bench.plain_training"
RECIPES = {"recipe paper": PAPER, "recipe modern": MODERN}
BATCHES = (PAPER.training.batch_size, 32)
"""The recipes' own, and a larger one, whose memory the default allocator gives back and takes anew at every step."""


def bench_training(*, rounds: int, images: int = 96) -> BenchResult:
    """Images a second of one epoch by each recipe, with everything that training does in it.

    Args:
        rounds: that count; one before them grows the memory.
        images: in each round, at least the largest batch.
    """
    tables = tuple(_speeds(batch_size, images, rounds) for batch_size in BATCHES)
    most = max(table.figure(BARE).value.median for table in tables)
    return BenchResult(
        name="train",
        title=f"Training the SE-CNN at 224 x 224, {PAPER.training.threads} threads",
        tables=tables,
        limit=f"{most:.0f} images/s of torch's own steps over one batch that lies ready; our training pass is another.",
    )


def _speeds(batch_size: int, images: int, rounds: int) -> Table:
    def ours(recipe: Recipe) -> Callable[[], float]:
        return lambda: _our_speed(recipe, batch_size, images)

    def theirs(servant: Servant) -> Callable[[], float]:
        return lambda: float(servant.ask({"images": images})["images_per_second"])

    tell(f"Batches of {batch_size}")
    with Servant(_MODULE, str(batch_size)) as plain, Servant(_MODULE, str(batch_size), "bare") as bare:
        measures = {PLAIN: theirs(plain), BARE: theirs(bare)}
        measures |= {name: ours(recipe) for name, recipe in RECIPES.items()}
        found = by_turns(measures, rounds)
    return Table.of(f"Batches of {batch_size}", "images/s", found, baseline=PLAIN)


def _our_speed(recipe: Recipe, batch_size: int, images: int) -> float:
    found: list[EpochRecord] = []
    pixels = torch.from_numpy(some_pixels(images))
    data = LabelledPixels(pixels, torch.arange(len(pixels)) % 2.0)
    few = LabelledPixels(pixels[:2], data.labels[:2])
    changes = {"epochs": 1, "batch_size": batch_size, "batch_norm_images": 0, "device": "cpu"}
    settings = recipe.training.model_copy(update=changes)
    train(data, few, recipe.model_copy(update={"training": settings}), found.append)
    return found[0].images_per_second
