"""The report of a dry run as a person reads it in a terminal."""

from collections.abc import Iterator

from cloud_service.datasets.report import DatasetReport
from shared.wording import counted


def report_lines(report: DatasetReport) -> Iterator[str]:
    """The report in lines; of single images the examples that it holds are left out, as --json has them."""
    groups = report.groups
    yield (
        f"Layout {report.layout}, {counted(report.images, 'image')}: {report.with_all:,} with ALL, "
        f"{report.without:,} without"
    )
    yield (
        f"{counted(groups.count, 'group')} of {groups.smallest} to {counted(groups.largest, 'image')} "
        f"(median {groups.median:g}), {groups.with_both_labels:,} of them with both labels"
    )
    for found in report.classes:
        yield f"  {found.name:30} {'ALL' if found.is_all else 'not ALL':8} {found.images:>8,}"
    for size in report.sizes[:5]:
        yield f"  {f'{size.width} x {size.height} pixels':30} {'':8} {size.with_all + size.without:>8,}"
    if report.predictors:
        yield "What alone predicts the class (balanced accuracy on groups held out; 0.5 is chance):"
        for predictor in report.predictors:
            yield f"  {predictor.name:30} {'':8} {predictor.grouped:>8.3f}"
    yield f"Sets of duplicates: {report.duplicate_count:,}. Unreadable images: {report.unreadable_count:,}."
    yield from (f"Mind: {warning}" for warning in report.warnings)
    yield from (f"Left out: {sentence}" for sentence in report.left_out)
    yield f"Digest {report.digest}"
