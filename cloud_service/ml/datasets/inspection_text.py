"""A data set's inspection as a person reads it in a terminal."""

from collections.abc import Iterable, Sequence
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cloud_service.ml.datasets.inspection import Duplicates, GroupSummary, Inspection
from shared.wording import counted

_MOST_SHOWN: Final = 10


def show_inspection(inspection: Inspection, console: Console) -> None:
    """Prints what was found; of long lists the first ten, as --json has them all."""
    groups = inspection.groups
    _say(console, f"{inspection.root}: layout {inspection.layout}, {counted(inspection.images, 'image')}")
    _say(console, f"With ALL {inspection.with_all}, without {inspection.without}")
    _say(
        console,
        f"{counted(groups.count, 'group')} of {_sizes(groups)}, {groups.with_both_labels} of them with both labels",
    )
    if inspection.marked_blasts:
        _say(console, f"{inspection.marked_blasts} blasts are marked by their centre")
    console.print(_table(("Class", "Label", "Images", "Share"), _class_rows(inspection)))
    if len(inspection.kinds) > 1:
        console.print(_table(("Kind", "Images"), inspection.kinds.items()))
    _show_sizes(inspection, console)
    if inspection.predictors:
        rows = [(one.name, f"{one.mixed:.3f}", f"{one.grouped:.3f}", one.folds) for one in inspection.predictors]
        console.print(_table(("What alone predicts the class", "mixed", "grouped", "Folds"), rows))
        _say(console, "Balanced accuracies; 0.5 is chance. Grouped: whole groups held out.")
    bad = [(file.path, file.reason) for file in inspection.unreadable]
    _show_list("unreadable images", ("Unreadable", "Reason"), bad, console)
    same = [_duplicate_row(one) for one in inspection.duplicates]
    _show_list("sets of duplicates", ("Duplicates", "Images", "Across", "Such as"), same, console)
    if inspection.leaks is not None and not inspection.leaks:
        _say(console, "The parts of the split share no group, file or picture.")
    for warning in inspection.warnings:
        _say(console, f"Mind: {warning}")


def _say(console: Console, line: str) -> None:
    console.print(Text(line))  # brackets in a file's name are no mark-up


def _class_rows(inspection: Inspection) -> list[tuple[object, ...]]:
    return [
        (one.name, "ALL" if one.is_all else "not ALL", one.images, f"{one.images / inspection.images:.1%}")
        for one in inspection.classes
    ]


def _show_sizes(inspection: Inspection, console: Console) -> None:
    sizes = sorted(inspection.sizes, key=lambda size: -size.with_all - size.without)
    rows = [(f"{size.width} x {size.height}", size.with_all, size.without) for size in sizes]
    _show_list("sizes", ("Size", "With ALL", "Without"), rows, console)


def _duplicate_row(same: Duplicates) -> tuple[object, ...]:
    crossed = {"labels": same.crosses_labels, "classes": same.crosses_classes, "groups": same.crosses_groups}
    across = ", ".join(name for name, does in crossed.items() if does)
    return same.likeness.value, len(same.paths), across or "-", ", ".join(same.paths[:2])


def _show_list(what: str, headings: Sequence[str], rows: Sequence[Sequence[object]], console: Console) -> None:
    if not rows:
        _say(console, f"No {what}")
        return
    console.print(_table(headings, rows[:_MOST_SHOWN]))
    if len(rows) > _MOST_SHOWN:
        _say(console, f"and {len(rows) - _MOST_SHOWN} more {what}")


def _sizes(groups: GroupSummary) -> str:
    if groups.smallest == groups.largest:
        return f"{counted(groups.largest, 'image')} each"
    return f"{groups.smallest} to {groups.largest} images (median {groups.median:g})"


def _table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    table = Table(*headings)
    for row in rows:
        table.add_row(*(Text(str(value)) for value in row))
    return table
