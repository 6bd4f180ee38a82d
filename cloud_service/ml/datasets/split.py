"""Dividing a data set into parts that share no group."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from cloud_service.ml.datasets.samples import DatasetError, Sample


@dataclass(frozen=True, slots=True)
class Split:
    """The three parts: trained on, chosen by, and held out until the end."""

    training: tuple[Sample, ...]
    validation: tuple[Sample, ...]
    test: tuple[Sample, ...]


def split_by_group(samples: Sequence[Sample], *, validation: float, test: float, seed: int) -> Split:
    """Divides samples at random, each group as a whole, each label in about the same proportion.

    Args:
        samples: the data set, in an order that is the same every time.
        validation: the validation part's share of each label's groups, in (0, 1).
        test: the held-out part's share likewise; both together are below 1.
        seed: decides the shuffle.

    Raises:
        DatasetError: a label has fewer than three groups, so that some part would go without it.
        ValueError: the shares are not as stated.
    """
    if not (validation > 0 and test > 0 and validation + test < 1):
        raise ValueError(f"Shares of {validation} and {test} leave one of the three parts empty.")
    shuffle = random.Random(seed)  # noqa: S311 - a repeatable shuffle, no secret
    part_of_group: dict[str, int] = {}
    for positive in (False, True):
        groups = _groups_of_label(samples, positive=positive)
        shuffle.shuffle(groups)
        for_test = max(1, round(test * len(groups)))
        for_validation = max(1, round(validation * len(groups)))
        if len(groups) - for_test - for_validation < 1:
            raise DatasetError(
                f"{len(groups)} groups {'with' if positive else 'without'} ALL are too few to train, validate and "
                "test on; at least 3 are needed."
            )
        part_of_group |= dict.fromkeys(groups, 0)
        part_of_group |= dict.fromkeys(groups[:for_test], 2)
        part_of_group |= dict.fromkeys(groups[for_test : for_test + for_validation], 1)
    parts = [tuple(sample for sample in samples if part_of_group[sample.group] == part) for part in range(3)]
    return Split(*parts)


def _groups_of_label(samples: Sequence[Sample], *, positive: bool) -> list[str]:
    """The groups whose first sample bears this label, in their order: a group with both labels counts once."""
    label_of_group: dict[str, bool] = {}
    for sample in samples:
        label_of_group.setdefault(sample.group, sample.is_all)
    return [group for group, label in label_of_group.items() if label == positive]
