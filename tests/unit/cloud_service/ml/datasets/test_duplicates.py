import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from cloud_service.ml.datasets.duplicates import (
    DuplicateSet,
    LeakError,
    LeakKind,
    Likeness,
    find_duplicates,
    find_leaks,
    require_no_leaks,
)
from cloud_service.ml.datasets.fingerprints import fingerprints_of, near_pairs
from cloud_service.ml.datasets.samples import DatasetError, Sample
from cloud_service.ml.datasets.split import Split
from cloud_service.ml.synthetic.dataset import render


def picture(seed: int) -> Image.Image:
    return Image.fromarray(render("crop", seed, "all", (128, 128)).image)


def saved(root: Path, name: str, image: Image.Image, *, is_all: bool = True, quality: int = 92) -> Sample:
    image.save(root / name, quality=quality)
    return Sample(root / name, is_all, name)


def found_in(samples: list[Sample]) -> list[DuplicateSet]:
    return find_duplicates(samples, fingerprints_of(samples))


def turned(way: Image.Transpose) -> Callable[[Image.Image], Image.Image]:
    return lambda image: image.transpose(way)


ALTERED: dict[str, Callable[[Image.Image], Image.Image]] = {
    "compressed": lambda image: image,  # saved at a lower quality below
    "halved": lambda image: image.resize((64, 64)),
    "darker": lambda image: ImageEnhance.Brightness(image).enhance(0.85),
    "contrast": lambda image: ImageEnhance.Contrast(image).enhance(1.2),
    **{way.name.lower(): turned(way) for way in Image.Transpose},
}


@pytest.mark.parametrize("name", ALTERED)
def test_altered_copies_look_the_same(tmp_path: Path, name: str) -> None:
    image = picture(1)
    samples = [
        saved(tmp_path, "original.jpg", image),
        saved(tmp_path, "other.jpg", picture(2)),
        saved(tmp_path, "copy.jpg", ALTERED[name](image), quality=60),
    ]
    assert found_in(samples) == [DuplicateSet(Likeness.NEAR, (samples[0], samples[2]))]


def test_equal_files_are_one_set_and_count_once_as_pictures(tmp_path: Path) -> None:
    samples = [saved(tmp_path, f"{index}.png", picture(3), is_all=index > 0) for index in range(3)]
    (same,) = found_in(samples)
    assert (same.likeness, len(same.samples)) == (Likeness.EXACT, 3)
    assert same.crosses_labels
    assert same.crosses_classes
    samples.append(saved(tmp_path, "small.png", picture(3).resize((96, 96))))
    exact, near = found_in(samples)
    assert (exact, near.likeness, set(near.samples)) == (same, Likeness.NEAR, set(samples))


def test_pictures_of_one_kind_are_told_apart(tmp_path: Path) -> None:
    crops = [saved(tmp_path, f"{seed}.jpg", picture(seed)) for seed in range(40)]
    assert found_in(crops) == []
    assert len(near_pairs([])) == 0


def test_a_broken_image_is_named(tmp_path: Path) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"no image")
    with pytest.raises(DatasetError, match=r"broken\.jpg of the data set cannot be used"):
        fingerprints_of([Sample(tmp_path / "broken.jpg", is_all=True, group="g")])


@pytest.fixture
def clean(tmp_path: Path) -> Split:
    """Nothing shared: two images in each part."""
    made = [saved(tmp_path, f"{seed}.png", picture(seed), is_all=seed % 2 == 0) for seed in range(6)]
    return Split(tuple(made[:2]), tuple(made[2:4]), tuple(made[4:]))


def test_a_clean_split_is_let_through(clean: Split) -> None:
    assert require_no_leaks(clean, allowed=False) == ()


def test_a_group_in_two_parts_is_refused_or_stated(clean: Split) -> None:
    shared = Split(
        (clean.training[0], dataclasses.replace(clean.training[1], group="patient")),
        clean.validation,
        (dataclasses.replace(clean.test[0], group="patient"), clean.test[1]),
    )
    (leak,) = find_leaks(shared)
    assert (leak.kind, leak.parts) == (LeakKind.GROUP, ("training", "test"))
    with pytest.raises(LeakError, match=r"belong to one group and are divided between.*--allow-leaks"):
        require_no_leaks(shared, allowed=False)
    (statement,) = require_no_leaks(shared, allowed=True)
    assert statement == (
        "2 images in 1 set belong to one group and are divided between training and test, such as 1.png and 4.png."
    )


def test_copies_in_other_parts_are_leaks(clean: Split, tmp_path: Path) -> None:
    (tmp_path / "copy.png").write_bytes(clean.training[0].path.read_bytes())
    upside_down = saved(tmp_path, "turned.png", Image.open(clean.training[1].path).rotate(180))
    leaky = Split(
        clean.training,
        (*clean.validation, Sample(tmp_path / "copy.png", is_all=True, group="copy")),
        (*clean.test, upside_down),
    )
    prints = fingerprints_of([*leaky.training, *leaky.validation, *leaky.test])
    leaks = find_leaks(leaky, prints)
    assert [(leak.kind, leak.parts) for leak in leaks] == [
        (LeakKind.EXACT, ("training", "validation")),
        (LeakKind.NEAR, ("training", "test")),
    ]
    assert len(require_no_leaks(leaky, allowed=True, fingerprints=prints)) == 2


def test_copies_within_a_part_are_no_leak(clean: Split, tmp_path: Path) -> None:
    (tmp_path / "copy.png").write_bytes(clean.test[0].path.read_bytes())
    copy = Sample(tmp_path / "copy.png", clean.test[0].is_all, "copy")
    assert find_leaks(Split(clean.training, clean.validation, (*clean.test, copy))) == []


def test_single_cells_beside_the_fields_that_they_may_come_from(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)

    def made(name: str, kind: str) -> Sample:
        noise = Image.fromarray(rng.integers(0, 256, (40, 40, 3), dtype=np.uint8))
        return dataclasses.replace(saved(tmp_path, name, noise), kind=kind)

    field, other, cell = made("Im001_1.jpg", "field"), made("Im002_0.jpg", "field"), made("Im001_1.tif", "crop")
    assert find_leaks(Split((field,), (other,), ())) == []
    (leak,) = find_leaks(Split((field, other), (), (cell,)))
    assert leak.kind is LeakKind.CUT_OUT
    assert "no name says which" in require_no_leaks(Split((field, other), (), (cell,)), allowed=True)[0]
