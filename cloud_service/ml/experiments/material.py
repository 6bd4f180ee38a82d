"""The data sets of an experiment: read, cut down where it is to be quick, and divided for each run."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from cloud_service.ml.datasets.reading import Layout, read_dataset, recognise
from cloud_service.ml.datasets.samples import Sample, dataset_digest
from cloud_service.ml.datasets.split import Split, divide, folds
from cloud_service.ml.datasets.split_settings import SplitSettings
from cloud_service.ml.experiments.plan import DataName, data_names
from shared.errors import PermanentError


class ExperimentError(PermanentError):
    """An experiment cannot be made as asked; the text says why and what to change."""


class DataRecord(BaseModel):
    """What an experiment was made on; part of its settings and of its report."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str  # first or second
    name: str  # of the folder
    layout: Layout
    digest: str  # of the images used (datasets.samples.dataset_digest)
    images: int  # used
    with_all: int
    groups: int
    images_in_folder: int


@dataclass(frozen=True, slots=True)
class Material:
    """One data set."""

    key: str  # first or second
    root: Path
    layout: Layout
    samples: tuple[Sample, ...]  # that are used
    record: DataRecord


def read_material(roots: Sequence[tuple[Path, Layout | None]], most_images: int | None) -> tuple[Material, ...]:
    """Reads one data set or two.

    Args:
        roots: folder and layout of each; a layout of None is recognised.
        most_images: of each data set so many are used at most, taken by groups and evenly from both labels; None: all.

    Raises:
        DatasetError: a data set cannot be used.
        ExperimentError: both folders are the same.
    """
    if len({root.resolve() for root, _ in roots}) < len(roots):
        raise ExperimentError("--dataset and --dataset2 name the same folder; name two, or leave --dataset2 out.")
    return tuple(
        _material(key, root, layout, most_images)
        for key, (root, layout) in zip(("first", "second"), roots, strict=False)
    )


def names_of(materials: Sequence[Material]) -> tuple[DataName, ...]:
    """As `data_names`."""
    return data_names([(material.record.name, material.layout) for material in materials])


def chosen_by(name: DataName, materials: Sequence[Material]) -> tuple[Material, ...]:
    """The data sets that a name stands for."""
    return tuple(material for material in materials if name.key in (material.key, "both"))


def splits_of(material: Material, *, runs: int, settings: SplitSettings, cross_validation: bool) -> list[Split]:
    """A split for each run: shuffled with the settings' seed, the next one and so on, or the folds of one shuffle.

    Raises:
        DatasetError: there are too few groups.
    """
    if cross_validation:
        return folds(material.samples, count=runs, settings=settings)
    shuffles = (settings.model_copy(update={"seed": settings.seed + run}) for run in range(runs))
    return [divide(material.samples, shuffle) for shuffle in shuffles]


def joined(splits: Sequence[tuple[str, Split]]) -> Split:
    """The splits of several data sets as one, part by part; groups of the same name in two of them stay apart.

    So each part holds its share of each data set, as in the paper: the test parts of its Tables 1 and 3 add up to
    that of Table 4.

    Args:
        splits: each data set's key and split.
    """
    if len(splits) == 1:
        return splits[0][1]

    def part(name: str) -> tuple[Sample, ...]:
        return tuple(
            replace(sample, group=f"{key}/{sample.group}") for key, split in splits for sample in getattr(split, name)
        )

    return Split(part("training"), part("validation"), part("test"))


def _material(key: str, root: Path, layout: Layout | None, most_images: int | None) -> Material:
    layout = layout or recognise(root)
    everything = read_dataset(root, layout)
    samples = tuple(everything if most_images is None else _some(everything, most_images))
    record = DataRecord(
        key=key,
        name=root.resolve().name,
        layout=layout,
        digest=dataset_digest(samples, root),
        images=len(samples),
        with_all=sum(sample.is_all for sample in samples),
        groups=len({sample.group for sample in samples}),
        images_in_folder=len(everything),
    )
    return Material(key=key, root=root, layout=layout, samples=samples, record=record)


def _some(samples: Sequence[Sample], count: int) -> list[Sample]:
    """At most `count` samples in whole groups, as even between the labels as they allow, in the order given."""
    groups: dict[str, list[Sample]] = {}
    for sample in samples:
        groups.setdefault(sample.group, []).append(sample)
    order = sorted(groups, key=lambda name: hashlib.sha256(name.encode()).digest())  # neither by class nor by chance
    taken = {True: 0, False: 0}
    chosen: set[str] = set()
    for name in order:
        adds = {label: sum(sample.is_all is label for sample in groups[name]) for label in (True, False)}
        if all(taken[label] + adds[label] <= count // 2 for label in (True, False)):
            chosen.add(name)
            taken = {label: taken[label] + adds[label] for label in (True, False)}
    return [sample for sample in samples if sample.group in chosen]
