"""Images that a data set holds more than once, and what leaks from one part of a split into another by them."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from cloud_service.ml.datasets.file_names import ALL_IDB_NAME
from cloud_service.ml.datasets.fingerprints import Fingerprints, fingerprints_of, near_pairs
from cloud_service.ml.datasets.samples import DatasetError, Sample
from cloud_service.ml.datasets.split import Split


class LeakError(DatasetError):
    """Parts of a split share what they must not; the text says what, and how to go on all the same."""


class Likeness(StrEnum):
    """How much images are the same."""

    EXACT = "exact"  # the same bytes
    NEAR = "near"  # they look the same: compressed or scaled anew, lit otherwise, turned or mirrored


@dataclass(frozen=True, slots=True)
class DuplicateSet:
    """Two or more images that are the same, each like at least one other."""

    likeness: Likeness
    samples: tuple[Sample, ...]

    @property
    def crosses_labels(self) -> bool:
        """Whether one of them is labelled ALL and another is not."""
        return len({sample.is_all for sample in self.samples}) > 1

    @property
    def crosses_classes(self) -> bool:
        """Whether they are of more than one class, by label or by name."""
        return len({(sample.is_all, sample.class_name) for sample in self.samples}) > 1


class LeakKind(StrEnum):
    """By what one part of a split knows another; the value is said of the images in a report."""

    GROUP = "belong to one group"
    EXACT = "are the same file"
    NEAR = "look the same"
    CUT_OUT = "may be cut from one another"


@dataclass(frozen=True, slots=True)
class Leak:
    """Images in different parts of a split that belong together."""

    kind: LeakKind
    parts: tuple[str, ...]  # of training, validation and test, those that share it
    paths: tuple[Path, ...]


_OF_LIKENESS: Final = {Likeness.EXACT: LeakKind.EXACT, Likeness.NEAR: LeakKind.NEAR}


def find_duplicates(samples: Sequence[Sample], fingerprints: Fingerprints) -> list[DuplicateSet]:
    """Sets of equal files, then sets of images that look the same; the latter hold at least two different files.

    Args:
        samples: the data set, or what of it could be read.
        fingerprints: of each of them.
    """
    copies: dict[str, list[Sample]] = {}
    for sample in samples:
        copies.setdefault(fingerprints[sample.path].sha256, []).append(sample)
    exact = [DuplicateSet(Likeness.EXACT, tuple(same)) for same in copies.values() if len(same) > 1]
    originals = list(copies.values())
    pairs = near_pairs([fingerprints[same[0].path] for same in originals])
    shape = (len(originals), len(originals))
    graph = coo_array(([True] * len(pairs), (pairs[:, 0], pairs[:, 1])), shape=shape)
    count, cluster_of = connected_components(graph, directed=False)
    clusters: list[list[list[Sample]]] = [[] for _ in range(count)]
    for same, cluster in zip(originals, cluster_of, strict=True):
        clusters[cluster].append(same)
    alike = [tuple(sample for same in cluster for sample in same) for cluster in clusters if len(cluster) > 1]
    return exact + [DuplicateSet(Likeness.NEAR, same) for same in alike]


def find_leaks(split: Split, fingerprints: Fingerprints | None = None) -> list[Leak]:
    """What the parts of a split share: groups, duplicates, and single cells of ALL-IDB2 beside fields of ALL-IDB1.

    Args:
        split: the three parts.
        fingerprints: of all their images, where they are at hand; else each image is read.

    Raises:
        DatasetError: an image cannot be read.
    """
    parts = {"training": split.training, "validation": split.validation, "test": split.test}
    part_of = {sample.path: name for name, part in parts.items() for sample in part}
    samples = [sample for part in parts.values() for sample in part]
    groups: dict[str, list[Sample]] = {}
    for sample in samples:
        groups.setdefault(sample.group, []).append(sample)
    together = [(LeakKind.GROUP, tuple(group)) for group in groups.values()]
    prints = fingerprints if fingerprints is not None else fingerprints_of(samples)
    together += [(_OF_LIKENESS[same.likeness], same.samples) for same in find_duplicates(samples, prints)]
    together += [(LeakKind.CUT_OUT, tuple(sample for sample in samples if ALL_IDB_NAME.fullmatch(sample.path.stem)))]
    leaks = []
    for kind, same in together:
        sharing = tuple(name for name in parts if any(part_of[sample.path] == name for sample in same))
        if len(sharing) > 1 and (kind is not LeakKind.CUT_OUT or _is_cut_out(same, part_of)):
            leaks.append(Leak(kind, sharing, tuple(sample.path for sample in same)))
    return leaks


def require_no_leaks(split: Split, *, allowed: bool, fingerprints: Fingerprints | None = None) -> tuple[str, ...]:
    """Refuses a split whose parts know each other; where leaks are allowed, states them instead.

    Args:
        split: the three parts.
        allowed: whether the person who asked for the run wants it in spite of leaks.
        fingerprints: as in `find_leaks`.

    Returns:
        A sentence for each kind of leak, for the report; nothing where there is none.

    Raises:
        LeakError: there are leaks, and they are not allowed.
        DatasetError: an image cannot be read.
    """
    leaks = find_leaks(split, fingerprints)
    statements = tuple(_statement(kind, [leak for leak in leaks if leak.kind is kind]) for kind in LeakKind)
    found = tuple(statement for statement in statements if statement)
    if found and not allowed:
        raise LeakError(
            "The parts of this split know each other, so its figures would be too good. "
            f"{' '.join(found)} Divide by groups, remove the duplicates, or allow leaks (--allow-leaks; "
            "allow_leaks in a recipe): the report will then state this."
        )
    return found


def _is_cut_out(samples: Sequence[Sample], part_of: dict[Path, str]) -> bool:
    """Whether fields and single cells of ALL-IDB are in different parts; their names do not say which cell is whose."""
    with_fields, with_cells = (
        {part_of[sample.path] for sample in samples if sample.kind == kind} for kind in ("field", "crop")
    )
    return bool(with_fields and with_cells) and len(with_fields | with_cells) > 1


def _statement(kind: LeakKind, leaks: Sequence[Leak]) -> str:
    if not leaks:
        return ""
    if kind is LeakKind.CUT_OUT:
        return (
            "Single cells of ALL-IDB2 were cut from fields of ALL-IDB1, and no name says which from which: one part "
            "may hold the cells of another part's fields."
        )
    images = sum(len(leak.paths) for leak in leaks)
    parts = sorted({part for leak in leaks for part in leak.parts}, key=("training", "validation", "test").index)
    example = " and ".join(path.name for path in leaks[0].paths[:2])
    return (
        f"{images} images in {len(leaks)} set{'s' if len(leaks) > 1 else ''} {kind.value} and are divided between "
        f"{', '.join(parts[:-1])} and {parts[-1]}, such as {example}."
    )
