"""A training run's progress on the terminal."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from cloud_service.ml.training.loop import EpochRecord
from cloud_service.ml.training.run import Listener


@contextmanager
def shown_progress(epochs: int) -> Iterator[Listener]:
    """Shows bars for the reading of images and for the epochs on standard error, and a line for each epoch."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        reading = progress.add_task("Reading images", total=None)
        training = progress.add_task("Training", total=epochs, start=False)

        def on_epoch(record: EpochRecord) -> None:
            progress.console.print(
                f"epoch {record.epoch}: training loss {record.training_loss:.4f}, validation loss "
                f"{record.validation_loss:.4f}, validation accuracy {record.validation_accuracy:.1%}, "
                f"{record.images_per_second:.0f} images/s, {record.seconds:.0f} s",
                highlight=False,
                soft_wrap=True,
            )
            progress.start_task(training)
            progress.update(training, completed=record.epoch)  # a run that goes on starts in the middle

        yield Listener(
            on_images=lambda count: progress.update(reading, total=count),
            on_image=lambda: progress.advance(reading),
            on_epoch=on_epoch,
        )
