"""Dividing a data set into parts, or into the folds of a cross-validation."""

import random
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

from sklearn.model_selection import StratifiedGroupKFold

from cloud_service.ml.datasets.samples import DatasetError, Sample
from cloud_service.ml.datasets.split_settings import SplitSettings, SplitStrategy, ValidationSource

__all__ = ["Split", "SplitSettings", "SplitStrategy", "divide", "folds"]

Unit = tuple[Sample, ...]
"""Samples that stay together, in the order of the data set."""


@dataclass(frozen=True, slots=True)
class Split:
    """The three parts: trained on, chosen by, and held out until the end."""

    training: tuple[Sample, ...]
    validation: tuple[Sample, ...]
    test: tuple[Sample, ...]


def divide(samples: Sequence[Sample], settings: SplitSettings) -> Split:
    """Divides samples into three parts, labels, classes and kinds in about the same proportion everywhere.

    Shares are those of groups (of images where the strategy is `stratified`). Each part gets a group of each label
    where there are three or more. A validation part of single images leaves its groups to training.

    Args:
        samples: the data set, in an order that is the same every time.
        settings: shares, strategy and seed.

    Raises:
        DatasetError: there are too few groups for both labels to be in each part.
    """
    chance = random.Random(settings.seed)  # noqa: S311 - a repeatable shuffle, no secret
    units = _units(samples, settings.strategy)
    if settings.validation_from is ValidationSource.IMAGES:
        (test,) = _taken(units, (settings.test_share,), settings.strategy, chance)
        held_out = set(test)
        rest = [unit for unit in units if unit not in held_out]
        validation = _last_images(rest, settings.validation_share / (1 - settings.test_share))
    else:
        shares = settings.test_share, settings.validation_share
        test, validation = _taken(units, shares, settings.strategy, chance)
    split = _split(samples, validation, test)
    if _lacks_a_label(split):
        raise DatasetError(
            f"{len(units)} groups are too few to have images with and without ALL in each of three parts; "
            "at least 3 groups for each label are needed."
        )
    return split


def folds(samples: Sequence[Sample], *, count: int, settings: SplitSettings) -> list[Split]:
    """The splits of a cross-validation: each group is in the test part of exactly one of them.

    Args:
        samples: the data set, in an order that is the same every time.
        count: how many folds, 2 or more.
        settings: strategy, seed, and the share of all groups that is cut from each fold's rest for validation. The test
            share is 1 / `count`, whatever the settings say.

    Raises:
        DatasetError: there are fewer groups of a label than folds, or too few for both labels to be in each part.
    """
    if count < 2:  # noqa: PLR2004 - one to test, one to train on
        raise DatasetError(f"A cross-validation needs 2 folds or more; {count} were asked for.")
    units = _units(samples, settings.strategy)
    _refuse_fewer_groups_than_folds(units, count)
    fold_of = _blocks(units, count, settings.seed) if _is_blocks(settings) else _shuffled(units, count, settings)
    share = min(settings.validation_share * count / (count - 1), 0.5)
    splits = []
    for number in range(count):
        test = [unit for unit, fold in zip(units, fold_of, strict=True) if fold == number]
        rest = [unit for unit, fold in zip(units, fold_of, strict=True) if fold != number]
        chance = random.Random(f"{settings.seed}/{number}")  # noqa: S311 - repeatable, no secret
        if settings.validation_from is ValidationSource.IMAGES:
            validation = _last_images(rest, share)
        else:
            (validation,) = _taken(rest, (share,), settings.strategy, chance)
        splits.append(_split(samples, validation, test))
    if any(_lacks_a_label(split) for split in splits):
        raise DatasetError(
            f"{len(units)} groups are too few to have images with and without ALL in each part of {count} folds. Try "
            "another number of folds or another seed, or gather more groups."
        )
    return splits


def _is_blocks(settings: SplitSettings) -> bool:
    return settings.strategy is SplitStrategy.BLOCKS


def _units(samples: Sequence[Sample], strategy: SplitStrategy) -> list[Unit]:
    if strategy is SplitStrategy.STRATIFIED:
        return [(sample,) for sample in samples]
    groups: dict[str, list[Sample]] = {}
    for sample in samples:
        groups.setdefault(sample.group, []).append(sample)
    return [tuple(group) for group in groups.values()]


def _taken(
    units: Sequence[Unit], shares: Sequence[float], strategy: SplitStrategy, chance: random.Random
) -> list[list[Unit]]:
    """What each share takes of the units of each label; the rest is nobody's."""
    taken: list[list[Unit]] = [[] for _ in shares]
    for stratum in _strata(units, lambda sample: sample.is_all):
        ordered = _evenly_ordered(stratum, strategy, chance)
        spread = len(ordered) > len(shares)  # then no part goes without
        start = 0
        for part, share in zip(taken, shares, strict=True):
            stop = start + max(spread, round(share * len(ordered)))
            part.extend(ordered[start:stop])
            start = stop
    return taken


