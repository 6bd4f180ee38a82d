"""Whether an engine answers as ONNX Runtime does: nothing else lets it into service."""

import io
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import BaseModel, ConfigDict, Field

from cloud_service.ml.engines.precision import Precision
from cloud_service.ml.model_card import MOST_MEAN_DIFFERENCE, ModelCard
from cloud_service.ml.runtimes.contract import Pixels, Predictions
from cloud_service.ml.synthetic.dataset import image_seed, paired_label, render
from shared.imaging.preprocess import PreprocessSpec, preprocess

MOST_DIFFERENCE = {Precision.FLOAT32: 0.001, Precision.FLOAT16: 0.01, Precision.INT8: 0.1}
"""By how much a probability may differ from float32's. In float32 too GPUs round to 10 bits in between (TF32); of
eight bits the largest difference seen on a CPU was 0.1, where no label changed (decision 25)."""

_UNSURE = 0.499  # distance from 0.5
_CROPS, _FIELDS = 32, 4
_FIELD_SIZE = (648, 486)  # a quarter of a camera's, as drawing takes a second and preprocessing shrinks it anyway
_SEED = 36  # of a data set of its own; no network is trained on it


class ParityReport(BaseModel):
    """How an engine answered beside ONNX Runtime in float32, over all its batch sizes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    images: int = Field(ge=1)
    batch_sizes: tuple[int, ...]
    changed_decisions: int = Field(ge=0, description="Answers on the other side of the threshold.")
    largest_difference: float = Field(description="Of the probability.")
    mean_difference: float
    most_allowed: float = Field(description="Of the largest.")
    unsure_images: int = Field(description="Whose probability is not so near to 0 or 1 that no difference could show.")
    largest_difference_of_maps: float | None = Field(description="As a share of the strongest place; null: no maps.")

    @property
    def is_passed(self) -> bool:
        """Whether decisions are identical and probabilities within their bounds; NaN is within none."""
        within = self.largest_difference <= self.most_allowed and self.mean_difference <= MOST_MEAN_DIFFERENCE
        return within and self.changed_decisions == 0

    @property
    def in_words(self) -> str:
        """For people."""
        sizes = ", ".join(map(str, self.batch_sizes))
        return (
            f"on {self.images} images ({self.unsure_images} with a probability within 0.001 to 0.999) in batches of "
            f"{sizes}, {self.changed_decisions} decisions differ from ONNX Runtime's, and probabilities by "
            f"{self.largest_difference:.2g} at most (allowed: none, and {self.most_allowed:g}) and "
            f"{self.mean_difference:.2g} on average (allowed: {MOST_MEAN_DIFFERENCE:g})"
        )


def calibration_pixels(spec: PreprocessSpec, *, crops: int = _CROPS, fields: int = _FIELDS) -> Pixels:
    """Drawn cells and fields, half of them with blasts, as the model sees them: (crops + fields, size, size, 3) uint8.

    A worker has no data set at hand, and patients' images are not for this. `smearflow model build-engine --images`
    adds real ones.
    """
    kinds = [("crop", None)] * crops + [("field", _FIELD_SIZE)] * fields
    drawn = [
        render("crop" if kind == "crop" else "field", image_seed(_SEED, number // 2), paired_label(number), size).image
        for number, (kind, size) in enumerate(kinds)
    ]
    return np.stack([preprocess(_as_file(image), spec) for image in drawn])


def compare(
    predict: Callable[[Pixels], Predictions],
    reference: Callable[[Pixels], Predictions],
    pixels: Pixels,
    *,
    card: ModelCard,
    precision: Precision,
    batch_sizes: tuple[int, ...],
) -> ParityReport:
    """Ask the engine and ONNX Runtime about the same images, the engine in batches of each of its sizes.

    Args:
        predict: the engine's answers to a batch, which is as long as one of its sizes.
        reference: ONNX Runtime's, in float32.
        pixels: (N, size, size, 3) uint8, N of at least 1.
        card: for its threshold.
        precision: of the engine.
        batch_sizes: those that the engine has.
    """
    expected = _in_batches(reference, pixels, 1)
    rows = [_in_batches(predict, pixels, most) for most in batch_sizes]
    difference = np.stack([np.abs(found.probabilities - expected.probabilities) for found in rows])
    decided = expected.probabilities >= card.threshold
    changed = sum(int(np.count_nonzero((found.probabilities >= card.threshold) != decided)) for found in rows)
    return ParityReport(
        images=len(pixels),
        batch_sizes=batch_sizes,
        changed_decisions=changed,
        largest_difference=float(difference.max()),
        mean_difference=float(difference.mean()),
        unsure_images=int(np.count_nonzero(np.abs(expected.probabilities - 0.5) < _UNSURE)),
        most_allowed=MOST_DIFFERENCE[precision],
        largest_difference_of_maps=max((_map_difference(found, expected) for found in rows), default=0.0)
        if expected.attention is not None
        else None,
    )


def _in_batches(predict: Callable[[Pixels], Predictions], pixels: Pixels, length: int) -> Predictions:
    """The answers to all images, asked in batches of just this length; the last is filled up from the beginning."""
    count = len(pixels)
    order = np.arange(-(-count // length) * length) % count
    found = Predictions.joined([predict(pixels[part]) for part in order.reshape(-1, length)])
    return Predictions(found.probabilities[:count], None if found.attention is None else found.attention[:count])


def _map_difference(found: Predictions, expected: Predictions) -> float:
    if found.attention is None or expected.attention is None:
        return float("nan")
    strongest = np.maximum(np.abs(expected.attention).max(axis=(1, 2)), np.finfo(np.float32).tiny)
    return float((np.abs(found.attention - expected.attention).max(axis=(1, 2)) / strongest).max())


def _as_file(image: NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return file.getvalue()
