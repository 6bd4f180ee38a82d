"""What a person should know of a data set before a network is trained on it."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Final

import numpy as np
from pydantic import BaseModel, ConfigDict

from cloud_service.ml.datasets.duplicates import DuplicateSet, Likeness, find_duplicates, require_no_leaks
from cloud_service.ml.datasets.reading import Layout
from cloud_service.ml.datasets.samples import Sample
from cloud_service.ml.datasets.shortcuts import Predictability, predictability
from cloud_service.ml.datasets.split import Split
from cloud_service.ml.datasets.survey import Seen, Survey

SUSPICIOUS: Final = 0.7
"""From this balanced accuracy on, what is no cytology is said to predict the class; 0.5 is chance."""

_MOST_JUDGED: Final = 3000  # images; more make the forests no wiser, only slower
_SEED: Final = 1


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ClassCount(_Record):
    """A class as the data set calls it, and how many images it has."""

    name: str
    is_all: bool
    images: int


class GroupSummary(_Record):
    """The groups that a split keeps together, by their number of images."""

    count: int
    smallest: int
    median: float
    largest: int
    with_both_labels: int


class SizeCount(_Record):
    """How many images of each label have one width and height, in pixels."""

    width: int
    height: int
    with_all: int
    without: int


class UnreadableFile(_Record):
    """An image that cannot be read, by its name below the data set's folder."""

    path: str
    reason: str


class Duplicates(_Record):
    """Images that are the same, by their names below the data set's folder."""

    likeness: Likeness
    paths: tuple[str, ...]
    crosses_labels: bool
    crosses_classes: bool
    crosses_groups: bool


class Predictor(_Record):
    """How well what is no cytology predicts the class: cross-validated balanced accuracies, 0.5 is chance."""

    name: str
    mixed: float
    grouped: float
    folds: int


class Inspection(_Record):
    """All that was found; `warnings` says in plain words what to mind."""

    root: str
    layout: Layout
    images: int
    with_all: int
    without: int
    classes: tuple[ClassCount, ...]
    kinds: dict[str, int]
    groups: GroupSummary
    sizes: tuple[SizeCount, ...]
    marked_blasts: int
    unreadable: tuple[UnreadableFile, ...]
    duplicates: tuple[Duplicates, ...]
    predictors: tuple[Predictor, ...]
    leaks: tuple[str, ...] | None  # of the split that was named; None where none was
    warnings: tuple[str, ...]


def inspect(root: Path, layout: Layout, samples: Sequence[Sample], found: Survey, split: Split | None) -> Inspection:
    """Puts together what is known of a data set.

    Args:
        root: its folder.
        layout: how it is arranged.
        samples: all its images, readable or not.
        found: what reading them brought.
        split: one of its splits, to be checked for leaks.
    """
    fingerprints = {seen.sample.path: seen.fingerprint for seen in found.seen}
    readable = [seen.sample for seen in found.seen]
    duplicates = tuple(_duplicates(same, root) for same in find_duplicates(readable, fingerprints))
    unreadable = tuple(UnreadableFile(path=_name(bad.sample, root), reason=bad.reason) for bad in found.unread)
    groups = _groups(samples)
    predictors = _predictors(found.seen)
    leaks = None
    if split is not None:
        parts = (split.training, split.validation, split.test)
        kept = Split(*(tuple(sample for sample in part if sample.path in fingerprints) for part in parts))
        leaks = require_no_leaks(kept, allowed=True, fingerprints=fingerprints)
    with_all = sum(sample.is_all for sample in samples)
    return Inspection(
        root=str(root),
        layout=layout,
        images=len(samples),
        with_all=with_all,
        without=len(samples) - with_all,
        classes=_classes(samples),
        kinds=dict(Counter(sample.kind for sample in samples)),
        groups=groups,
        sizes=_sizes(found.seen),
        marked_blasts=sum(len(sample.centres) for sample in samples),
        unreadable=unreadable,
        duplicates=duplicates,
        predictors=predictors,
        leaks=leaks,
        warnings=(
            *_file_warnings(unreadable, duplicates),
            *_group_warnings(groups, len(samples)),
            *_shortcut_warnings(predictors),
            *_centre_warnings(found.seen, root),
            *(leaks or ()),
        ),
    )


def _name(sample: Sample, root: Path) -> str:
    return sample.path.relative_to(root).as_posix()