def _last_images(units: Sequence[Unit], share: float) -> list[Unit]:
    """The end of each unit that has two images or more: neighbours mostly look alike, so few of them are parted."""
    ends = [unit[-max(1, round(share * len(unit))) :] for unit in units if len(unit) > 1]
    if not ends:
        raise DatasetError("Each group is a single image, so that none can give some to validation; take whole groups.")
    return ends


def _evenly_ordered(stratum: Sequence[Unit], strategy: SplitStrategy, chance: random.Random) -> list[Unit]:
    """The units in an order of which every stretch holds each class and kind in about the same proportion."""
    placed: list[tuple[float, float, Unit]] = []
    for alike in _strata(stratum, _class_of):
        if strategy is SplitStrategy.BLOCKS:
            begin = chance.randrange(len(alike))
            alike = alike[begin:] + alike[:begin]  # noqa: PLW2901 - the ring of blocks, cut where chance has it
        else:
            chance.shuffle(alike)
        tie = chance.random()
        placed += [((index + 0.5) / len(alike), tie, unit) for index, unit in enumerate(alike)]
    return [unit for *_, unit in sorted(placed, key=lambda entry: entry[:2])]


def _strata(units: Sequence[Unit], key: Callable[[Sample], Hashable]) -> list[list[Unit]]:
    """Units whose samples have the same keys, together; everything in the order of the units."""
    strata: dict[frozenset[Hashable], list[Unit]] = {}
    for unit in units:
        strata.setdefault(frozenset(key(sample) for sample in unit), []).append(unit)
    return list(strata.values())


def _class_of(sample: Sample) -> tuple[str, str]:
    return sample.class_name, sample.kind


def _blocks(units: Sequence[Unit], count: int, seed: int) -> list[int]:
    """The fold of each unit, so that units of a class that follow one another are in the same fold."""
    chance = random.Random(seed)  # noqa: S311 - repeatable, no secret
    fold_of: dict[Unit, int] = {}
    for stratum in _strata(units, lambda sample: sample.is_all):
        first = 0  # goes on from class to class, so that classes of few groups do not all fall into the first folds
        for alike in _strata(stratum, _class_of):
            begin = chance.randrange(len(alike))
            ring = alike[begin:] + alike[:begin]
            blocks = min(count, len(ring))
            fold_of |= {unit: (first + index * blocks // len(ring)) % count for index, unit in enumerate(ring)}
            first += blocks
    return [fold_of[unit] for unit in units]


def _shuffled(units: Sequence[Unit], count: int, settings: SplitSettings) -> list[int]:
    """The fold of each unit at random, the classes in about the same proportion in each fold."""
    samples = [sample for unit in units for sample in unit]
    unit_of = [number for number, unit in enumerate(units) for _ in unit]
    classes = [(sample.is_all, _class_of(sample)) for sample in samples]
    groups_of = Counter(both for unit in units for both in {(sample.is_all, _class_of(sample)) for sample in unit})
    coarse = {is_all for (is_all, _), groups in groups_of.items() if groups < count}  # too few groups for each fold
    strata = [str(both[:1] if both[0] in coarse else both) for both in classes]
    fold_of = [0] * len(units)
    splitter = StratifiedGroupKFold(n_splits=count, shuffle=True, random_state=settings.seed)
    for number, (_, test) in enumerate(splitter.split(samples, strata, unit_of)):
        for index in test:
            fold_of[unit_of[index]] = number
    return fold_of


def _refuse_fewer_groups_than_folds(units: Sequence[Unit], count: int) -> None:
    for label in (True, False):
        groups = sum(any(sample.is_all == label for sample in unit) for unit in units)
        if groups < count:
            raise DatasetError(
                f"{count} folds need {count} groups of each label, and only {groups} groups hold images "
                f"{'with' if label else 'without'} ALL. Ask for {groups} folds or fewer."
            )


def _split(samples: Sequence[Sample], validation: Sequence[Unit], test: Sequence[Unit]) -> Split:
    """The three parts, each in the order of the data set; the training part is what the others leave."""
    part_of = {sample.path: 1 for unit in validation for sample in unit}
    part_of |= {sample.path: 2 for unit in test for sample in unit}
    parts = [tuple(sample for sample in samples if part_of.get(sample.path, 0) == part) for part in range(3)]
    return Split(*parts)


def _lacks_a_label(split: Split) -> bool:
    parts = (split.training, split.validation, split.test)
    return any({sample.is_all for sample in part} != {True, False} for part in parts)
