"""Procedural smears: repeatable, true to their label, and blind to it in all that is a nuisance."""

import csv
import dataclasses
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cloud_service.ml.synthetic.dataset import write_dataset
from cloud_service.ml.synthetic.parameters import (
    CropParameters,
    FieldParameters,
    Light,
    Slide,
    SmearLabel,
    Stain,
    draw_crop,
    draw_field,
    draw_slide,
)
from cloud_service.ml.synthetic.smear import SyntheticImage, make_crop, make_field
from cloud_service.ml.synthetic.white_cells import STYLES, CellKind

LABELS: tuple[SmearLabel, ...] = ("all", "not_all")


def small_field(seed: int, label: SmearLabel) -> SyntheticImage:
    return make_field(seed, draw_field(seed, label, width=648, height=486))


def inner_disc(smear: SyntheticImage, kind: CellKind, part: float) -> np.ndarray:
    """Mean colour of the middle of each cell of one kind that lies wholly inside, shape (n, 3)."""
    height, width = smear.image.shape[:2]
    colours = []
    for cell in smear.cells:
        reach = int(cell.radius * part)
        x, y = round(cell.x), round(cell.y)
        if cell.kind is kind and reach < x < width - reach and reach < y < height - reach:
            colours.append(smear.image[y - reach : y + reach + 1, x - reach : x + reach + 1].mean((0, 1)))
    return np.array(colours)


@pytest.mark.parametrize("label", LABELS)
def test_same_seed_same_pixels_other_seed_other_pixels(label: SmearLabel) -> None:
    first, again, other = small_field(1, label), small_field(1, label), small_field(2, label)
    np.testing.assert_array_equal(first.image, again.image)
    assert first.cells == again.cells
    assert not np.array_equal(first.image, other.image)


@pytest.mark.parametrize("seed", range(8))
def test_label_says_whether_blasts_are_there(seed: int) -> None:
    for label in LABELS:
        kinds = {cell.kind for cell in small_field(seed, label).cells}
        assert (CellKind.LYMPHOBLAST in kinds) == (label == "all")
        crop_kinds = {cell.kind for cell in make_crop(seed, draw_crop(seed), label).cells}
        assert (CellKind.LYMPHOBLAST in crop_kinds) == (label == "all")


@pytest.mark.parametrize("seed", range(8))
def test_slide_and_number_of_cells_do_not_follow_the_label(seed: int) -> None:
    blast, mature = draw_field(seed, "all"), draw_field(seed, "not_all")
    assert dataclasses.replace(blast, label="not_all") == mature


def test_number_of_white_and_red_cells_is_alike_for_both_labels() -> None:
    counts = {label: np.zeros(2) for label in LABELS}
    for seed in range(12):
        for label in LABELS:
            kinds = [cell.kind for cell in small_field(seed, label).cells]
            counts[label] += (kinds.count(CellKind.RED), sum(kind in STYLES for kind in kinds))
    np.testing.assert_allclose(counts["all"], counts["not_all"], rtol=0.1)


@pytest.mark.parametrize("size", [(648, 486), (500, 300)])
def test_field_has_the_size_and_type_asked_for(size: tuple[int, int]) -> None:
    smear = make_field(0, draw_field(0, "all", width=size[0], height=size[1]))
    assert smear.image.shape == (size[1], size[0], 3)
    assert smear.image.dtype == np.uint8
    assert all(0 <= cell.x < size[0] and 0 <= cell.y < size[1] for cell in smear.cells)


def test_crop_has_its_cell_in_the_middle() -> None:
    crop = make_crop(5, CropParameters(), "all")
    assert crop.image.shape == (257, 257, 3)
    (blast,) = [cell for cell in crop.cells if cell.kind is CellKind.LYMPHOBLAST]
    assert np.hypot(blast.x - 128.5, blast.y - 128.5) <= 1.0 / 0.078 + 1


