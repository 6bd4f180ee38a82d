from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from cloud_service.ml.datasets.samples import DatasetError, Sample
from cloud_service.ml.datasets.split import Split, SplitSettings, SplitStrategy, divide, folds
from cloud_service.ml.datasets.split_settings import ValidationSource


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
    parts = parts_of(divide(samples, SplitSettings(validation_share=0.15, test_share=0.2, seed=seed)))
    assert sorted(sample.path for part in parts for sample in part) == sorted(sample.path for sample in samples)
    groups_of_parts = [{sample.group for sample in part} for part in parts]
    assert sum(len(groups) for groups in groups_of_parts) == len(set.union(*groups_of_parts))
    assert all({sample.is_all for sample in part} == {True, False} for part in parts)


def test_the_shares_hold_within_each_label() -> None:
    split = divide(
        samples_of([(True, 1)] * 100 + [(False, 1)] * 20), SplitSettings(validation_share=0.15, test_share=0.2, seed=1)
    )
    counts = [(len(part), sum(sample.is_all for sample in part)) for part in parts_of(split)]
    assert counts == [(78, 65), (18, 15), (24, 20)]


def test_groups_with_both_labels_stay_whole_and_kinds_are_spread() -> None:
    samples = [
        Sample(path=Path(f"{kind}{slide}{label}.jpg"), is_all=label, group=f"{kind}{slide}", kind=kind)
        for kind, slides in (("crop", 40), ("field", 10))
        for slide in range(slides)
        for label in (True, False)
    ]
    split = divide(samples, SplitSettings(validation_share=0.2, test_share=0.2, seed=1))
    kinds = [Counter(sample.kind for sample in part) for part in parts_of(split)]
    assert kinds == [{"crop": 48, "field": 12}, {"crop": 16, "field": 4}, {"crop": 16, "field": 4}]
    assert all(sum(sample.is_all for sample in part) * 2 == len(part) for part in parts_of(split))


def test_the_seed_decides() -> None:
    samples = samples_of([(True, 2), (False, 2)] * 20)
    first = divide(samples, SplitSettings(validation_share=0.2, test_share=0.2, seed=1))
    assert divide(samples, SplitSettings(validation_share=0.2, test_share=0.2, seed=1)) == first
    assert divide(samples, SplitSettings(validation_share=0.2, test_share=0.2, seed=2)) != first


def test_too_few_groups_are_refused() -> None:
    with pytest.raises(DatasetError, match="11 groups are too few"):
        divide(
            samples_of([(True, 5)] * 9 + [(False, 5)] * 2), SplitSettings(validation_share=0.2, test_share=0.2, seed=1)
        )


@pytest.mark.parametrize(("validation", "test"), [(0.0, 0.2), (0.2, 0.0), (0.5, 0.5)])
def test_shares_that_leave_a_part_empty_are_refused(validation: float, test: float) -> None:
    with pytest.raises(ValidationError, match=r"greater than 0|nothing to train on"):
        SplitSettings(validation_share=validation, test_share=test)


def images(count: int, *, label: bool, class_name: str = "", group_size: int = 1) -> list[Sample]:
    """Images in the order of their names; so many in a row are one group."""
    return [
        Sample(
            Path(f"{label}{class_name}{index:03d}.jpg"),
            label,
            f"{label}{class_name}{index // group_size}",
            "x",
            class_name,
        )
        for index in range(count)
    ]


def test_images_go_by_themselves_where_the_strategy_is_stratified() -> None:
    samples = images(40, label=True, group_size=10) + images(20, label=False, group_size=10)
    split = divide(samples, SplitSettings(strategy=SplitStrategy.STRATIFIED))
    assert [Counter(sample.is_all for sample in part) for part in parts_of(split)] == [
        {True: 26, False: 13},
        {True: 6, False: 3},
        {True: 8, False: 4},
    ]
    assert {sample.group for sample in split.training} & {sample.group for sample in split.test}


@pytest.mark.parametrize("seed", range(5))
def test_blocks_are_stretches_of_each_class(seed: int) -> None:
    samples = images(40, label=True) + images(20, label=False)
    split = divide(samples, SplitSettings(strategy=SplitStrategy.BLOCKS, seed=seed))
    for label, count in ((True, 40), (False, 20)):
        part_of = {
            sample.path: name
            for name, part in zip("abc", parts_of(split), strict=True)
            for sample in part
            if sample.is_all == label
        }
        order = [part_of[sample.path] for sample in samples if sample.is_all == label]
        changes = sum(order[index] != order[index - 1] for index in range(count))  # the first follows the last
        assert changes == 3


