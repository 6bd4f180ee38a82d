"""A training in its own process: images from the blob store, then `run_training` as it is, telling how far it is."""

import math
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from cloud_service.blob_store import BlobStore
from cloud_service.datasets.materials import MaterialImage, MaterialOrder, materialise
from cloud_service.ml.datasets.writing import write_whole
from cloud_service.ml.package import ModelPackage, load_package
from cloud_service.ml.packaging import CardTexts
from cloud_service.ml.training.checkpoint import history_of
from cloud_service.ml.training.records import EpochRecord, Step
from cloud_service.ml.training.run import CHECKPOINT_NAME, PACKAGE_NAME, Listener, RunOptions, run_training
from cloud_service.ml.training.team import joined_team
from cloud_service.registry.versions import keep_package
from cloud_service.training.folders import RUN_NAME
from cloud_service.training.kinds import OUTCOME_NAME, Tell
from cloud_service.training.schemas import TrainingProgress
from cloud_service.training.train_job import DATA_NAME, TrainOrder, TrainOutcome
from shared.errors import PermanentError

TELL_SECONDS = 1.0
"""Progress within an epoch is told so often at most."""


def train(order: TrainOrder, folder: Path, blobs: BlobStore, tell: Tell) -> None:
    """Do what an order says; go on where an earlier attempt was killed. Under torchrun, in each of its processes.

    Raises:
        PermanentError: the data or the recipe do not allow it, or the loss is no longer a number.
        TransientError: the blob store is away, or the disk is full.
    """
    watch = Watch(tell, order.recipe.training.epochs)
    run = folder / RUN_NAME
    with joined_team(order.recipe.training.device) as team:
        if team.leads:
            images = joined_images(order.materials)
            materialise(
                images, blobs, folder / DATA_NAME, lambda done: watch.counted("Fetching images", done, len(images))
            )
            _clear_what_did_not_begin(run)
        team.wait()
        package = _trained(order, folder / DATA_NAME, run, watch if team.leads else None)
        if team.leads:
            record = package.card.training
            outcome = TrainOutcome(
                digest=package.digest,
                package_sha256=keep_package(blobs, package.directory).sha256,
                epochs=len(history_of(run / CHECKPOINT_NAME)),
                chosen_epoch=record.chosen_epoch,
            )
            write_whole(folder / OUTCOME_NAME, outcome.model_dump_json().encode())


def joined_images(materials: Sequence[MaterialOrder]) -> list[MaterialImage]:
    """The images of several data sets as one, each file once.

    One data set alone stays as it is, and so does its digest. Groups keep their names: the images of one patient stay
    together whichever data set holds them.

    Raises:
        PermanentError: the data sets disagree on the label of an image.
    """
    if len(materials) == 1:
        return materials[0].images
    kept: dict[str, MaterialImage] = {}
    for material in materials:
        for image in material.images:
            other = kept.setdefault(image.sha256, _renamed(image, material))
            if other.is_all != image.is_all:
                raise PermanentError(
                    f"{image.name} of {material.name!r} is the same file as {other.name}, and their labels differ. "
                    "Find out which is right, mend the other data set, and train on its new version."
                )
    return list(kept.values())


def _renamed(image: MaterialImage, material: MaterialOrder) -> MaterialImage:
    return image.model_copy(update={"name": f"{material.name} {material.number}/{image.name}"})


def _clear_what_did_not_begin(run: Path) -> None:
    """A run without a checkpoint was killed before its first step: there is nothing to go on from."""
    if run.exists() and not (run / CHECKPOINT_NAME).exists():
        shutil.rmtree(run)


def _trained(order: TrainOrder, data: Path, run: Path, watch: "Watch | None") -> ModelPackage:
    goes_on = (run / CHECKPOINT_NAME).exists()
    if (run / PACKAGE_NAME).exists():
        return load_package(run / PACKAGE_NAME)
    if goes_on and watch is not None:
        watch.went_on(history_of(run / CHECKPOINT_NAME))
    return run_training(
        data,
        run,
        order.recipe,
        CardTexts(data=order.data, name=order.model_name, version=order.model_version),
        watch.listener() if watch is not None else None,
        RunOptions(allow_leaks=order.allow_leaks, resume=goes_on),
    )


