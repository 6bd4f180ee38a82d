import json
from pathlib import Path

import pytest
from PIL import Image

from cloud_service.ml.datasets import commands
from cloud_service.ml.datasets.duplicates import LeakError
from cloud_service.ml.datasets.reading import Layout, read_dataset
from cloud_service.ml.datasets.samples import DatasetError
from cloud_service.ml.datasets.split_file import replay_split
from tests.support.commands import Commands
from tests.support.real_smears import FIELDS, needs_fields

dataset = Commands(app=commands.app)
run = dataset.said


def refused(*arguments: object) -> str:
    """What is said of a command line that is wrong, in one line."""
    result = dataset.run(*arguments)
    assert result.exit_code == 2, result.output
    return " ".join(result.output.split())


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three subjects of each label, four cells of each."""
    out = tmp_path_factory.mktemp("data") / "set"
    run("synthesise", "--layout", "c-nmc", "--crops", 24, "--out", out)
    return out


def test_inspect_for_people_and_for_programs(data: Path, tmp_path: Path) -> None:
    text = run("inspect", data, "--sheet", tmp_path / "sheet.png")
    assert "layout c-nmc, 24 images" in text
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.width == 1590


def test_inspect_checks_a_split(data: Path, tmp_path: Path) -> None:
    file = tmp_path / "split.json"
    run("split", data, "--out", file)
    found = json.loads(run("inspect", data, "--split", file, "--json", "--layout", "c-nmc"))
    assert found["leaks"] == []
    assert (found["images"], found["with_all"], found["groups"]["count"], found["unreadable"]) == (24, 12, 6, [])


def test_split_writes_what_can_be_replayed(data: Path, tmp_path: Path) -> None:
    file = tmp_path / "split.json"
    assert "to train on" in run("split", data, "--out", file, "--seed", 3)
    split = replay_split(file, read_dataset(data), root=data)
    assert len(split.training) + len(split.validation) + len(split.test) == 24
    with pytest.raises(DatasetError, match="exists already"):
        run("split", data, "--out", file)


def test_split_writes_a_file_for_each_fold(data: Path, tmp_path: Path) -> None:
    run("split", data, "--out", tmp_path / "fold.json", "--folds", 3)
    samples = read_dataset(data)
    splits = [replay_split(tmp_path / f"fold-{number}.json", samples, root=data) for number in (1, 2, 3)]
    assert sorted(sample.path for split in splits for sample in split.test) == sorted(sample.path for sample in samples)


def test_a_leak_is_refused_unless_allowed(data: Path, tmp_path: Path) -> None:
    asked = ("split", data, "--out", tmp_path / "split.json", "--strategy", "stratified")
    with pytest.raises(LeakError, match="belong to one group"):
        run(*asked)
    assert list(tmp_path.iterdir()) == []
    assert "Allowed leak: " in run(*asked, "--allow-leaks")


@pytest.mark.parametrize(
    ("shares", "reason"),
    [(("--test", "0"), "test_share"), (("--test", "0.5", "--validation", "0.5"), "nothing to train on")],
)
def test_shares_that_leave_a_part_empty_are_refused(
    data: Path, tmp_path: Path, shares: tuple[str, ...], reason: str
) -> None:
    assert reason in refused("split", data, "--out", tmp_path / "split.json", *shares)


def test_synthesise_knows_what_a_layout_holds(tmp_path: Path) -> None:
    run("synthesise", "--layout", "all-idb2", "--crops", 4, "--out", tmp_path / "set")
    assert len(read_dataset(tmp_path / "set", Layout.ALL_IDB2)) == 4
    out = refused("synthesise", "--layout", "all-idb2", "--fields", 4, "--out", tmp_path / "other")
    assert "holds no fields" in out


@pytest.mark.slow
@needs_fields
def test_the_real_fields_are_inspected(tmp_path: Path) -> None:
    found = json.loads(run("inspect", FIELDS, "--json"))
    assert (found["layout"], found["images"], found["with_all"], found["groups"]["count"]) == ("manifest", 690, 390, 16)
    assert found["unreadable"] == []
    assert found["duplicates"] == []
    assert [one["name"] for one in found["classes"]] == ["benign", "early", "pre", "pro"]
    assert {one["name"]: one["grouped"] > 0.7 for one in found["predictors"]} == {
        "image size": False,
        "background colour": True,
        "corners": True,
        "colours": True,
    }
    run("split", FIELDS, "--out", tmp_path / "fold.json", "--folds", 4)
    assert len(list(tmp_path.glob("fold-*.json"))) == 4
