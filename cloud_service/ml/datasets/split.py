"""Dividing a data set into parts that share no group."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from cloud_service.ml.datasets.samples import DatasetError, Sample

_PARTS = _TRAINING, _VALIDATION, _TEST = range(3)


@dataclass(frozen=True, slots=True)
class Split:
    """The three parts: trained on, chosen by, and held out until the end."""

    training: tuple[Sample, ...]
    validation: tuple[Sample, ...]
    test: tuple[Sample, ...]


def split_by_group(samples: Sequence[Sample], *, validation: float, test: float, seed: int) -> Split:
    """Divides samples at random, each group as a whole, labels and kinds in about the same proportion everywhere.

    Args:
        samples: the data set, in an order that is the same every time.
        validation: the validation part's share of the groups, in (0, 1).
        test: the held-out part's share likewise; both together are below 1.
        seed: decides the shuffle.

    Raises:
        DatasetError: there are too few groups for both labels to be in each part.
        ValueError: the shares are not as stated.
    """
    if not (validation > 0 and test > 0 and validation + test < 1):
        raise ValueError(f"Shares of {validation} and {test} leave one of the three parts empty.")
    shuffle = random.Random(seed)  # noqa: S311 - a repeatable shuffle, no secret
    part_of_group: dict[str, int] = {}
    for groups in _strata(samples):
        shuffle.shuffle(groups)
        spread = len(groups) >= len(_PARTS)  # then no part goes without
        for_test = max(spread, round(test * len(groups)))
        for_validation = max(spread, round(validation * len(groups)))
        parts = [_TEST] * for_test + [_VALIDATION] * for_validation + [_TRAINING] * len(groups)
        part_of_group |= dict(zip(groups, parts, strict=False))
    divided = [tuple(sample for sample in samples if part_of_group[sample.group] == part) for part in _PARTS]
    if any({sample.is_all for sample in part} != {True, False} for part in divided):
        raise DatasetError(
            f"{len(part_of_group)} groups are too few to have images with and without ALL in each of three parts; "
            "at least 3 groups for each label are needed."
        )
    return Split(*divided)


def _strata(samples: Sequence[Sample]) -> list[list[str]]:
    """Groups that hold the same labels and kinds, together; everything in the order of the samples."""
    contents: dict[str, set[tuple[bool, str]]] = {}
    for sample in samples:
        contents.setdefault(sample.group, set()).add((sample.is_all, sample.kind))
    strata: dict[frozenset[tuple[bool, str]], list[str]] = {}
    for group, content in contents.items():
        strata.setdefault(frozenset(content), []).append(group)
    return list(strata.values())