class Watch:
    """Tells of a training: each epoch at once, all else once a second.

    Args:
        tell: to whom.
        epochs: of the training, at most.
        clock: seconds, from any beginning.
    """

    def __init__(self, tell: Tell, epochs: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._tell = tell
        self._epochs = epochs
        self._clock = clock
        self._told_at = -TELL_SECONDS
        self._images = self._read = 0
        self._metrics: dict[str, float] = {}
        self._epoch_seconds: list[float] = []  # of the epochs that this process has made
        self._began_at = clock()  # the epoch that is under way
        self._at_first_step = 0.0  # when its first step was done

    def listener(self) -> Listener:
        """What a run calls."""
        return Listener(
            on_images=self._on_images, on_image=self._on_image, on_step=self._on_step, on_epoch=self._on_epoch
        )

    def went_on(self, history: Sequence[EpochRecord]) -> None:
        """Tell of the epochs of earlier attempts: a kill may have come before they were heard."""
        for record in history:
            self._tell.epoch(record)
        self._tell.log(f"Goes on after epoch {len(history)}.")

    def counted(self, phase: str, done: int, total: int) -> None:
        """So much of a phase is done."""
        if done == total or self._is_time():
            self._tell.progress(TrainingProgress(phase=phase, done=done, total=total, epochs=self._epochs))

    def _on_images(self, count: int) -> None:
        self._images = count

    def _on_image(self) -> None:
        self._read += 1
        self.counted("Reading images", self._read, self._images)
        if self._read == self._images:
            self._began_at = self._clock()

    def _on_step(self, step: Step) -> None:
        if step.number == 1:
            self._at_first_step = self._clock()
        if step.number == step.steps:
            self._tell.progress(self._progress("Validating", step, seconds_left=self._seconds_left(step)))
        elif self._is_time():
            self._tell.progress(self._progress("Training", step, seconds_left=self._seconds_left(step)))

    def _on_epoch(self, record: EpochRecord) -> None:
        now = self._clock()
        self._epoch_seconds.append(now - self._began_at)
        self._began_at = now
        self._metrics = {
            "validation_loss": record.validation_loss,
            "validation_accuracy": record.validation_accuracy,
        }
        self._tell.epoch(record)
        left = self._epochs - record.epoch
        self._tell.progress(
            TrainingProgress(
                phase="Training" if left else "Measuring and packing",
                epoch=record.epoch,
                epochs=self._epochs,
                loss=record.training_loss,
                metrics=self._metrics,
                images_per_second=record.images_per_second,
                seconds_left=left * _mean(self._epoch_seconds),
            )
        )
        self._tell.log(
            f"epoch {record.epoch}: training loss {record.training_loss:.4f}, validation loss "
            f"{record.validation_loss:.4f}, validation accuracy {record.validation_accuracy:.1%}, "
            f"{record.images_per_second:.0f} images/s, {record.seconds:.0f} s"
        )

    def _progress(self, phase: str, step: Step, *, seconds_left: float | None) -> TrainingProgress:
        spent, loss = self._clock() - self._at_first_step, step.loss.item()
        return TrainingProgress(
            phase=phase,
            done=step.number,
            total=step.steps,
            epoch=step.epoch,
            epochs=self._epochs,
            loss=loss if math.isfinite(loss) else None,  # JSON has no word for it; the epoch's end refuses it
            metrics=self._metrics,
            images_per_second=(step.number - 1) * step.images / spent if step.number > 1 and spent > 0 else None,
            seconds_left=seconds_left,
        )

    def _seconds_left(self, step: Step) -> float | None:
        """Of all epochs, by those that are done; in the first one by its steps."""
        spent = self._clock() - self._began_at
        whole = _mean(self._epoch_seconds) if self._epoch_seconds else spent * step.steps / step.number
        return max((self._epochs - step.epoch + 1) * whole - spent, 0.0)

    def _is_time(self) -> bool:
        now = self._clock()
        if now - self._told_at < TELL_SECONDS:
            return False
        self._told_at = now
        return True


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
