from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from cloud_service.ml.datasets.samples import DatasetError, Sample
from cloud_service.ml.datasets.split import Split, SplitSettings, split_by_group


def samples_of(groups: list[tuple[bool, int]]) -> list[Sample]:
    """Samples of groups, each with a label and a number of images."""
    return [
        Sample(path=Path(f"{group}-{image}.jpg"), is_all=label, group=f"g{group}")
        for group, (label, images) in enumerate(groups)
        for image in range(images)
    ]


def parts_of(split: Split) -> tuple[tuple[Sample, ...], ...]:
    return split.training, split.validation, split.test


images_of_groups = st.lists(st.integers(1, 4), min_size=3, max_size=20)
both_labels = st.builds(
    lambda with_all, without: [(True, images) for images in with_all] + [(False, images) for images in without],
    images_of_groups,
    images_of_groups,
)


@given(both_labels, st.integers(0, 100))
def test_every_sample_is_in_one_part_and_no_group_in_two(groups: list[tuple[bool, int]], seed: int) -> None:
    samples = samples_of(groups)
    parts = parts_of(split_by_group(samples, validation=0.15, test=0.2, seed=seed))
    assert sorted(sample.path for part in parts for sample in part) == sorted(sample.path for sample in samples)
    groups_of_parts = [{sample.group for sample in part} for part in parts]
    assert sum(len(groups) for groups in groups_of_parts) == len(set.union(*groups_of_parts))
    assert all({sample.is_all for sample in part} == {True, False} for part in parts)


def test_the_shares_hold_within_each_label() -> None:
    split = split_by_group(samples_of([(True, 1)] * 100 + [(False, 1)] * 20), validation=0.15, test=0.2, seed=1)
    counts = [(len(part), sum(sample.is_all for sample in part)) for part in parts_of(split)]
    assert counts == [(78, 65), (18, 15), (24, 20)]


def test_groups_with_both_labels_stay_whole_and_kinds_are_spread() -> None:
    samples = [
        Sample(path=Path(f"{kind}{slide}{label}.jpg"), is_all=label, group=f"{kind}{slide}", kind=kind)
        for kind, slides in (("crop", 40), ("field", 10))
        for slide in range(slides)
        for label in (True, False)
    ]
    split = split_by_group(samples, validation=0.2, test=0.2, seed=1)
    kinds = [Counter(sample.kind for sample in part) for part in parts_of(split)]
    assert kinds == [{"crop": 48, "field": 12}, {"crop": 16, "field": 4}, {"crop": 16, "field": 4}]
    assert all(sum(sample.is_all for sample in part) * 2 == len(part) for part in parts_of(split))


def test_the_seed_decides() -> None:
    samples = samples_of([(True, 2), (False, 2)] * 20)
    first = split_by_group(samples, validation=0.2, test=0.2, seed=1)
    assert split_by_group(samples, validation=0.2, test=0.2, seed=1) == first
    assert split_by_group(samples, validation=0.2, test=0.2, seed=2) != first


def test_too_few_groups_are_refused() -> None:
    with pytest.raises(DatasetError, match="11 groups are too few"):
        split_by_group(samples_of([(True, 5)] * 9 + [(False, 5)] * 2), validation=0.2, test=0.2, seed=1)


@pytest.mark.parametrize(("validation", "test"), [(0.0, 0.2), (0.2, 0.0), (0.5, 0.5)])
def test_shares_that_leave_a_part_empty_are_refused(validation: float, test: float) -> None:
    with pytest.raises(ValidationError, match=r"greater than 0|nothing to train on"):
        SplitSettings(validation_share=validation, test_share=test)
