import errno
import json
from pathlib import Path

import pytest

from cloud_service.ml.datasets.reading import read_dataset
from cloud_service.ml.datasets.samples import DatasetError
from cloud_service.ml.datasets.split import SplitSettings, divide
from cloud_service.ml.datasets.split_file import save_split
from cloud_service.ml.evaluation import commands
from cloud_service.ml.evaluation.answers import EvaluationError
from cloud_service.ml.evaluation.evaluate import evaluate
from cloud_service.ml.evaluation.measures import Measure
from cloud_service.ml.evaluation.part import Part
from cloud_service.ml.evaluation.report import Evaluation
from cloud_service.ml.evaluation.text import evaluation_text
from cloud_service.ml.evaluation.writing import write_evaluation
from cloud_service.ml.package import ModelPackage, ModelPackageError
from tests.support.commands import Commands

run = Commands(app=commands.app).said


@pytest.fixture(scope="module")
def on_test_part(package: ModelPackage, dataset: Path, split_file: Path) -> Evaluation:
    return evaluate(package, dataset, split_file=split_file)


def test_the_test_part_gives_the_cards_own_figures(on_test_part: Evaluation, package: ModelPackage) -> None:
    found, card = on_test_part.assessment, package.card
    assert (found.figures, *found.by_kind) == card.held_out
    assert (found.coverage, found.flags) == (card.coverage, card.flag_rates)
    assert found.colours is not None
    assert card.colours is not None
    assert found.colours.difference == card.colours.difference
    assert (on_test_part.part, on_test_part.split_digest) == ("test", card.training.split_digest)


def test_a_network_that_learnt_nothing_is_told_so_beside_its_score(on_test_part: Evaluation) -> None:
    colours = on_test_part.assessment.colours
    assert colours is not None
    assert colours.balanced_accuracy is not None
    assert colours.balanced_accuracy.value == 1.0  # dark against light
    assert colours.warning in on_test_part.assessment.warnings


def test_every_image_is_in_the_confusion_and_in_the_bins(on_test_part: Evaluation) -> None:
    found = on_test_part.assessment
    counts = found.confusion
    assert counts.hits + counts.misses + counts.alarms + counts.passes == found.figures.images == 24
    assert sum(part.images for part in found.calibration.bins) == 24
    assert found.roc.true_positive_rate[-1] == 1.0


def test_the_training_images_as_a_whole_are_refused(package: ModelPackage, dataset: Path) -> None:
    with pytest.raises(EvaluationError, match=r"very images that the model was trained on.*--split"):
        evaluate(package, dataset)


def test_another_split_of_the_training_images_is_refused(package: ModelPackage, dataset: Path, tmp_path: Path) -> None:
    settings = SplitSettings(seed=9)
    save_split(divide(read_dataset(dataset), settings), root=dataset, settings=settings, file=tmp_path / "other.json")
    with pytest.raises(EvaluationError, match="not the split that the model was trained by"):
        evaluate(package, dataset, split_file=tmp_path / "other.json")


@pytest.mark.parametrize(
    ("part", "warning"), [(Part.TRAINING, "learnt by heart"), (Part.VALIDATION, "chosen on these images")]
)
def test_other_parts_come_with_a_warning(
    package: ModelPackage, dataset: Path, split_file: Path, part: Part, warning: str
) -> None:
    found = evaluate(package, dataset, split_file=split_file, part=part)
    assert any(warning in text for text in found.assessment.warnings)


def test_a_forest_is_not_measured_on_what_it_was_trained_on(
    package: ModelPackage, dataset: Path, split_file: Path
) -> None:
    found = evaluate(package, dataset, split_file=split_file, part=Part.ALL)
    assert found.assessment.colours is not None
    assert found.assessment.colours.trained_on.startswith("the other folds")
    assert "on the whole data set of squares" in evaluation_text(found)
    assert "| all 80 images in 20 groups |" in evaluation_text(found)


def test_a_part_needs_a_split(package: ModelPackage, other_dataset: Path) -> None:
    with pytest.raises(EvaluationError, match="name it with --split"):
        evaluate(package, other_dataset, part=Part.TEST)


def test_another_data_set_is_measured_whole_and_said_to_be_another(package: ModelPackage, other_dataset: Path) -> None:
    counted: list[int] = []
    found = evaluate(package, other_dataset, on_images=counted.append, on_image=lambda: counted.append(1))
    assert (found.part, found.split_digest, found.assessment.figures.images) == (Part.ALL, None, 16)
    assert counted == [16] + [1] * 16
    assert any("not the images that the model was made from" in text for text in found.assessment.warnings)
    assert found.assessment.colours is not None
    assert found.assessment.colours.trained_on.startswith("the other folds")


def test_one_label_only_is_refused(package: ModelPackage, other_dataset: Path, tmp_path: Path) -> None:
    lines = (other_dataset / "manifest.csv").read_text().splitlines()
    for name in ("0", "2"):
        (tmp_path / f"{name}.png").write_bytes((other_dataset / f"{name}.png").read_bytes())
    (tmp_path / "manifest.csv").write_text("\n".join([lines[0], lines[1], lines[3]]))
    with pytest.raises(DatasetError, match="one label only"):
        evaluate(package, tmp_path)


def test_a_package_that_was_altered_is_refused(package: ModelPackage, other_dataset: Path, tmp_path: Path) -> None:
    for path in package.directory.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "statistics.safetensors").write_bytes(b"other")
    with pytest.raises(ModelPackageError, match=r"statistics\.safetensors is not the file"):
        run("--model", tmp_path, "--dataset", other_dataset)


def test_the_command_prints_what_a_person_must_know_first(package: ModelPackage, other_dataset: Path) -> None:
    out = run("--model", package.directory, "--dataset", other_dataset)
    assert "Research use only" in out
    assert out.index("**Warning.**") < out.index("| accuracy |")
    assert "Colours alone" in out


def test_the_command_prints_json_and_writes_a_folder(
    package: ModelPackage, other_dataset: Path, tmp_path: Path
) -> None:
    out = tmp_path / "results" / "first"
    printed = run("--model", package.directory, "--dataset", other_dataset, "--json", "--out", out)
    found = Evaluation.model_validate_json(printed)
    assert json.loads(printed)["model_digest"] == package.digest
    assert Evaluation.model_validate_json((out / "evaluation.json").read_bytes()) == found
    assert {path.name for path in out.iterdir()} == {
        "evaluation.json",
        "evaluation.md",
        "confusion.svg",
        "reliability.svg",
        "roc.svg",
    }
    assert "![ROC curve](roc.svg)" in (out / "evaluation.md").read_text()


def test_results_are_never_overwritten(package: ModelPackage, other_dataset: Path, tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match=r"exists already.*--out"):
        run("--model", package.directory, "--dataset", other_dataset, "--out", tmp_path)


def test_a_full_disk_leaves_no_results(
    on_test_part: Evaluation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(EvaluationError, match=r"No space left on device\. Nothing of it was kept"):
        write_evaluation(on_test_part, tmp_path / "results")
    assert list(tmp_path.iterdir()) == []


def test_the_text_names_every_measure(on_test_part: Evaluation) -> None:
    text = evaluation_text(on_test_part)
    assert text.count("\n| ") == len(Measure) + 1
    for words in ("sensitivity at 95% specificity", "area under ROC", "Coverage, 90% promised", "blank fields"):
        assert words in text
