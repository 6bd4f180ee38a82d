"""An evaluation's progress on the terminal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress


@contextmanager
def shown_reading() -> Iterator[tuple[Callable[[int], None], Callable[[], None]]]:
    """Shows a bar for the reading of images on standard error; gives what to tell the count and each image."""
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("Reading images", total=None)
        yield lambda count: progress.update(task, total=count), lambda: progress.advance(task)
