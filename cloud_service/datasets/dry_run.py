"""What a job's own process does for an import: the dry run with its report, and then the keeping of its images."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from cloud_service.blob_store import BlobStore
from cloud_service.datasets.conflicts import Conflicts, find_conflicts
from cloud_service.datasets.orders import FOUND_NAME, ImportOrder, ImportOutcome, keep_choice
from cloud_service.datasets.reading_in import Content, counter, read_in, require_both_labels
from cloud_service.datasets.report import DatasetReport
from cloud_service.ml.datasets.inspection import Inspection, inspect
from cloud_service.ml.datasets.sheet import draw_sheet
from cloud_service.ml.datasets.survey import Survey, Unread
from cloud_service.training.kinds import ORDER_NAME, OUTCOME_NAME, Tell
from cloud_service.training.schemas import TrainingProgress
from shared.identifiers import sha256_of_bytes
from shared.wording import counted

MOST_EXAMPLES: Final = 50
"""Single images, pairs or sizes of each kind in a report; their numbers are told in full."""


def check(folder: Path, blobs: BlobStore, tell: Tell) -> None:
    """The dry run: read a data set, say what it holds and what stands in its way, and draw a sheet of pictures.

    Raises:
        PermanentError: it cannot be read; the text says why.
        TransientError: the disk is full, or the blob store is away.
    """
    order = ImportOrder.read(folder / ORDER_NAME)
    content = read_in(order, folder, blobs, tell)
    tell.progress(TrainingProgress(phase="Comparing with other data sets and signed reports"))
    conflicts = find_conflicts(order, content.images(), content.found(), folder)
    left_out, choice = list(order.left_out), None
    if order.is_of_signed_cases:
        names, words = conflicts.left_out(content.found())
        left_out += words
        content = require_both_labels(content.without(names), left_out)
        conflicts = Conflicts(shared=(), groups={}, clashes=())
        choice = keep_choice([content.chosen[image.name] for image in content.found()], blobs)
    tell.progress(TrainingProgress(phase="Looking for duplicates, and for what betrays the class"))
    inspection = inspect(content.root, content.layout, content.samples, Survey(content.survey.seen, ()), None)
    sheet = draw_sheet(inspection, content.samples, order.name)
    blobs.put(sha256_of_bytes(sheet), sheet)
    outcome = ImportOutcome(
        layout=content.layout,
        digest=content.digest(),
        refused=conflicts.in_words(),
        images=content.found(),
        report=_report(inspection, content, conflicts, left_out),
        sheet_sha256=sha256_of_bytes(sheet),
        choice_sha256=choice,
    )
    tell.log(f"{counted(inspection.images, 'image')} in the layout {inspection.layout}, digest {outcome.digest}.")
    outcome.write(folder / OUTCOME_NAME)


def keep(folder: Path, blobs: BlobStore, tell: Tell) -> None:
    """Read a checked data set again, see that it is the same, and keep its images in the blob store.

    Raises:
        PermanentError: it cannot be read; the text says why.
        TransientError: the disk is full, or the blob store is away.
    """
    order = ImportOrder.read(folder / ORDER_NAME)
    content = read_in(order, folder, blobs, tell)
    images, found, digest = content.images(), content.found(), content.digest()
    refused = find_conflicts(order, images, found, folder).in_words()
    if digest != order.digest:
        refused = f"What was checked had the digest {order.digest}, and now it has {digest}. Import the data set anew."
    if refused is None:
        kept = counter(tell, "Keeping images", len(found))
        for number, image in enumerate(found, start=1):
            blobs.put_file(image.sha256, content.root / image.name)
            kept(number)
    images.save(folder / FOUND_NAME)
    ImportOutcome(layout=content.layout, digest=digest, refused=refused, images=found).write(folder / OUTCOME_NAME)


def _report(inspection: Inspection, content: Content, conflicts: Conflicts, left_out: Sequence[str]) -> DatasetReport:
    found = inspection.model_dump(mode="json")
    unread, duplicates = content.survey.unread, found.pop("duplicates")
    sizes = sorted(found.pop("sizes"), key=lambda size: -(size["with_all"] + size["without"]))[:MOST_EXAMPLES]
    told: dict[str, Any] = found | {
        "classes": found["classes"][:MOST_EXAMPLES],
        "kinds": dict(list(found["kinds"].items())[:MOST_EXAMPLES]),
        "sizes": sorted(sizes, key=lambda size: (size["width"], size["height"])),
        "unreadable": [_unreadable(content, one) for one in unread[:MOST_EXAMPLES]],
        "unreadable_count": len(unread),
        "duplicates": [same | {"paths": same["paths"][:MOST_EXAMPLES]} for same in duplicates[:MOST_EXAMPLES]],
        "duplicate_count": len(duplicates),
        "shared": conflicts.shared[:MOST_EXAMPLES],
        "shared_count": len(conflicts.shared),
        "clashes": conflicts.clashes[:MOST_EXAMPLES],
        "clash_count": len(conflicts.clashes),
        "left_out": list(left_out),
        "warnings": [*_unreadable_warnings(unread), *inspection.warnings],
        "digest": content.digest(),
    }
    return DatasetReport.model_validate(told)


def _unreadable(content: Content, one: Unread) -> dict[str, str]:
    return {"path": content.name(one.sample), "reason": one.reason}


def _unreadable_warnings(unread: Sequence[Unread]) -> list[str]:
    if not unread:
        return []
    what = counted(len(unread), "image cannot be read and is", "images cannot be read and are")
    return [f"{what} left out of the data set."]
