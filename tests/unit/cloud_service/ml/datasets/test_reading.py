from pathlib import Path

import pytest

from cloud_service.ml.datasets.reading import read_dataset
from cloud_service.ml.datasets.samples import DatasetError, dataset_digest


def touch(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(name.encode())


def manifest(root: Path, *lines: str) -> None:
    (root / "manifest.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_class_folders(tmp_path: Path) -> None:
    touch(tmp_path, "Benign/b.jpg", "Early/a.PNG", "Pro/deep/c.tif", "Pro/notes.txt", "Pro/.hidden.jpg", ".cache/x.jpg")
    found = [(sample.path.name, sample.is_all, sample.group) for sample in read_dataset(tmp_path)]
    assert found == [
        ("b.jpg", False, "Benign/b.jpg"),
        ("a.PNG", True, "Early/a.PNG"),
        ("c.tif", True, "Pro/deep/c.tif"),
    ]


def test_manifest(tmp_path: Path) -> None:
    touch(tmp_path, "images/1.jpg", "images/2.jpg")
    manifest(tmp_path, "path,label,subtype,group,kind", "images/2.jpg,ALL,pre,p1,field", "images/1.jpg,NOT_ALL,,,")
    found = [(sample.path.name, sample.is_all, sample.group, sample.kind) for sample in read_dataset(tmp_path)]
    assert found == [("2.jpg", True, "p1", "field"), ("1.jpg", False, "images/1.jpg", "unnamed")]


def test_a_manifest_saved_by_a_spreadsheet_is_read(tmp_path: Path) -> None:
    touch(tmp_path, "1.jpg", "2.jpg")
    (tmp_path / "manifest.csv").write_bytes("\ufeffpath,label\r\n1.jpg,all\r\n2.jpg,Not ALL\r\n".encode())
    assert [sample.is_all for sample in read_dataset(tmp_path)] == [True, False]


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (["path,group", "1.jpg,a"], "lacks the column 'label'"),
        ([], "lacks the column 'path'"),
        (["path,label", "1.jpg,ALL", "gone.jpg,hem"], r"line 3: there is no file 'gone\.jpg'"),
        (["path,label", "../outside.jpg,ALL"], "leaves the data set"),
        (["path,label", "1.jpg,maybe"], "line 2: the class 'maybe' is not known"),
        (["path,label", "1.jpg"], "the class '' is not known"),
        (["path,label", ",ALL"], "there is no file ''"),
        (["path,label", "1.jpg,ALL", "1.jpg,hem"], "lists '1.jpg' twice"),
        (["path,label", "1.jpg,ALL"], "one label only"),
    ],
)
def test_a_wrong_manifest_is_refused_with_the_reason(tmp_path: Path, lines: list[str], reason: str) -> None:
    root = tmp_path / "set"
    touch(root, "1.jpg", "../outside.jpg")
    manifest(root, *lines)
    with pytest.raises(DatasetError, match=reason):
        read_dataset(root)


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        (["loose.jpg"], "neither a manifest.csv nor a folder"),
        (["all/1.jpg", "benign/readme.txt"], "benign holds no images"),
        (["all/1.jpg", "other/1.jpg"], "the class 'other' is not known"),
        (["all/1.jpg", "pre/1.jpg"], "one label only"),
    ],
)
def test_wrong_class_folders_are_refused_with_the_reason(tmp_path: Path, names: list[str], reason: str) -> None:
    touch(tmp_path, *names)
    with pytest.raises(DatasetError, match=reason):
        read_dataset(tmp_path)


def test_no_folder_is_no_data_set(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="is not a folder"):
        read_dataset(tmp_path / "nowhere")


def test_the_digest_knows_contents_names_and_labels_but_no_order(tmp_path: Path) -> None:
    touch(tmp_path, "all/1.jpg", "hem/2.jpg")
    samples = read_dataset(tmp_path)
    before = dataset_digest(samples, tmp_path)
    assert dataset_digest(samples[::-1], tmp_path) == before
    (tmp_path / "hem/2.jpg").write_bytes(b"another image")
    assert dataset_digest(samples, tmp_path) != before
    (tmp_path / "hem/2.jpg").write_bytes(b"hem/2.jpg")
    assert dataset_digest(samples, tmp_path) == before
    (tmp_path / "hem").rename(tmp_path / "benign")
    assert dataset_digest(read_dataset(tmp_path), tmp_path) != before
