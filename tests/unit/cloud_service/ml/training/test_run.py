import errno
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
from PIL import Image

from cloud_service.ml.datasets.duplicates import LeakError
from cloud_service.ml.datasets.reading import Layout, read_dataset
from cloud_service.ml.datasets.samples import DatasetError
from cloud_service.ml.datasets.split import divide
from cloud_service.ml.datasets.split_file import read_split_file, save_split
from cloud_service.ml.datasets.split_settings import SplitSettings
from cloud_service.ml.export import ExportError
from cloud_service.ml.network.se_cnn import SECNN
from cloud_service.ml.network.settings import NetworkSettings
from cloud_service.ml.package import load_package
from cloud_service.ml.packaging import DividedData
from cloud_service.ml.runtimes.loading import load_runtime
from cloud_service.ml.training.loop import EpochRecord, TrainingError
from cloud_service.ml.training.run import CardTexts, Listener, RunOptions, run_training
from cloud_service.ml.training.settings import Recipe, TrainingSettings
from shared.imaging.preprocess import PreprocessSpec, preprocess
from tests.support.training import timeless

RECIPE = Recipe(
    network=NetworkSettings(filters=(4, 4, 4), reduction=2, hidden_units=4),
    preprocess=PreprocessSpec(size=32, draft_edge=None),
    training=TrainingSettings(epochs=2, batch_size=4, threads=1),
)
TEXTS = CardTexts(data="Dark and light noise.")


