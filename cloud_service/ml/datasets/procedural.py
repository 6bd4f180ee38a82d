"""A data set of procedural smears: crops and fields together, under one manifest."""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal

from cloud_service.ml.datasets.reading import MANIFEST_NAME
from cloud_service.ml.datasets.samples import DatasetError
from cloud_service.ml.synthetic.dataset import write_dataset

Kind = Literal["crop", "field"]

FIELD_SIZE: Final = (1296, 972)
"""Half of the camera's 2592 x 1944: after resizing to the network's input they look the same, and they are drawn
in a third of the time."""


def synthesise(directory: Path, counts: dict[Kind, int], seed: int, on_kind: Callable[[Kind], None]) -> None:
    """Draws a data set into `directory`: a folder for each kind and one manifest.csv with path, label, group and kind.

    Half of the images of each kind show ALL. An image with ALL and one without share stain, light and density, and with
    them a group. The same arguments give the same pixels.

    Args:
        directory: made where it is missing; must hold no manifest yet.
        counts: how many images of each kind.
        seed: decides everything.
        on_kind: called before each kind is drawn.

    Raises:
        DatasetError: the folder holds a data set already, or a count is below 1.
    """
    manifest = directory / MANIFEST_NAME
    if manifest.exists():
        raise DatasetError(f"{directory} holds a data set already; name another folder.")
    if not counts or min(counts.values()) < 1:
        raise DatasetError(f"A data set needs at least one image of each kind; {counts} were asked for.")
    lines = []
    for kind, count in counts.items():
        on_kind(kind)
        part = write_dataset(directory / kind, kind, count, seed, size=FIELD_SIZE if kind == "field" else None)
        with part.open(encoding="utf-8", newline="") as file:
            lines += [
                (f"{kind}/{row['path']}", row["label"], f"{kind}-{row['group']}", kind) for row in csv.DictReader(file)
            ]
        part.unlink()  # the one manifest below says all that it said
    with manifest.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("path", "label", "group", "kind"))
        writer.writerows(lines)
