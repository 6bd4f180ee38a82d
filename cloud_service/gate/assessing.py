"""Measures a model against the one in service, in a process of its own that knows no database.

What is done is kept line by line in the job's folder, so that a kill at any moment costs one chunk of images.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from cloud_service.allocator import keep_freed_memory
from cloud_service.blob_store import BlobStore
from cloud_service.datasets.materials import MaterialImage
from cloud_service.gate.margins import PARITY_IMAGES
from cloud_service.gate.measured_model import MeasuredModel, speed_of
from cloud_service.gate.reading import LostImageError, read_pixels
from cloud_service.gate.schemas import ParityFigures, TestSetFigures
from cloud_service.gate.signed_images import answer_signed
from cloud_service.gate.work_order import AssessmentOrder, AssessmentOutcome, OrderedModel
from cloud_service.ml.datasets.writing import write_whole
from cloud_service.ml.evaluation.answers import Answers
from cloud_service.ml.evaluation.comparing import AnswersAt, compare
from cloud_service.ml.evaluation.typical import BrokenStatisticsError
from cloud_service.ml.export import ExportError, sample_pixels
from cloud_service.ml.json_lines import JsonLines
from cloud_service.ml.package import ModelPackageError
from cloud_service.ml.runtimes.contract import BrokenModelError
from cloud_service.training.kinds import ORDER_NAME, OUTCOME_NAME, Tell
from cloud_service.training.schemas import TrainingProgress
from shared.errors import PermanentError, UnreadableImageError

CHUNK: Final = 32
"""Images between two lines of what is done: 5 MB of pixels, about a second's work."""
_FAULTS = (ModelPackageError, BrokenStatisticsError, BrokenModelError, ExportError)
"""What is wrong with a model itself: its assessment says so, and the job does not fail by it."""


def assess(folder: Path, blobs: BlobStore, tell: Tell) -> None:
    """Do what the folder's order says, and write its outcome; goes on where an earlier attempt was killed.

    Raises:
        PermanentError: an image of a locked test set is lost, or a model answers one with something that is no number.
        TransientError: the blob store is away, or the disk is full.
    """
    keep_freed_memory()
    order = AssessmentOrder.model_validate_json((folder / ORDER_NAME).read_bytes())
    outcome = _measure(_Bench(order, folder, blobs, tell))
    write_whole(folder / OUTCOME_NAME, outcome.model_dump_json().encode())


@dataclass(frozen=True, slots=True)
class _Bench:
    """What an attempt works with."""

    order: AssessmentOrder
    folder: Path
    blobs: BlobStore
    tell: Tell


def _measure(bench: _Bench) -> AssessmentOutcome:
    order = bench.order
    bench.tell.progress(TrainingProgress(phase="Fetching the models"))
    challenger, challenger_fault = _loaded(bench, order.challenger)
    champion, champion_fault = _loaded(bench, order.champion) if order.champion else (None, None)
    found = {
        "challenger_fault": challenger_fault,
        "champion_fault": champion_fault,
        "champion_size": champion.spec.size if champion else None,
    }
    if challenger is None:
        return AssessmentOutcome(**found)
    bench.tell.progress(TrainingProgress(phase="Comparing the runtimes"))
    parity, parity_fault = _parity(bench, challenger)
    bench.tell.progress(TrainingProgress(phase="Timing the models"))
    speed = speed_of(challenger, champion, threads=order.threads)
    return AssessmentOutcome(
        **found,
        challenger_size=challenger.spec.size,
        trained_on=challenger.package.card.training.data_digest,
        parity=parity,
        parity_fault=parity_fault,
        speed=speed,
        test_sets=[_test_set(bench, number, challenger, champion) for number in range(len(order.test_sets))],
        signed=answer_signed(
            order.cases, bench.blobs, (challenger, champion), _lines(bench, "signed", champion), bench.tell
        ),
    )


def _loaded(bench: _Bench, wanted: OrderedModel) -> tuple[MeasuredModel | None, str | None]:
    """A model that has answered drawn images, or why there is none."""
    order = bench.order
    try:
        model = MeasuredModel.load(
            wanted, bench.blobs, bench.folder / "packages", runtime=order.runtime, threads=order.threads
        )
        model.say(sample_pixels(model.spec.size))
    except _FAULTS as error:
        bench.tell.log(str(error))
        return None, str(error)
    return model, None


def _parity(bench: _Bench, model: MeasuredModel) -> tuple[ParityFigures | None, str | None]:
    some = [image for wanted in bench.order.test_sets[:1] for image in wanted.images[:PARITY_IMAGES]]
    size = model.spec.size
    pixels = [read_pixels(bench.blobs, image.sha256, [model.spec])[model.spec] for image in some]
    try:
        return model.parity(np.array(pixels, dtype=np.uint8).reshape(-1, size, size, 3)), None
    except _FAULTS as error:
        bench.tell.log(str(error))
        return None, str(error)


def _test_set(bench: _Bench, number: int, challenger: MeasuredModel, champion: MeasuredModel | None) -> TestSetFigures:
    wanted = bench.order.test_sets[number]
    models = [challenger] if champion is None else [challenger, champion]
    done = _lines(bench, f"test-set-{number}", champion)
    images = wanted.images
    for start in range(len(done.lines) * CHUNK, len(images), CHUNK):
        done.add(_logits(bench, wanted.name, images[start : start + CHUNK], models))
        bench.tell.progress(
            TrainingProgress(
                phase=f"Measuring on {wanted.name} {wanted.number}",
                done=min(start + CHUNK, len(images)),
                total=len(images),
            )
        )
    ours, *theirs = [
        AnswersAt(_answers(images, [line[place] for line in done.lines]), model.package.card.point)
        for place, model in enumerate(models)
    ]
    return TestSetFigures(
        dataset_id=wanted.dataset_id,
        name=wanted.name,
        number=wanted.number,
        site=wanted.site,
        digest=wanted.digest,
        images=len(images),
        positives=sum(image.is_all for image in images),
        groups=len({image.group for image in images}),
        comparison=compare(ours, *theirs),
    )


def _lines(bench: _Bench, name: str, champion: MeasuredModel | None) -> JsonLines:
    """What was measured so far. Where an attempt could not load the champion, another cannot go on from its lines."""
    return JsonLines(bench.folder / f"{name}-{'alone' if champion is None else 'beside'}.jsonl")


def _logits(
    bench: _Bench, name: str, images: Sequence[MaterialImage], models: Sequence[MeasuredModel]
) -> list[list[float]]:
    """For each model, its logits of some images of a locked test set."""
    specs = {model.spec for model in models}
    try:
        pixels = [read_pixels(bench.blobs, image.sha256, specs) for image in images]
    except (LostImageError, UnreadableImageError) as error:
        raise PermanentError(
            f"The locked test set {name!r} is no longer whole: {error} Restore the blob store, or import the set again."
        ) from error
    return [model.logits(np.stack([found[model.spec] for found in pixels])) for model in models]


def _answers(images: Sequence[MaterialImage], chunks: Sequence[Sequence[float]]) -> Answers:
    return Answers(
        logits=np.array([logit for chunk in chunks for logit in chunk], dtype=np.float64),
        labels=np.array([image.is_all for image in images], dtype=np.float64),
        groups=np.array([image.group for image in images], dtype=np.str_),
        features=np.zeros((len(images), 0), dtype=np.float32),
    )