def test_ground_truth_points_at_what_was_drawn() -> None:
    smear = make_field(3, FieldParameters(label="all", width=1296, height=972, slide=Slide(density=0.2)))
    empty = np.percentile(smear.image, 95, axis=(0, 1))
    blasts, red = inner_disc(smear, CellKind.LYMPHOBLAST, 0.4), inner_disc(smear, CellKind.RED, 0.6)
    assert len(blasts) >= 3
    assert len(red) >= 20
    assert (blasts[:, 1] < 0.5 * empty[1]).all()  # chromatin takes green light away
    assert (blasts[:, 2] > blasts[:, 1]).all()  # and looks purple
    assert (red[:, 0] > red[:, 1]).all()  # red cells look pink
    assert red[:, 1].mean() < 0.9 * empty[1]


def test_blasts_have_larger_and_paler_nuclei_than_lymphocytes() -> None:
    blast, lymphocyte = STYLES[CellKind.LYMPHOBLAST], STYLES[CellKind.LYMPHOCYTE]
    assert blast.radius_um[0] > lymphocyte.radius_um[0]
    assert blast.radius_um[1] > lymphocyte.radius_um[1]
    assert blast.chromatin.amount < lymphocyte.chromatin.amount
    assert blast.chromatin.grain_um < lymphocyte.chromatin.grain_um
    assert blast.nucleoli > lymphocyte.nucleoli == 0


@pytest.mark.parametrize(
    ("changed", "darker"),
    [
        (Slide(light=Light(level=150.0)), True),
        (Slide(stain=Stain(strength=1.6)), True),
        (Slide(density=0.7), True),
        (Slide(light=Light(level=250.0)), False),
    ],
    ids=["lamp down", "strong stain", "dense", "lamp up"],
)
def test_nuisance_parameters_do_what_they_say(changed: Slide, *, darker: bool) -> None:
    plain, other = (
        make_field(0, FieldParameters(width=648, height=486, slide=slide)).image.mean() for slide in (Slide(), changed)
    )
    assert (other < plain) == darker


def test_blur_and_noise_change_detail() -> None:
    def detail(slide: Slide) -> float:
        image = make_field(0, FieldParameters(width=648, height=486, slide=slide)).image.astype(float)
        return float(np.abs(np.diff(image, axis=1)).mean())

    assert detail(Slide(blur_um=0.5)) < detail(Slide()) < detail(Slide(noise=8.0))


def test_drawn_slides_differ_in_stain_and_light() -> None:
    slides = [draw_slide(seed) for seed in range(40)]
    assert np.ptp([slide.light.level for slide in slides]) > 25
    assert np.ptp([slide.stain.strength for slide in slides]) > 0.3
    assert np.ptp([slide.stain.eosin[0] for slide in slides]) > 0.08


def test_dataset_on_disk(tmp_path: Path) -> None:
    manifest = write_dataset(tmp_path / "set", "crop", 6, seed=1, size=(96, 96))
    rows = list(csv.DictReader(manifest.read_text(encoding="utf-8").splitlines()))
    assert [row["label"] for row in rows] == ["all", "not_all"] * 3
    assert [row["group"] for row in rows[:2]] == ["slide-00000"] * 2
    for row in rows:
        assert row["path"].startswith(f"{row['label']}/")
        with Image.open(tmp_path / "set" / row["path"]) as image:
            assert (image.format, image.size) == ("JPEG", (96, 96))


def test_dataset_is_repeatable_and_its_seeds_share_nothing(tmp_path: Path) -> None:
    def contents(folder: str, seed: int) -> dict[str, bytes]:
        write_dataset(tmp_path / folder, "field", 2, seed, size=(320, 240))
        return {path.name: path.read_bytes() for path in (tmp_path / folder).rglob("*.jpg")}

    first = contents("first", 7)
    assert first == contents("again", 7)
    assert not set(first.values()) & set(contents("other", 8).values())


def test_empty_dataset_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least one"):
        write_dataset(tmp_path, "crop", 0, seed=0)
