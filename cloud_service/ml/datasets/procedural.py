"""A data set of procedural smears in any layout."""

import csv
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, Protocol

from cloud_service.ml.datasets import procedural_layouts as layouts
from cloud_service.ml.datasets.reading import MANIFEST_NAME, Layout
from cloud_service.ml.datasets.samples import DatasetError
from cloud_service.ml.synthetic.dataset import Kind, write_dataset

FIELD_SIZE: Final = (1296, 972)
"""Half of the camera's 2592 x 1944: after resizing to the network's input they look the same, and they are drawn
in a third of the time."""

CROP_SIZE: Final = (257, 257)

_SIZES: Final[dict[Kind, tuple[int, int]]] = {"crop": CROP_SIZE, "field": FIELD_SIZE}


class _Writer(Protocol):
    def __call__(self, directory: Path, count: int, seed: int, *, size: tuple[int, int]) -> None: ...


_WRITERS: Final[dict[Layout, tuple[Kind, _Writer]]] = {
    Layout.ALL_IDB1: ("field", layouts.write_all_idb1),
    Layout.ALL_IDB2: ("crop", layouts.write_all_idb2),
    Layout.C_NMC: ("crop", layouts.write_c_nmc),
    Layout.CLASS_FOLDERS: ("crop", layouts.write_class_folders),
}


def kinds_of(layout: Layout) -> tuple[Kind, ...]:
    """What kinds of images a procedural data set of this layout holds."""
    return ("crop", "field") if layout is Layout.MANIFEST else (_WRITERS[layout][0],)


def synthesise(
    directory: Path,
    counts: Mapping[Kind, int],
    seed: int,
    on_kind: Callable[[Kind], None],
    *,
    layout: Layout = Layout.MANIFEST,
    sizes: Mapping[Kind, tuple[int, int]] | None = None,
) -> None:
    """Draws a data set into `directory`, arranged as `layout` says. The same arguments give the same pixels.

    Half of the images of each kind show ALL. An image with ALL and one without share stain, light and density, and with
    them a group where the layout has groups.

    Args:
        directory: made where it is missing; must hold no data set yet.
        counts: how many images of each kind; for each layout but the manifest, of the one kind that it has.
        seed: decides everything.
        on_kind: called before each kind is drawn.
        layout: for the manifest, a folder for each kind and one manifest.csv with path, label, group and kind.
        sizes: width and height of each kind's images; by default 257 x 257 crops and `FIELD_SIZE` fields.

    Raises:
        DatasetError: the folder holds something already or cannot be written, the layout has no such kind, or it is
            asked for less than one image of each label.
    """
    kinds = kinds_of(layout)
    if not counts or not set(counts) <= set(kinds):
        raise DatasetError(f"The layout {layout} holds {' and '.join(kinds)} images; {dict(counts)} were asked for.")
    if min(counts.values()) < 2:  # noqa: PLR2004 - the two labels
        raise DatasetError(f"A data set needs two images of each kind, one of each label; not {dict(counts)}.")
    if directory.is_dir() and any(directory.iterdir()):
        raise DatasetError(f"{directory} holds something already; name another folder.")
    draft = directory.with_name(f".{directory.name}.part")
    try:
        shutil.rmtree(draft, ignore_errors=True)  # what a stopped run left
        draft.mkdir(parents=True)
        for kind, count in counts.items():
            on_kind(kind)
            size = (sizes or _SIZES)[kind]
            if layout is Layout.MANIFEST:
                _add_to_manifest(draft, kind, count, seed, size)
            else:
                _WRITERS[layout][1](draft, count, seed, size=size)
        draft.replace(directory)
    except OSError as error:
        shutil.rmtree(draft, ignore_errors=True)
        raise DatasetError(
            f"{directory} cannot be written: {error.strerror}. Free some space or name another folder."
        ) from error


def _add_to_manifest(directory: Path, kind: Kind, count: int, seed: int, size: tuple[int, int]) -> None:
    """Draws the images of one kind into a folder of their own, and appends them to the one manifest."""
    part = write_dataset(directory / kind, kind, count, seed, size=size)
    manifest = directory / MANIFEST_NAME
    new = not manifest.exists()
    with part.open(encoding="utf-8", newline="") as lines, manifest.open("a", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        if new:
            writer.writerow(("path", "label", "group", "kind"))
        for row in csv.DictReader(lines):
            writer.writerow((f"{kind}/{row['path']}", row["label"], f"{kind}-{row['group']}", kind))
    part.unlink()  # the one manifest says all that it said
