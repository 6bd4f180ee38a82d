import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from cloud_service.ml.datasets.inspection import Inspection, inspect
from cloud_service.ml.datasets.inspection_text import show_inspection
from cloud_service.ml.datasets.reading import Layout, read_dataset
from cloud_service.ml.datasets.sheet import draw_sheet
from cloud_service.ml.datasets.split import Split
from cloud_service.ml.datasets.survey import survey
from cloud_service.ml.synthetic.dataset import render


@pytest.fixture(scope="module")
def spoilt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set with all that an inspection looks for.

    Twelve crops, those with ALL larger; one of them is also a file labelled hem, one lies mirrored beside itself, and
    one is broken.
    """
    root = tmp_path_factory.mktemp("spoilt")
    for index in range(12):
        label = ("hem", "pre")[index % 2]
        side = (96, 120)[index % 2]
        (root / label).mkdir(exist_ok=True)
        crop = Image.fromarray(render("crop", index, "all" if label == "pre" else "not_all", (side, side)).image)
        crop.save(root / label / f"{index}.png")
    (root / "hem/copy.png").write_bytes((root / "pre/1.png").read_bytes())
    Image.open(root / "hem/0.png").transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(root / "hem/mirrored.png")
    (root / "pre/[broken].png").write_bytes(b"not an image")
    return root


@pytest.fixture(scope="module")
def inspection(spoilt: Path) -> Inspection:
    samples = read_dataset(spoilt)
    return inspect(spoilt, Layout.CLASS_FOLDERS, samples, survey(samples), None)


def shown(inspection: Inspection) -> str:
    file = io.StringIO()
    show_inspection(inspection, Console(file=file, width=160))
    return file.getvalue()


def test_counts_and_sizes(inspection: Inspection) -> None:
    assert (inspection.images, inspection.with_all, inspection.without) == (15, 7, 8)
    assert [(one.name, one.is_all, one.images) for one in inspection.classes] == [("hem", False, 8), ("pre", True, 7)]
    assert [(size.width, size.with_all, size.without) for size in inspection.sizes] == [(96, 0, 7), (120, 6, 1)]
    assert (inspection.groups.count, inspection.groups.largest, inspection.groups.with_both_labels) == (15, 1, 0)


def test_files_that_cannot_be_read_are_named_with_the_reason(inspection: Inspection) -> None:
    (file,) = inspection.unreadable
    assert file.path == "pre/[broken].png"
    assert "holds text" in file.reason


def test_duplicates_say_what_they_cross(inspection: Inspection) -> None:
    exact, near = inspection.duplicates
    assert (exact.paths, exact.crosses_labels, exact.crosses_groups) == (("hem/copy.png", "pre/1.png"), True, True)
    assert (near.likeness, near.paths, near.crosses_labels) == ("near", ("hem/0.png", "hem/mirrored.png"), False)


def test_size_that_tracks_the_class_is_found_out(inspection: Inspection) -> None:
    figures = {one.name: one for one in inspection.predictors}
    assert list(figures) == ["image size", "background colour", "corners", "colours"]
    assert figures["image size"].grouped > 0.9
    assert any("image size alone predicts the class" in warning for warning in inspection.warnings)


def test_warnings_and_the_text_for_a_person(inspection: Inspection) -> None:
    assert [re.split("[;:.]", warning)[0] for warning in inspection.warnings[:4]] == [
        "1 of the images cannot be read",
        "1 of the duplicate sets are labelled ALL and not ALL",
        "2 of the duplicate sets lie in several groups, so a split may divide them",
        "Each image is a group of its own",
    ]
    text = shown(inspection)
    for part in (
        "15 images",
        "15 groups of 1 image each",
        "pre/[broken].png",
        "hem/copy.png, pre/1.png",
        "labels, classes, groups",
        "120 x 120",
    ):
        assert part in text


def test_a_split_is_checked_for_leaks(tmp_path: Path) -> None:
    for name in ("hem", "pre"):
        (tmp_path / name).mkdir()
        Image.fromarray(render("crop", 1, "all", (64, 64)).image).save(tmp_path / f"{name}/same.png")
    samples = read_dataset(tmp_path)
    found = survey(samples)
    leaky = inspect(tmp_path, Layout.CLASS_FOLDERS, samples, found, Split((samples[0],), (), (samples[1],)))
    assert leaky.leaks == (
        "2 images in 1 set are the same file and are divided between training and test, such as same.png and same.png.",
    )
    assert leaky.leaks[0] in leaky.warnings
    together = inspect(tmp_path, Layout.CLASS_FOLDERS, samples, found, Split(tuple(samples), (), ()))
    assert together.leaks == ()
    assert "share no group, file or picture" in shown(together)


def test_centres_beyond_the_edge_are_found(tmp_path: Path) -> None:
    for folder in ("im", "xyc"):
        (tmp_path / folder).mkdir()
    for stem in ("Im001_1", "Im002_0"):
        Image.fromarray(render("crop", 1, "all", (64, 64)).image).save(tmp_path / f"im/{stem}.jpg", quality=90)
    (tmp_path / "xyc/Im001_1.xyc").write_text("20 20\n64 10\n", encoding="ascii")
    samples = read_dataset(tmp_path)
    found = inspect(tmp_path, Layout.ALL_IDB1, samples, survey(samples), None)
    assert found.marked_blasts == 2
    assert found.predictors == ()  # one image of each label: nothing to hold out
    assert any("1 of the images have blast centres outside their edges" in warning for warning in found.warnings)
    assert "2 blasts are marked" in shown(found)


def test_the_sheet_has_a_row_for_each_class_and_set_of_duplicates(spoilt: Path, inspection: Inspection) -> None:
    sheet = Image.open(io.BytesIO(draw_sheet(inspection, read_dataset(spoilt))))
    assert sheet.format == "PNG"
    rows = 4  # hem, pre, the same file, the mirrored one
    assert sheet.size == (1590, 2 * 18 + 30 + rows * (30 + 150 + 6))
    grey = sheet.convert("L")
    darkest = [np.asarray(grey.crop((18, 78 + row * 186, 168, 228 + row * 186))).min() for row in range(rows)]
    assert max(darkest) < 150  # a cell in each row
