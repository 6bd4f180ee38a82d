"""What two models say of images of signed cases."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from cloud_service.blob_store import BlobStore
from cloud_service.gate.measured_model import MeasuredModel
from cloud_service.gate.reading import LostImageError, read_pixels
from cloud_service.gate.work_order import OrderedCase, OrderedImage, Said, SignedAnswer
from cloud_service.ml.json_lines import JsonLines
from cloud_service.ml.runtimes.contract import Pixels
from cloud_service.training.kinds import Tell
from cloud_service.training.schemas import TrainingProgress
from shared.errors import UnreadableImageError

CHUNK: Final = 16
_Models = tuple[MeasuredModel, MeasuredModel | None]


def answer_signed(
    cases: Sequence[OrderedCase], blobs: BlobStore, models: _Models, done: JsonLines, tell: Tell
) -> list[SignedAnswer]:
    """The answers of challenger and champion on every image, as they are served.

    Where the champion itself has answered an image when it came, that answer is taken.

    Args:
        cases: with their images.
        blobs: where these are kept.
        models: the challenger, and the champion where there is one.
        done: of earlier attempts, a line a chunk; goes on behind these.
        tell: who is told how far it is.

    Raises:
        BrokenModelError: an answer is no number.
        TransientError: the blob store is away, or the disk is full.
    """
    images = [image for case in cases for image in case.images]
    for start in range(len(done.lines) * CHUNK, len(images), CHUNK):
        answers = _answer_some(images[start : start + CHUNK], blobs, models)
        done.add([answer.model_dump(mode="json") for answer in answers])
        reached = min(start + CHUNK, len(images))
        tell.progress(TrainingProgress(phase="Looking at signed cases", done=reached, total=len(images)))
    return [SignedAnswer.model_validate(answer) for line in done.lines for answer in line]


def _answer_some(images: Sequence[OrderedImage], blobs: BlobStore, models: _Models) -> list[SignedAnswer]:
    challenger, champion = models
    pixels: dict[int, tuple[Pixels, Pixels | None]] = {}
    faults: dict[int, str] = {}
    for number, image in enumerate(images):
        specs = [model.spec for model in models if model is not None]
        try:
            found = read_pixels(blobs, image.sha256, specs)
        except (LostImageError, UnreadableImageError) as error:
            faults[number] = str(error)
            continue
        pixels[number] = (found[challenger.spec], found[champion.spec] if champion else None)
    ours = dict(zip(pixels, challenger.say(_stack([pair[0] for pair in pixels.values()], challenger)), strict=True))
    theirs = _champions(images, {number: pair[1] for number, pair in pixels.items()}, champion)
    return [
        SignedAnswer(
            capture_id=image.capture_id,
            challenger=ours.get(number),
            champion=theirs.get(number),
            fault=faults.get(number),
        )
        for number, image in enumerate(images)
    ]


def _champions(
    images: Sequence[OrderedImage], pixels: dict[int, Pixels | None], champion: MeasuredModel | None
) -> dict[int, Said]:
    if champion is None:
        return {}
    given = {number: image.champion for number, image in enumerate(images) if number in pixels and image.champion}
    missing = {number: found for number, found in pixels.items() if number not in given and found is not None}
    return given | dict(zip(missing, champion.say(_stack(list(missing.values()), champion)), strict=True))


def _stack(pixels: Sequence[Pixels], model: MeasuredModel) -> Pixels:
    size = model.spec.size
    return np.array(pixels, dtype=np.uint8).reshape(-1, size, size, 3)