def write_dataset(root: Path) -> Path:
    root.mkdir(parents=True)
    chance = np.random.default_rng(1)
    lines = ["path,label,kind"]
    for index in range(24):
        label, kind = ("ALL", "NOT_ALL")[index % 2], ("crop", "field")[index // 2 % 2]
        darkest = 20 if label == "ALL" else 150
        image = np.kron(chance.integers(darkest, darkest + 100, (5, 5, 3)), np.ones((8, 8, 1))).astype(np.uint8)
        Image.fromarray(image).save(root / f"{index}.png")
        lines.append(f"{index}.png,{label},{kind}")
    (root / "manifest.csv").write_text("\n".join(lines))
    return root


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    return write_dataset(tmp_path / "data")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A data set, and the folder of a run on it."""
    folder = tmp_path_factory.mktemp("finished")
    dataset = write_dataset(folder / "data")
    run_training(dataset, folder / "run", RECIPE, TEXTS)
    return dataset, folder / "run"


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[DividedData]:
    """In place of packages, which take seconds each, what they would have been written of."""
    found: list[DividedData] = []

    def write(directory: Path, *, data: DividedData, **_others: object) -> None:
        directory.mkdir()
        found.append(data)

    monkeypatch.setattr("cloud_service.ml.training.run.write_trained_package", write)
    monkeypatch.setattr("cloud_service.ml.training.run.load_package", lambda _directory: None)
    return found


def records_in(file: Path) -> tuple[EpochRecord, ...]:
    return tuple(EpochRecord.model_validate_json(line) for line in file.read_text().splitlines())


def interrupting_after(epoch: int) -> Listener:
    def on_epoch(record: EpochRecord) -> None:
        if record.epoch == epoch:
            raise KeyboardInterrupt

    return Listener(on_epoch=on_epoch)


def test_leaves_a_package_and_all_that_is_needed_to_make_it_again(finished: tuple[Path, Path]) -> None:
    _, out = finished
    records = records_in(out / "metrics.jsonl")
    assert [record.epoch for record in records] == [1, 2]
    card = load_package(out / "model").card
    assert (card.network, card.preprocess) == (RECIPE.network, RECIPE.preprocess)
    assert card.training.settings["epochs"] == 2
    assert card.training.chosen_epoch == min(records, key=lambda record: record.validation_loss).epoch
    assert card.onnx_difference <= 1e-4
    assert Recipe.model_validate_json((out / "recipe.json").read_text()) == RECIPE
    assert read_split_file(out / "split.json").data_digest == card.training.data_digest
    assert "Research use only" in (out / "model/card.json").read_text()


def test_every_image_is_counted_once_and_each_kind_is_measured(finished: tuple[Path, Path]) -> None:
    card = load_package(finished[1] / "model").card
    whole, *kinds = card.held_out
    assert card.training.images_trained_on + card.training.images_chosen_by + whole.images == 24
    assert [part.part for part in (whole, *kinds)] == ["all", "crop", "field"]
    assert sum(part.images for part in kinds) == whole.images


def test_the_package_serves(finished: tuple[Path, Path]) -> None:
    dataset, out = finished
    package = load_package(out / "model")
    pixels = np.stack([preprocess(dataset / f"{index}.png", package.card.preprocess) for index in range(4)])
    served, reference = (load_runtime(package, name).predict(pixels) for name in ("onnxruntime", "torch"))
    np.testing.assert_allclose(served.probabilities, reference.probabilities, atol=1e-5)


def test_the_results_of_a_run_are_not_overwritten(finished: tuple[Path, Path]) -> None:
    dataset, out = finished
    for resume in (False, True):
        with pytest.raises(TrainingError, match="results of an earlier run"):
            run_training(dataset, out, RECIPE, TEXTS, options=RunOptions(resume=resume))


@pytest.mark.usefixtures("written")
def test_progress_is_told_and_the_metrics_are_there_as_it_is(dataset: Path, tmp_path: Path) -> None:
    heard: list[str] = []

    def on_epoch(record: EpochRecord) -> None:
        assert records_in(tmp_path / "run/metrics.jsonl")[-1] == record
        heard.append(f"epoch {record.epoch}")

    listener = Listener(
        on_images=lambda count: heard.append(f"{count} images"),
        on_image=lambda: heard.append("image"),
        on_epoch=on_epoch,
    )
    run_training(dataset, tmp_path / "run", RECIPE, TEXTS, listener)
    assert heard == ["24 images", *["image"] * 24, "epoch 1", "epoch 2"]


def test_a_saved_split_is_replayed(dataset: Path, tmp_path: Path, written: list[DividedData]) -> None:
    samples, settings = read_dataset(dataset), SplitSettings(seed=9, test_share=0.3)
    file = tmp_path / "split.json"
    saved = save_split(divide(samples, settings), root=dataset, settings=settings, file=file)
    options = RunOptions(layout=Layout.MANIFEST, split_file=file)
    run_training(dataset, tmp_path / "run", RECIPE, TEXTS, options=options)
    assert len(written[0].test.labels) == len(saved.test)
    assert written[0].split_digest == saved.split_digest
    assert read_split_file(tmp_path / "run/split.json") == saved


@pytest.mark.usefixtures("written")
def test_a_stopped_run_goes_on_to_the_same_model(dataset: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        run_training(dataset, out, RECIPE, TEXTS, interrupting_after(1))
    assert not (out / "model").exists()
    with (out / "metrics.jsonl").open("a") as metrics:
        metrics.write('{"epoch": 2, "train')  # as a kill may leave it
    run_training(dataset, out, RECIPE, TEXTS, options=RunOptions(resume=True))
    whole = tmp_path / "whole"
    run_training(dataset, whole, RECIPE, TEXTS)
    assert (out / "trained.safetensors").read_bytes() == (whole / "trained.safetensors").read_bytes()
    stopped, unstopped = (records_in(each / "metrics.jsonl") for each in (out, whole))
    assert timeless(stopped) == timeless(unstopped)


def test_an_earlier_run_is_not_overwritten(dataset: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        run_training(dataset, out, RECIPE, TEXTS, interrupting_after(1))
    before = (out / "metrics.jsonl").read_text()
    with pytest.raises(TrainingError, match=r"did not end; go on with it with --resume"):
        run_training(dataset, out, RECIPE, TEXTS)
    assert (out / "metrics.jsonl").read_text() == before


def test_a_run_that_is_not_there_cannot_go_on(dataset: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="holds no run to go on with"):
        run_training(dataset, tmp_path / "run", RECIPE, TEXTS, options=RunOptions(resume=True))
    assert not (tmp_path / "run").exists()


def test_a_run_cannot_go_on_with_other_settings(dataset: Path, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        run_training(dataset, tmp_path / "run", RECIPE, TEXTS, interrupting_after(1))
    longer = RECIPE.model_copy(update={"training": RECIPE.training.model_copy(update={"epochs": 9})})
    with pytest.raises(TrainingError, match="epochs was 2, is now 9"):
        run_training(dataset, tmp_path / "run", longer, TEXTS, options=RunOptions(resume=True))


def copy_an_image(dataset: Path) -> None:
    """Makes all images with ALL the same one."""
    for index in range(2, 24, 2):
        (dataset / f"{index}.png").write_bytes((dataset / "0.png").read_bytes())


def break_an_image(dataset: Path) -> None:
    (dataset / "7.png").write_bytes(b"no image")


@pytest.mark.parametrize(
    ("spoil", "error", "said"),
    [(break_an_image, DatasetError, r"7\.png"), (copy_an_image, LeakError, "--allow-leaks")],
)
def test_a_data_set_that_cannot_be_used_is_refused_before_anything_is_written(
    dataset: Path, tmp_path: Path, spoil: Callable[[Path], None], error: type[Exception], said: str
) -> None:
    spoil(dataset)
    with pytest.raises(error, match=said):
        run_training(dataset, tmp_path / "run", RECIPE, TEXTS)
    assert not (tmp_path / "run").exists()


def test_leaks_that_are_allowed_are_stated(dataset: Path, tmp_path: Path, written: list[DividedData]) -> None:
    copy_an_image(dataset)
    run_training(dataset, tmp_path / "run", RECIPE, TEXTS, options=RunOptions(allow_leaks=True))
    assert any("divided between training" in text for text in written[0].known_shortcuts)


def test_the_weights_survive_a_refused_export(dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("cloud_service.ml.export.LARGEST_DIFFERENCE", -1.0)
        with pytest.raises(ExportError):
            run_training(dataset, tmp_path / "run", RECIPE, TEXTS)
    assert not (tmp_path / "run/model").exists()
    weights = safetensors.torch.load_file(tmp_path / "run/trained.safetensors")
    SECNN(RECIPE.network).load_state_dict(weights)
    package = run_training(dataset, tmp_path / "run", RECIPE, TEXTS, options=RunOptions(resume=True))
    assert package.directory == tmp_path / "run/model"


@pytest.mark.usefixtures("written")
def test_a_full_disk_says_what_to_do_and_the_run_goes_on_later(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, write = tmp_path / "run", Path.write_bytes
    names: list[str] = []

    def full(path: Path, content: bytes) -> int:
        names.append(path.name)
        if sum("checkpoint" in name for name in names) == 2:  # after the first epoch
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(path, content)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_bytes", full)
        with pytest.raises(TrainingError, match=r"No space left.*--resume"):
            run_training(dataset, out, RECIPE, TEXTS)
    assert sorted(path.name for path in out.iterdir()) == [
        "checkpoint.safetensors",
        "metrics.jsonl",
        "recipe.json",
        "split.json",
    ]
    run_training(dataset, out, RECIPE, TEXTS, options=RunOptions(resume=True))
    assert len(records_in(out / "metrics.jsonl")) == 2


@pytest.mark.usefixtures("written")
def test_a_run_that_could_not_write_its_first_checkpoint_begins_again(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, write = tmp_path / "run", Path.write_bytes

    def full(path: Path, content: bytes) -> int:
        if "checkpoint" in path.name:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(path, content)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_bytes", full)
        with pytest.raises(TrainingError, match=r"No space left.*--resume"):
            run_training(dataset, out, RECIPE, TEXTS)
    with pytest.raises(TrainingError, match=r"go on with it with --resume"):
        run_training(dataset, out, RECIPE, TEXTS)
    split = (out / "split.json").read_bytes()
    shorter = RECIPE.model_copy(update={"training": RECIPE.training.model_copy(update={"epochs": 1})})
    run_training(dataset, out, shorter, TEXTS, options=RunOptions(resume=True))
    assert len(records_in(out / "metrics.jsonl")) == 1
    assert Recipe.model_validate_json((out / "recipe.json").read_text()) == shorter
    assert (out / "split.json").read_bytes() == split


def test_a_folder_that_cannot_be_made_is_named(dataset: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(TrainingError, match="Name another folder with --out"):
        run_training(dataset, tmp_path / "file/run", RECIPE, TEXTS)
