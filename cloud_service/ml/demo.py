"""The demo model: made by the project's own commands from nothing but a seed, and without clinical meaning."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from cloud_service.ml.datasets.procedural import synthesise
from cloud_service.ml.model_card import NO_CLINICAL_MEANING
from cloud_service.ml.package import ModelPackage
from cloud_service.ml.packaging import CardTexts
from cloud_service.ml.synthetic.dataset import Kind
from cloud_service.ml.training.run import Listener, run_training
from cloud_service.ml.training.settings import AugmentationPreset, Recipe, TrainingSettings

SEED: Final = 1
COUNTS: Final[dict[Kind, int]] = {"crop": 480, "field": 480}
RECIPE: Final = Recipe(
    training=TrainingSettings(epochs=12, schedule="cosine", augmentation=AugmentationPreset.SQUARE, seed=SEED)
)
TEXTS: Final = CardTexts(
    name="demo",
    version="1",
    data=(
        f"{COUNTS['crop']} crops (257 x 257) and {COUNTS['field']} whole fields (1296 x 972) drawn by this project's "
        f"procedural smear generator from seed {SEED}; half of each with lymphoblasts. No image of real blood."
    ),
    intended_use="Showing and testing that Smearflow works from the microscope to the clinician.",
    limits=(
        "Has never seen real blood: on a real image its answer is a number without meaning.",
        "The held-out images come from the generator that drew the training images, with other seeds.",
        "So the figures say how well the generator's own rules were learnt, and nothing more.",
        "Its flag for images that are no such smears was tried on drawn pictures only (flag_rates).",
    ),
    clinical_meaning=NO_CLINICAL_MEANING,
)


def make_demo(out: Path, on_kind: Callable[[Kind], None], listener: Listener) -> ModelPackage:
    """Draws the data, trains, measures and exports: `out`/data, `out`/metrics.jsonl and the package `out`/model.

    About seven minutes on two idle cores. The same seed gives the same data anywhere; on another kind of processor
    the last digits of the weights may differ, and with them the digests.

    Args:
        out: a folder that holds no earlier run.
        on_kind: called before the images of a kind are drawn.
        listener: told of the training's progress.

    Raises:
        DatasetError: `out` holds data already.
        TrainingError: `out` holds an earlier run.
    """
    synthesise(out / "data", COUNTS, SEED, on_kind)
    return run_training(out / "data", out, RECIPE, TEXTS, listener)