def _classes(samples: Sequence[Sample]) -> tuple[ClassCount, ...]:
    counts = Counter((sample.is_all, sample.class_name) for sample in samples)
    return tuple(
        ClassCount(name=name, is_all=is_all, images=images) for (is_all, name), images in sorted(counts.items())
    )


def _groups(samples: Sequence[Sample]) -> GroupSummary:
    sizes = Counter(sample.group for sample in samples)
    labels = Counter(group for group, _ in {(sample.group, sample.is_all) for sample in samples})
    return GroupSummary(
        count=len(sizes),
        smallest=min(sizes.values()),
        median=median(sizes.values()),
        largest=max(sizes.values()),
        with_both_labels=sum(count > 1 for count in labels.values()),
    )


def _sizes(seen: Sequence[Seen]) -> tuple[SizeCount, ...]:
    counts = Counter((*one.size, one.sample.is_all) for one in seen)
    sizes = sorted({one.size for one in seen})
    return tuple(
        SizeCount(
            width=width, height=height, with_all=counts[width, height, True], without=counts[width, height, False]
        )
        for width, height in sizes
    )


def _duplicates(same: DuplicateSet, root: Path) -> Duplicates:
    return Duplicates(
        likeness=same.likeness,
        paths=tuple(_name(sample, root) for sample in same.samples),
        crosses_labels=same.crosses_labels,
        crosses_classes=same.crosses_classes,
        crosses_groups=len({sample.group for sample in same.samples}) > 1,
    )


def _predictors(seen: Sequence[Seen]) -> tuple[Predictor, ...]:
    """The forests' figures, of at most `_MOST_JUDGED` images drawn at random; none where nothing can be held out."""
    chosen = np.random.default_rng(_SEED).permutation(len(seen))[:_MOST_JUDGED]
    judged = [seen[index] for index in sorted(chosen)]
    statistics = {
        "image size": np.array([one.size for one in judged], np.float32),
        "background colour": np.array([one.background for one in judged]),
        "corners": np.array([one.corners for one in judged]),
        "colours": np.array([one.colours for one in judged]),
    }
    labels = np.array([one.sample.is_all for one in judged], np.bool_)
    groups = [one.sample.group for one in judged]
    figures = {name: predictability(values, labels, groups, seed=_SEED) for name, values in statistics.items()}
    return tuple(_predictor(name, figure) for name, figure in figures.items() if figure is not None)


def _predictor(name: str, figure: Predictability) -> Predictor:
    return Predictor(name=name, mixed=figure.mixed, grouped=figure.grouped, folds=figure.folds)


def _file_warnings(unreadable: Sequence[UnreadableFile], duplicates: Sequence[Duplicates]) -> list[str]:
    warnings = []
    if unreadable:
        warnings.append(
            f"{len(unreadable)} of the images cannot be read; training refuses the data set until they are removed."
        )
    both = sum(same.crosses_labels for same in duplicates)
    if both:
        warnings.append(f"{both} of the duplicate sets are labelled ALL and not ALL: at least one label is wrong.")
    apart = sum(same.crosses_groups for same in duplicates)
    if apart:
        warnings.append(
            f"{apart} of the duplicate sets lie in several groups, so a split may divide them. Remove copies, or give "
            "them one group in a manifest."
        )
    return warnings


def _group_warnings(groups: GroupSummary, images: int) -> list[str]:
    if groups.count < images:
        return []
    warning = (
        "Each image is a group of its own: nothing says which are of one patient or slide, so one patient's images may "
        "be both trained on and tested on."
    )
    return [warning]


def _shortcut_warnings(predictors: Sequence[Predictor]) -> list[str]:
    return [
        f"The {one.name} alone predict{'' if one.name.endswith('s') else 's'} the class with a balanced accuracy of "
        f"{one.grouped:.2f} on groups held out. A network must clearly beat that to show that it looks at cells."
        for one in predictors
        if one.grouped >= SUSPICIOUS
    ]


def _centre_warnings(seen: Sequence[Seen], root: Path) -> list[str]:
    outside = [
        one.sample
        for one in seen
        if any(not (0 <= x < one.size[0] and 0 <= y < one.size[1]) for x, y in one.sample.centres)
    ]
    if not outside:
        return []
    return [f"{len(outside)} of the images have blast centres outside their edges, such as {_name(outside[0], root)}."]