def test_rare_classes_come_into_every_part() -> None:
    samples = (
        images(50, label=True, class_name="early") + images(10, label=True, class_name="pro") + images(60, label=False)
    )
    split = divide(samples, SplitSettings())
    assert [Counter(sample.class_name for sample in part)["pro"] for part in parts_of(split)] == [7, 1, 2]


@given(both_labels, st.sampled_from(SplitStrategy), st.integers(0, 50))
def test_each_group_is_tested_in_one_fold(groups: list[tuple[bool, int]], strategy: SplitStrategy, seed: int) -> None:
    samples = samples_of(groups)
    found = folds(samples, count=3, settings=SplitSettings(strategy=strategy, seed=seed))
    tested = [sample for split in found for sample in split.test]
    assert sorted(sample.path for sample in tested) == sorted(sample.path for sample in samples)
    for split in found:
        parts = parts_of(split)
        assert sorted(sample.path for part in parts for sample in part) == sorted(sample.path for sample in samples)
        assert all({sample.is_all for sample in part} == {True, False} for part in parts)
        if strategy is not SplitStrategy.STRATIFIED:
            groups_of_parts = [{sample.group for sample in part} for part in parts]
            assert sum(map(len, groups_of_parts)) == len(set.union(*groups_of_parts))


@pytest.mark.parametrize("strategy", [SplitStrategy.GROUPED, SplitStrategy.BLOCKS])
def test_folds_have_a_block_of_each_class(strategy: SplitStrategy) -> None:
    samples = [
        sample
        for name, label in (("benign", False), ("early", True), ("pre", True), ("pro", True))
        for sample in images(32, label=label, class_name=name, group_size=8)
    ]
    for split in folds(samples, count=4, settings=SplitSettings(strategy=strategy)):
        assert Counter(sample.class_name for sample in split.test) == {"benign": 8, "early": 8, "pre": 8, "pro": 8}


def test_folds_are_repeatable_and_the_seed_decides() -> None:
    samples = samples_of([(True, 2), (False, 2)] * 10)
    first = folds(samples, count=4, settings=SplitSettings(seed=3))
    assert folds(samples, count=4, settings=SplitSettings(seed=3)) == first
    assert folds(samples, count=4, settings=SplitSettings(seed=4)) != first


@pytest.mark.parametrize(
    ("count", "reason"), [(1, "needs 2 folds or more"), (5, "only 4 groups hold images without ALL. Ask for 4 folds")]
)
def test_folds_that_cannot_be_are_refused(count: int, reason: str) -> None:
    samples = samples_of([(True, 2)] * 9 + [(False, 5)] * 4)
    with pytest.raises(DatasetError, match=reason):
        folds(samples, count=count, settings=SplitSettings())


def test_folds_that_leave_nothing_to_choose_by_are_refused() -> None:
    with pytest.raises(DatasetError, match="another number of folds or another seed"):
        folds(samples_of([(True, 1), (False, 1)] * 2), count=2, settings=SplitSettings())


def test_validation_by_images_takes_the_end_of_each_group_that_is_trained_on() -> None:
    samples = samples_of([(index % 2 == 0, 10) for index in range(8)])
    settings = SplitSettings(validation_from=ValidationSource.IMAGES, validation_share=0.15, test_share=0.25)
    for split in (divide(samples, settings), *folds(samples, count=4, settings=settings)):
        trained, chosen, tested = ({sample.group for sample in part} for part in parts_of(split))
        assert trained == chosen
        assert not trained & tested
        assert len(tested) == 2
        for group in trained:
            own = [sample for sample in samples if sample.group == group]
            assert [sample for sample in split.validation if sample.group == group] == own[-2:]


def test_validation_by_images_needs_groups_of_several() -> None:
    samples = samples_of([(index % 2 == 0, 1) for index in range(20)])
    with pytest.raises(DatasetError, match="Each group is a single image"):
        divide(samples, SplitSettings(validation_from=ValidationSource.IMAGES))
