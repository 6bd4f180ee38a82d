import errno
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from cloud_service.ml.datasets.samples import DatasetError, Sample
from cloud_service.ml.datasets.split import Split, SplitSettings, divide
from cloud_service.ml.datasets.split_file import replay_split, save_split, split_digest

SETTINGS = SplitSettings(seed=7)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "set"


@pytest.fixture
def samples(root: Path) -> list[Sample]:
    """Ten images of each label."""
    root.mkdir()
    made = []
    for index in range(20):
        path = root / f"{index:02d}.jpg"
        path.write_bytes(str(index).encode())
        made.append(Sample(path, index % 2 == 0, f"g{index}"))
    return made


def test_a_split_is_replayed_as_it_was(root: Path, samples: list[Sample], tmp_path: Path) -> None:
    split = divide(samples, SETTINGS)
    written = save_split(split, root=root, settings=SETTINGS, file=tmp_path / "split.json")
    assert replay_split(tmp_path / "split.json", samples[::-1], root=root) == split
    assert written.settings == SETTINGS
    assert written.split_digest == split_digest(split, root)
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["split.json"]


def test_the_digest_knows_the_parts_but_no_order(root: Path, samples: list[Sample]) -> None:
    split = divide(samples, SETTINGS)
    digest = split_digest(split, root)
    assert split_digest(Split(split.training[::-1], split.validation, split.test), root) == digest
    assert split_digest(Split(split.training, split.test, split.validation), root) != digest


def test_another_data_set_is_refused(root: Path, samples: list[Sample], tmp_path: Path) -> None:
    file = tmp_path / "split.json"
    save_split(divide(samples, SETTINGS), root=root, settings=SETTINGS, file=file)
    (root / "00.jpg").write_bytes(b"another image")
    with pytest.raises(DatasetError, match=r"divides another data set than .*set: .* or make a new split"):
        replay_split(file, samples, root=root)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda parts: parts["test"].append(parts["training"].pop()), "does not have the digest"),
        (lambda parts: parts["test"].pop(), "does not name each image"),
        (lambda parts: parts["test"].append(parts["training"][0]), "does not name each image"),
        (lambda parts: parts.pop("test"), "cannot be used as a split: Field required"),
    ],
)
def test_an_altered_file_is_refused(
    root: Path, samples: list[Sample], tmp_path: Path, change: Callable[[dict[str, list[str]]], object], reason: str
) -> None:
    file = tmp_path / "split.json"
    save_split(divide(samples, SETTINGS), root=root, settings=SETTINGS, file=file)
    parts = json.loads(file.read_text(encoding="utf-8"))
    change(parts)
    file.write_text(json.dumps(parts), encoding="utf-8")
    with pytest.raises(DatasetError, match=reason):
        replay_split(file, samples, root=root)


def test_no_file_is_no_split(root: Path, samples: list[Sample], tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"No such file.*smearflow dataset split"):
        replay_split(tmp_path / "gone.json", samples, root=root)


def test_an_earlier_split_is_not_overwritten(root: Path, samples: list[Sample], tmp_path: Path) -> None:
    (tmp_path / "split.json").write_text("precious", encoding="utf-8")
    with pytest.raises(DatasetError, match="exists already"):
        save_split(divide(samples, SETTINGS), root=root, settings=SETTINGS, file=tmp_path / "split.json")


def test_a_full_disk_leaves_nothing(
    root: Path, samples: list[Sample], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Path.write_bytes

    def half(path: Path, content: bytes) -> int:
        whole(path, content[: len(content) // 2])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", half)
    with pytest.raises(DatasetError, match="No space left on device"):
        save_split(divide(samples, SETTINGS), root=root, settings=SETTINGS, file=tmp_path / "split.json")
    assert [path for path in tmp_path.iterdir() if path.is_file()] == []
