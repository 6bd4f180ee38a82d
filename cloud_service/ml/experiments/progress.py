"""An experiment's progress on the terminal."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from cloud_service.ml.experiments.plan import Arm
from cloud_service.ml.experiments.running import ExperimentListener
from cloud_service.ml.training.loop import EpochRecord


@contextmanager
def shown_experiment(run_word: str) -> Iterator[ExperimentListener]:
    """Shows bars for the reading of images and the epochs on standard error, and a line for each run.

    Args:
        run_word: what a run is called, run or fold.
    """
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        reading = progress.add_task("Reading images", total=None, visible=False)
        training = progress.add_task("Training", total=None, visible=False)

        def on_images(count: int) -> None:
            progress.reset(reading, total=count, visible=True)

        def on_run(arm: Arm, run: int, epochs: int | None) -> None:
            state = "is there already" if epochs is None else "trains"
            progress.console.print(f"{arm.title}, {run_word} {run} {state}", highlight=False)
            progress.reset(training, total=epochs, visible=epochs is not None)

        def on_epoch(record: EpochRecord) -> None:
            progress.update(
                training,
                completed=record.epoch,
                description=f"Training (validation loss {record.validation_loss:.3f}, "
                f"accuracy {record.validation_accuracy:.1%}, {record.images_per_second:.0f} images/s)",
            )

        yield ExperimentListener(
            on_images=on_images, on_image=lambda: progress.advance(reading), on_run=on_run, on_epoch=on_epoch
        )
