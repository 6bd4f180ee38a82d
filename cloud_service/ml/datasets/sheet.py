"""A sheet of pictures that shows what a data set looks like: some of each class, and its duplicates."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from cloud_service.ml.datasets.inspection import Duplicates, Inspection
from cloud_service.ml.datasets.samples import Sample
from shared.imaging.decode import open_image
from shared.wording import counted

COLUMNS: Final = 10
_SIDE: Final = 150
_GAP: Final = 6
_MARGIN: Final = 18
_HEADING: Final = 30
_MOST_CLASSES: Final = 12
_MOST_DUPLICATES: Final = 8
_PAPER: Final = (255, 255, 255)
_INK: Final = (32, 32, 32)
_WRONG: Final = (213, 94, 0)  # vermilion, which the colour-blind tell from the ink

Row = tuple[str, Sequence[Path], bool]
"""A heading, the images below it, and whether something is wrong with them."""


def draw_sheet(inspection: Inspection, samples: Sequence[Sample], name: str | None = None) -> bytes:
    """Draws up to ten images of each class, spread evenly over the data set, then up to eight sets of duplicates.

    Args:
        inspection: what was found; the images that it calls unreadable are left out.
        samples: the data set.
        name: what people call it; by default the name of its folder.

    Returns:
        A PNG file.

    Raises:
        UnreadableImageError: an image that was readable no longer is.
        OSError: an image has gone.
    """
    root = Path(inspection.root)
    unreadable = {root / file.path for file in inspection.unreadable}
    rows = _class_rows(inspection, [sample for sample in samples if sample.path not in unreadable])
    rows += [_duplicate_row(root, same) for same in inspection.duplicates[:_MOST_DUPLICATES]]
    width = 2 * _MARGIN + COLUMNS * (_SIDE + _GAP) - _GAP
    sheet = Image.new("RGB", (width, 2 * _MARGIN + _HEADING + len(rows) * (_HEADING + _SIDE + _GAP)), _PAPER)
    pen = ImageDraw.Draw(sheet)
    images, groups = counted(inspection.images, "image"), counted(inspection.groups.count, "group")
    title = f"{name or root.name}: {inspection.layout}, {images}, {groups}"
    pen.text((_MARGIN, _MARGIN), title, _INK, ImageFont.load_default(20))
    for index, (heading, paths, is_wrong) in enumerate(rows):
        top = _MARGIN + _HEADING + index * (_HEADING + _SIDE + _GAP)
        pen.text((_MARGIN, top + 8), heading, _WRONG if is_wrong else _INK, ImageFont.load_default(15))
        for column, path in enumerate(paths[:COLUMNS]):
            _paste(sheet, path, (_MARGIN + column * (_SIDE + _GAP), top + _HEADING))
    return _png(sheet)


def _class_rows(inspection: Inspection, samples: Sequence[Sample]) -> list[Row]:
    rows: list[Row] = []
    for one in inspection.classes[:_MOST_CLASSES]:
        own = [sample.path for sample in samples if (sample.class_name, sample.is_all) == (one.name, one.is_all)]
        chosen = np.linspace(0, len(own) - 1, min(COLUMNS, len(own))).round().astype(int)
        label = "ALL" if one.is_all else "not ALL"
        rows.append((f"{one.name} ({label}), {counted(one.images, 'image')}", [own[index] for index in chosen], False))
    return rows


def _duplicate_row(root: Path, same: Duplicates) -> Row:
    what = "Same file" if same.likeness == "exact" else "Look the same"
    across = ", labelled ALL and not ALL" if same.crosses_labels else ""
    return f"{what}{across}: {len(same.paths)} images", [root / path for path in same.paths], same.crosses_labels


def _paste(sheet: Image.Image, path: Path, corner: tuple[int, int]) -> None:
    """Puts an image, its aspect ratio kept, into the middle of its square."""
    image = open_image(path, draft_edge=_SIDE)
    image.thumbnail((_SIDE, _SIDE), Image.Resampling.LANCZOS)
    sheet.paste(image, (corner[0] + (_SIDE - image.width) // 2, corner[1] + (_SIDE - image.height) // 2))


def _png(sheet: Image.Image) -> bytes:
    file = io.BytesIO()
    sheet.save(file, "PNG")
    return file.getvalue()
