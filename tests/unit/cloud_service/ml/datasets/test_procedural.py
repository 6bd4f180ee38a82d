import errno
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cloud_service.ml.datasets.file_names import is_image
from cloud_service.ml.datasets.procedural import kinds_of, synthesise
from cloud_service.ml.datasets.reading import Layout, read_dataset, recognise
from cloud_service.ml.datasets.samples import DatasetError
from cloud_service.ml.synthetic.dataset import Kind, image_seed, render
from cloud_service.ml.synthetic.white_cells import CellKind

SMALL: dict[Kind, tuple[int, int]] = {"crop": (96, 96), "field": (320, 240)}


def made(directory: Path, layout: Layout, count: int = 4, seed: int = 1) -> None:
    synthesise(directory, dict.fromkeys(kinds_of(layout), count), seed, lambda _kind: None, layout=layout, sizes=SMALL)


@pytest.mark.parametrize("layout", Layout)
def test_what_is_drawn_is_recognised_and_read(tmp_path: Path, layout: Layout) -> None:
    made(tmp_path / "set", layout)
    assert recognise(tmp_path / "set") is layout
    samples = read_dataset(tmp_path / "set")
    assert len(samples) == 4 * len(kinds_of(layout))
    assert sum(sample.is_all for sample in samples) * 2 == len(samples)
    assert {sample.kind for sample in samples} <= {*kinds_of(layout), "unnamed"}
    assert [path.name for path in tmp_path.iterdir()] == ["set"]


@pytest.mark.parametrize("layout", Layout)
def test_the_seed_decides(tmp_path: Path, layout: Layout) -> None:
    def contents(name: str, seed: int) -> dict[str, bytes]:
        made(tmp_path / name, layout, 2, seed)
        images = (path for path in (tmp_path / name).rglob("*") if is_image(path))
        return {path.name: path.read_bytes() for path in images}

    first = contents("first", 3)
    assert contents("again", 3) == first
    assert not set(contents("other", 4).values()) & set(first.values())


def test_all_idb1_states_the_true_centres(tmp_path: Path) -> None:
    made(tmp_path / "set", Layout.ALL_IDB1, 2)
    blasts, healthy = read_dataset(tmp_path / "set")
    cells = render("field", image_seed(1, 0), "all", SMALL["field"]).cells
    true = [(round(cell.x), round(cell.y)) for cell in cells if cell.kind is CellKind.LYMPHOBLAST]
    assert list(blasts.centres) == true
    assert len(blasts.centres) > 0
    assert healthy.centres == ()


def test_all_idb2_has_crops_of_257_pixels_by_default(tmp_path: Path) -> None:
    synthesise(tmp_path / "set", {"crop": 2}, 1, lambda _kind: None, layout=Layout.ALL_IDB2)
    for sample in read_dataset(tmp_path / "set"):
        with Image.open(sample.path) as image:
            assert (image.format, image.size) == ("TIFF", (257, 257))


def test_c_nmc_has_subjects_of_one_class_and_cells_on_black(tmp_path: Path) -> None:
    synthesise(tmp_path / "set", {"crop": 12}, 1, lambda _kind: None, layout=Layout.C_NMC, sizes={"crop": (180, 180)})
    samples = read_dataset(tmp_path / "set")
    assert {sample.group for sample in samples} == {"UID_1", "UID_2", "UID_H1", "UID_H2"}
    assert {(sample.group.startswith("UID_H"), sample.is_all) for sample in samples} == {(True, False), (False, True)}
    pixels = np.asarray(Image.open(samples[0].path))
    assert (pixels[[0, 0, -1, -1], [0, -1, 0, -1]] == 0).all()
    assert pixels[90, 90].max() > 0


def test_a_folder_in_use_and_counts_that_cannot_be_are_refused(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    made(tmp_path / "set", Layout.ALL_IDB2, 2)  # an empty folder will do
    with pytest.raises(DatasetError, match="holds something already"):
        made(tmp_path / "set", Layout.ALL_IDB2)
    with pytest.raises(DatasetError, match="one of each label"):
        made(tmp_path / "other", Layout.ALL_IDB2, 1)
    with pytest.raises(DatasetError, match="all-idb2 holds crop images"):
        synthesise(tmp_path / "other", {"field": 4}, 1, lambda _kind: None, layout=Layout.ALL_IDB2)


def test_a_full_disk_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", refuse)
    with pytest.raises(DatasetError, match="cannot be written: No space left on device"):
        made(tmp_path / "set", Layout.ALL_IDB2)
    assert list(tmp_path.iterdir()) == []
