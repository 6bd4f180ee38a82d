from dataclasses import replace
from pathlib import Path

import pytest
import torch

from cloud_service.ml.datasets.duplicates import LeakError
from cloud_service.ml.datasets.reading import Layout
from cloud_service.ml.datasets.samples import DatasetError
from cloud_service.ml.datasets.split_file import read_split_file
from cloud_service.ml.datasets.split_settings import ValidationSource
from cloud_service.ml.evaluation.answers import EvaluationError
from cloud_service.ml.experiments.experiment import Asked, make_experiment, settings_of
from cloud_service.ml.experiments.material import ExperimentError, read_material
from cloud_service.ml.experiments.plan import Arm, Experiment
from cloud_service.ml.experiments.record import RunRecord
from cloud_service.ml.experiments.report import Report
from cloud_service.ml.experiments.running import ExperimentListener, recipe_of
from cloud_service.ml.network.settings import NetworkSettings
from cloud_service.ml.training.records import EpochRecord, TrainingError
from cloud_service.ml.training.settings import AugmentationPreset, Recipe, TrainingSettings
from shared.imaging.preprocess import PreprocessSpec

RECIPE = Recipe(
    network=NetworkSettings(filters=(4, 4, 4), reduction=2, hidden_units=4),
    preprocess=PreprocessSpec(size=32, draft_edge=None),
    training=TrainingSettings(epochs=2, batch_size=4, threads=1),
)


def asked(
    experiment: Experiment,
    *datasets: Path,
    runs: int = 2,
    quick: bool = False,
    offline: bool = False,
    leaks_allowed: bool = False,
    recipes: tuple[str, ...] = ("tiny",),
) -> Asked:
    return Asked(
        experiment=experiment,
        datasets=tuple((dataset, None) for dataset in datasets),
        recipes=dict.fromkeys(recipes, RECIPE),
        runs=runs,
        command="smearflow experiment",
        quick=quick,
        offline=offline,
        leaks_allowed=leaks_allowed,
    )


def records_in(out: Path) -> dict[str, RunRecord]:
    files = sorted((out / "runs").glob("*/run-*.json"))
    return {f"{file.parent.name}/{file.stem}": RunRecord.model_validate_json(file.read_text()) for file in files}


def without_times(records: dict[str, RunRecord]) -> dict[str, RunRecord]:
    return {
        name: record.model_copy(
            update={
                "seconds": 0.0,
                "history": tuple(
                    epoch.model_copy(update={"seconds": 0.0, "images_per_second": 0.0}) for epoch in record.history
                ),
            }
        )
        for name, record in records.items()
    }


