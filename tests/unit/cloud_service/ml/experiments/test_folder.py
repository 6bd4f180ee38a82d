import json
from pathlib import Path

import pytest

from cloud_service.ml.experiments.folder import ExperimentFolder, open_folder
from cloud_service.ml.experiments.material import ExperimentError
from cloud_service.ml.experiments.plan import Experiment
from tests.support.experiments import handmade_record, handmade_settings

SETTINGS = handmade_settings(Experiment.TABLE2, runs=2)


def test_the_same_settings_go_on(tmp_path: Path) -> None:
    folder = open_folder(tmp_path / "out", SETTINGS)
    folder.begin(SETTINGS)
    record = handmade_record(SETTINGS.plan.arms[0], 1)
    folder.finish(record)
    again = open_folder(tmp_path / "out", SETTINGS)
    assert again.finished(SETTINGS.plan.arms[0], 1) == record
    assert again.finished(SETTINGS.plan.arms[0], 2) is None


@pytest.mark.parametrize(
    ("other", "named"),
    [
        (handmade_settings(Experiment.TABLE2, runs=3), "plan.runs was 2, is now 3"),
        (handmade_settings(Experiment.TABLE2, runs=2, quick=True), "quick was False, is now True"),
        (handmade_settings(Experiment.TABLE5, runs=2), "plan.experiment was table2, is now table5"),
    ],
)
def test_other_settings_are_refused_by_name(tmp_path: Path, other: object, named: str) -> None:
    open_folder(tmp_path / "out", SETTINGS).begin(SETTINGS)
    with pytest.raises(ExperimentError, match="other settings") as caught:
        open_folder(tmp_path / "out", type(SETTINGS).model_validate(other))
    assert named in str(caught.value)


def test_other_data_are_refused(tmp_path: Path) -> None:
    open_folder(tmp_path / "out", SETTINGS).begin(SETTINGS)
    data = SETTINGS.data[0].model_copy(update={"digest": "f" * 64})
    with pytest.raises(ExperimentError, match=r"data\[1\]\.digest was 0123"):
        open_folder(tmp_path / "out", SETTINGS.model_copy(update={"data": (data,)}))


def test_a_folder_with_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ExperimentError, match="something else"):
        open_folder(tmp_path, SETTINGS)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_settings_of_another_version_are_refused(tmp_path: Path) -> None:
    open_folder(tmp_path / "out", SETTINGS).begin(SETTINGS)
    file = tmp_path / "out/experiment.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"schema_version": 99}))
    with pytest.raises(ExperimentError, match="no settings of an experiment of this version"):
        open_folder(tmp_path / "out", SETTINGS)


def test_a_damaged_run_is_named(tmp_path: Path) -> None:
    folder = open_folder(tmp_path / "out", SETTINGS)
    folder.begin(SETTINGS)
    arm = SETTINGS.plan.arms[0]
    folder.finish(handmade_record(arm, 1))
    file = tmp_path / f"out/runs/{arm.key}/run-1.json"
    file.write_text(file.read_text()[:100])
    with pytest.raises(ExperimentError, match=r"run-1\.json is no finished run .* Delete it"):
        folder.finished(arm, 1)


def test_what_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("a file where a folder is to be")
    with pytest.raises(ExperimentError, match=r"folder .*first-se-paper cannot be made: .*Not a directory"):
        ExperimentFolder(tmp_path).finish(handmade_record(SETTINGS.plan.arms[0], 1))
    assert [path.name for path in tmp_path.iterdir()] == ["runs"]
