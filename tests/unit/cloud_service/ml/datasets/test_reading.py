from pathlib import Path

import pytest

from cloud_service.ml.datasets.reading import Layout, read_dataset, recognise
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
        (["path,label", "1" * 5000 + ".jpg,ALL"], "no path that a file can have"),
        (["path,label", "1\0.jpg,ALL"], "no path that a file can have"),
        (["path,label", "1.jpg,maybe"], "line 2: the class 'maybe' is not known"),
        (["path,label", "1.jpg"], "the class '' is not known"),
        (["path,label", ",ALL"], "there is no file ''"),
        (["path,label", "1.jpg,ALL", "1.jpg,hem"], "lists '1.jpg' twice"),
        (["path,label", "1.jpg,ALL"], "one label only"),
        (
            ["path,label", "1.jpg,ALL", "Im001_0.jpg,hem", "Im002_0.jpg,all"],
            r"1 of the labels .* Im002_0\.jpg",
        ),
    ],
)
def test_a_wrong_manifest_is_refused_with_the_reason(tmp_path: Path, lines: list[str], reason: str) -> None:
    root = tmp_path / "set"
    touch(root, "1.jpg", "Im001_0.jpg", "Im002_0.jpg", "../outside.jpg")
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


def test_a_file_beside_class_folders_says_what_other_names_mean(tmp_path: Path) -> None:
    touch(tmp_path, "L1/1.jpg", "control/2.jpg", "pre/3.jpg")
    (tmp_path / "classes.csv").write_text("name,label\nL1,ALL\ncontrol,not ALL\n", encoding="utf-8")
    found = [(sample.class_name, sample.is_all) for sample in read_dataset(tmp_path)]
    assert found == [("L1", True), ("control", False), ("pre", True)]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("name,label\nhem,ALL\ngone,ALL\n", "names the folder 'gone'"),
        ("folder,label\nhem,ALL\n", "lacks the column 'name'; it needs name and label"),
        ("name,label\nhem,perhaps\n", "the class 'perhaps' is not known"),
        ("name,label\nhem\n", "the class '' is not known"),
    ],
)
def test_wrong_meanings_of_classes_are_refused(tmp_path: Path, text: str, reason: str) -> None:
    touch(tmp_path, "all/1.jpg", "hem/2.jpg")
    (tmp_path / "classes.csv").write_text(text, encoding="utf-8")
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


def xyc(root: Path, **centres: str) -> None:
    (root / "xyc").mkdir(exist_ok=True)
    for stem, text in centres.items():
        (root / "xyc" / f"{stem}.xyc").write_text(text, encoding="ascii")


def test_all_idb1_with_the_centres_of_its_blasts(tmp_path: Path) -> None:
    touch(tmp_path, "im/Im001_1.jpg", "im/Im002_0.jpg", "im/Thumbs.db")
    xyc(tmp_path, Im001_1="1203\t432\n\n 7 8.5 \n", Im002_0="")
    assert recognise(tmp_path) is Layout.ALL_IDB1
    blasts, healthy = read_dataset(tmp_path)
    assert (blasts.is_all, blasts.group, blasts.kind) == (True, "im/Im001_1.jpg", "field")
    assert (blasts.class_name, blasts.centres) == ("ALL", ((1203, 432), (7, 8.5)))
    assert (healthy.is_all, healthy.class_name, healthy.centres) == (False, "healthy", ())


@pytest.mark.parametrize("folder", ["", "img/", "ALL_IDB2/img/"])
def test_all_idb2_as_it_unpacks_and_flat(tmp_path: Path, folder: str) -> None:
    touch(tmp_path, f"{folder}Im001_1.tif", f"{folder}Im131_0.tif")
    assert recognise(tmp_path) is Layout.ALL_IDB2
    found = [(sample.path.name, sample.is_all, sample.kind) for sample in read_dataset(tmp_path)]
    assert found == [("Im001_1.tif", True, "crop"), ("Im131_0.tif", False, "crop")]


@pytest.mark.parametrize("folder", ["im/", "ALL_IDB1/im/", ""])
def test_all_idb1_as_it_unpacks_and_flat(tmp_path: Path, folder: str) -> None:
    touch(tmp_path, f"{folder}Im001_1.jpg", f"{folder}Im002_0.jpg")
    assert recognise(tmp_path) is Layout.ALL_IDB1
    assert len(read_dataset(tmp_path)) == 2


@pytest.mark.parametrize("above", ["", "training_data/", "C-NMC_Leukemia/training_data/"])
def test_c_nmc_by_subject(tmp_path: Path, above: str) -> None:
    for fold in ("fold_0", "fold_1"):
        touch(
            tmp_path,
            f"{above}{fold}/all/UID_11_{fold[-1]}_1_all.bmp",
            f"{above}{fold}/hem/UID_H10_{fold[-1]}_3_hem.bmp",
        )
    assert recognise(tmp_path) is Layout.C_NMC
    found = [(sample.group, sample.is_all, sample.class_name) for sample in read_dataset(tmp_path)]
    assert found == [("UID_11", True, "all"), ("UID_H10", False, "hem")] * 2


@pytest.mark.parametrize(
    ("names", "centres", "reason"),
    [
        (["im/Im001_1.jpg", "im/photo.jpg"], {}, r"photo\.jpg is not named as ALL-IDB"),
        (["im/Im001_1.jpg", "im/Im002_0.jpg"], {"Im002_0": "3 4\n"}, "healthy by its name.*centres of 1 blasts"),
        (["im/Im001_1.jpg", "im/Im002_0.jpg"], {"Im001_1": "3\n"}, r"Im001_1\.xyc is no list of centres"),
        (["im/Im001_1.jpg", "im/Im002_0.jpg"], {"Im009_1": "3 4\n"}, "centres for im009_1"),
        (["im/Im001_1.jpg"], {}, "one label only"),
        (["im/Im001_1.jpg", "img/Im001_1.tif"], {}, "holds two data sets"),
        (["training_data/fold_0/all/UID_1_1_1_all.bmp"], {}, "hem is missing or holds no images"),
        (["fold_0/all/UID_1_1_1_all.bmp", "fold_0/hem/cell.bmp"], {}, "its subject is not known"),
        (["fold_0/all/UID_1_1_1_hem.bmp", "fold_0/hem/UID_H1_1_1_hem.bmp"], {}, "1 of the labels disagree"),
        (["Benign/WBC-Malignant-Pre-001.jpg", "Pre/1.jpg"], {}, "labelled not ALL, and its name says the opposite"),
    ],
)
def test_wrong_folders_of_known_sets_are_refused(
    tmp_path: Path, names: list[str], centres: dict[str, str], reason: str
) -> None:
    touch(tmp_path, *names)
    if centres:
        xyc(tmp_path, **centres)
    with pytest.raises(DatasetError, match=reason):
        read_dataset(tmp_path)


@pytest.mark.parametrize(
    ("layout", "reason"),
    [
        (Layout.ALL_IDB1, "no folder im"),
        (Layout.ALL_IDB2, "no folder img"),
        (Layout.C_NMC, "no training_data"),
        (Layout.MANIFEST, "no manifest.csv"),
    ],
)
def test_a_layout_that_the_folder_does_not_have_is_refused(tmp_path: Path, layout: Layout, reason: str) -> None:
    touch(tmp_path, "all/1.jpg", "hem/2.jpg")
    assert len(read_dataset(tmp_path, Layout.CLASS_FOLDERS)) == 2
    with pytest.raises(DatasetError, match=reason):
        read_dataset(tmp_path, layout)