def test_leaves_a_report_and_all_that_repeating_needs(cells: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    report = make_experiment(asked(Experiment.TABLE5, cells), out)
    assert Report.model_validate_json((out / "report.json").read_text()) == report
    assert (out / "report.html").read_text().startswith("<!DOCTYPE html>")
    assert (out / "figures/augmented-samples.png").read_bytes().startswith(b"\x89PNG")
    records = records_in(out)
    assert set(records) == {f"first-{network}-tiny/run-{run}" for network in ("se", "plain") for run in (1, 2)}
    for record in records.values():
        written = read_split_file(out / record.splits[0].file)
        assert written.split_digest == record.splits[0].split_digest
        assert [answer.path for answer in record.test] == [f"first/{name}" for name in written.test]
        assert len(record.history) == 2
    assert not list(out.rglob("*.safetensors"))  # checkpoints are for runs that are not finished


def test_arms_of_a_run_share_split_and_colours_and_runs_do_not(cells: Path, tmp_path: Path) -> None:
    make_experiment(asked(Experiment.TABLE5, cells), tmp_path / "out")
    records = records_in(tmp_path / "out")
    se, plain, other = (
        records[name] for name in ("first-se-tiny/run-1", "first-plain-tiny/run-1", "first-se-tiny/run-2")
    )
    assert se.splits == plain.splits
    assert [answer.colour_logit for answer in se.test] == [answer.colour_logit for answer in plain.test]
    assert se.splits != other.splits
    assert (se.recipe.training.seed, other.recipe.training.seed) == (1, 2)
    assert (se.recipe.network.squeeze_excitation, plain.recipe.network.squeeze_excitation) == (True, False)


class Stopper:
    """Raises KeyboardInterrupt after so many epochs."""

    def __init__(self, epochs: int) -> None:
        self.left = epochs

    def __call__(self, _record: EpochRecord) -> None:
        self.left -= 1
        if not self.left:
            raise KeyboardInterrupt


def test_a_stopped_experiment_goes_on_as_if_it_had_not_been_stopped(cells: Path, tmp_path: Path) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    wanted = asked(Experiment.TABLE5, cells)
    make_experiment(wanted, whole)
    with pytest.raises(KeyboardInterrupt):
        make_experiment(wanted, parts, ExperimentListener(on_epoch=Stopper(3)))  # in the middle of the second run
    assert set(records_in(parts)) == {"first-se-tiny/run-1"}
    assert (parts / "runs/first-plain-tiny/run-1.jsonl").read_text().count("\n") == 1
    begun: list[tuple[str, int, int | None]] = []
    epochs: list[int] = []

    def on_run(arm: Arm, run: int, left: int | None) -> None:
        begun.append((arm.network, run, left))

    listener = ExperimentListener(on_run=on_run, on_epoch=lambda record: epochs.append(record.epoch))
    make_experiment(wanted, parts, listener)
    assert begun == [("SE-CNN", 1, None), ("traditional CNN", 1, 2), ("SE-CNN", 2, 2), ("traditional CNN", 2, 2)]
    assert epochs == [2, 1, 2, 1, 2]
    assert without_times(records_in(parts)) == without_times(records_in(whole))
    assert not list(parts.rglob("*.safetensors"))


def test_a_finished_experiment_trains_nothing(cells: Path, tmp_path: Path) -> None:
    wanted = asked(Experiment.TABLE2, cells, runs=1)
    first = make_experiment(wanted, tmp_path / "out")
    again = make_experiment(wanted, tmp_path / "out", ExperimentListener(on_epoch=Stopper(1)))
    assert again.arms == first.arms


def test_two_data_sets_are_divided_by_themselves_and_put_together(cells: Path, fields: Path, tmp_path: Path) -> None:
    report = make_experiment(asked(Experiment.TABLE5, fields, cells, runs=1), tmp_path / "out")
    record = records_in(tmp_path / "out")["both-se-tiny/run-1"]
    assert [split.data for split in record.splits] == ["first", "second"]
    tested = [answer.path.partition("/")[0] for answer in record.test]
    assert {tested.count("first"), tested.count("second")} <= {4, 5}  # a fifth of each data set's groups
    assert [data.name for data in report.data] == ["fields", "cells"]
    assert all(answer.group.startswith(("first/", "second/")) for answer in record.test)


def test_each_group_is_tested_in_one_fold(fields: Path, tmp_path: Path) -> None:
    make_experiment(asked(Experiment.FOLDS, fields, runs=3, recipes=("one", "two")), tmp_path / "out")
    records = records_in(tmp_path / "out")
    assert len(records) == 2 * 2 * 3
    tested = [{answer.group for answer in records[f"first-se-one/run-{fold}"].test} for fold in (1, 2, 3)]
    assert sum(len(groups) for groups in tested) == len(set().union(*tested)) == 12
    assert records["first-plain-two/run-2"].splits == records["first-se-one/run-2"].splits


def test_a_data_set_may_be_the_folder_at_hand(cells: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(cells)
    make_experiment(asked(Experiment.TABLE2, Path(), runs=1), tmp_path / "out")
    record = records_in(tmp_path / "out")["first-se-tiny/run-1"]
    assert all(answer.path.startswith("first/img/Im") for answer in record.test)


def test_an_answer_that_is_no_number_is_not_kept(cells: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = torch.tensor([float("nan")])
    monkeypatch.setattr(
        "cloud_service.ml.experiments.running.predict_logits", lambda _, pixels: nowhere.expand(len(pixels))
    )
    with pytest.raises(EvaluationError, match="gave no number"):
        make_experiment(asked(Experiment.TABLE2, cells, runs=1), tmp_path / "out")
    assert records_in(tmp_path / "out") == {}


def test_a_damaged_checkpoint_is_named_and_without_it_the_run_is_made_anew(cells: Path, tmp_path: Path) -> None:
    wanted, out = asked(Experiment.TABLE2, cells, runs=1), tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        make_experiment(wanted, out, ExperimentListener(on_epoch=Stopper(1)))
    (checkpoint,) = out.rglob("*.safetensors")
    checkpoint.write_bytes(b"half a check")
    with pytest.raises(TrainingError, match=r"run-1-checkpoint.* is damaged.* delete the file"):
        make_experiment(wanted, out)
    checkpoint.unlink()
    make_experiment(wanted, out)
    assert set(records_in(out)) == {"first-se-tiny/run-1"}


def test_quick_uses_fewer_images_and_says_so(cells: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cloud_service.ml.experiments.experiment.QUICK_IMAGES", 20)
    report = make_experiment(asked(Experiment.TABLE2, cells, runs=1, quick=True), tmp_path / "out")
    assert (report.data[0].images, report.data[0].with_all, report.data[0].images_in_folder) == (20, 10, 24)
    assert "20 of 24 images of cells" in report.cautions[0]


def test_copies_of_a_picture_in_two_parts_are_refused_or_stated(cells: Path, tmp_path: Path) -> None:
    for file in sorted((cells / "img").iterdir())[2:]:
        file.write_bytes((cells / "img" / f"Im00{file.stem[-1]}_{file.stem[-1]}.tif").read_bytes())
    with pytest.raises(LeakError, match="--allow-leaks"):
        make_experiment(asked(Experiment.TABLE2, cells, runs=1), tmp_path / "out")
    assert not (tmp_path / "out").exists()
    report = make_experiment(asked(Experiment.TABLE2, cells, runs=1, leaks_allowed=True), tmp_path / "out")
    assert any("are the same file" in line for line in report.cautions)


def test_too_few_groups_for_the_folds_are_refused(fields: Path, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="fewer"):
        make_experiment(asked(Experiment.FOLDS, fields, runs=9), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_recipes_that_want_other_shares_cannot_be_compared(fields: Path) -> None:
    other = RECIPE.model_copy(update={"training": RECIPE.training.model_copy(update={"test_share": 0.3})})
    wanted = replace(asked(Experiment.FOLDS, fields), recipes={"one": RECIPE, "two": other})
    with pytest.raises(ExperimentError, match="the same validation_share, validation_from and test_share"):
        settings_of(wanted, read_material(((fields, None),), None))


def test_the_same_folder_twice_is_refused(cells: Path) -> None:
    with pytest.raises(ExperimentError, match="same folder"):
        read_material(((cells, None), (cells, Layout.ALL_IDB2)), None)


def test_another_backbone_is_refused(cells: Path) -> None:
    materials = read_material(((cells, None),), None)
    recipe = RECIPE.model_copy(update={"network": NetworkSettings(backbone="resnet34")})
    wanted = replace(asked(Experiment.TABLE5, cells), recipes={"other": recipe})
    with pytest.raises(ExperimentError, match="has a resnet34"):
        settings_of(wanted, materials)


def test_offline_counts_are_those_of_the_papers_table(cells: Path, fields: Path) -> None:
    materials = read_material(((cells, None),), None)
    settings = settings_of(asked(Experiment.ALL, cells, offline=True), materials)
    augmented, _, unaugmented, _ = settings.plan.arms
    training = recipe_of(augmented, 1, settings).training
    assert (training.offline_not_all, training.offline_all) == (1030, 1050)  # Table 3
    training = recipe_of(unaugmented, 1, settings).training
    assert (training.is_augmented_offline, training.augmentation) == (False, AugmentationPreset.NONE)
    with pytest.raises(ExperimentError, match="gives no class counts for fields"):
        settings_of(asked(Experiment.TABLE2, fields, offline=True), read_material(((fields, None),), None))


def test_a_validation_part_of_trained_groups_is_stated(fields: Path, tmp_path: Path) -> None:
    training = RECIPE.training.model_copy(update={"validation_from": ValidationSource.IMAGES})
    recipes = {"tiny": RECIPE.model_copy(update={"training": training})}
    wanted = replace(asked(Experiment.FOLDS, fields, runs=2), recipes=recipes)
    with pytest.raises(LeakError, match="divided between training and validation"):
        make_experiment(wanted, tmp_path / "out")
    report = make_experiment(replace(wanted, leaks_allowed=True), tmp_path / "out")
    assert any("holds images of groups that are trained on" in line for line in report.measuring)
    assert any("divided between training and validation" in line for line in report.cautions)
