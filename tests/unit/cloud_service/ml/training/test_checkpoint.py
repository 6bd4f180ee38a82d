import errno
import json
from pathlib import Path

import pytest
import safetensors
import safetensors.torch
import torch

from cloud_service.ml.training.loop import EpochRecord, Trained, TrainingError, train
from cloud_service.ml.training.settings import Recipe
from tests.support.training import dots, flat_weights, small_recipe, timeless

STEADIED = {"averaging": 0.9, "batch_norm_images": 8, "schedule": "cosine", "warm_up": 0.1}


class Stopped(BaseException):
    """As KeyboardInterrupt: no error that a loop may swallow."""


def run(
    recipe: Recipe, file: Path | None, *, resume: bool = False, stop_after: int = 0, told: list[int] | None = None
) -> Trained:
    def on_epoch(record: EpochRecord) -> None:
        if told is not None:
            told.append(record.epoch)
        if record.epoch == stop_after:
            raise Stopped

    return train(dots(24, seed=1), dots(8, seed=2), recipe, on_epoch, checkpoint=file, resume=resume)


@pytest.mark.parametrize(
    "settings", [{}, STEADIED, {"offline_all": 20, "offline_not_all": 16, "augmentation": "paper"}]
)
def test_a_run_that_goes_on_ends_as_one_that_was_not_stopped_bit_for_bit(
    settings: dict[str, object], tmp_path: Path
) -> None:
    recipe, file = small_recipe(epochs=4, batch_size=4, **settings), tmp_path / "checkpoint.safetensors"
    whole = run(recipe, None)
    with pytest.raises(Stopped):
        run(recipe, file, stop_after=2)
    told: list[int] = []
    resumed = run(recipe, file, resume=True, told=told)
    assert told == [3, 4]
    assert torch.equal(flat_weights(whole.network), flat_weights(resumed.network))
    assert timeless(whole.history) == timeless(resumed.history)
    assert whole.chosen.epoch == resumed.chosen.epoch


def test_a_run_stopped_within_an_epoch_goes_on_from_the_epoch_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe, file = small_recipe(epochs=2, batch_size=4), tmp_path / "checkpoint.safetensors"
    whole = run(recipe, None)
    steps = []

    def interrupted(logits: torch.Tensor, labels: torch.Tensor, pos_weight: torch.Tensor) -> torch.Tensor:
        steps.append(1)
        if len(steps) == 3:
            raise KeyboardInterrupt
        return loss(logits, labels, pos_weight=pos_weight)

    loss = torch.nn.functional.binary_cross_entropy_with_logits
    with monkeypatch.context() as patched:
        patched.setattr("cloud_service.ml.training.loop.binary_cross_entropy_with_logits", interrupted)
        with pytest.raises(KeyboardInterrupt):
            run(recipe, file)
    resumed = run(recipe, file, resume=True)
    assert torch.equal(flat_weights(whole.network), flat_weights(resumed.network))


def test_a_finished_run_is_not_trained_again(tmp_path: Path) -> None:
    recipe, file = small_recipe(epochs=2, batch_size=4), tmp_path / "checkpoint.safetensors"
    first = run(recipe, file)
    told: list[int] = []
    again = run(recipe, file, resume=True, told=told)
    assert told == []
    assert torch.equal(flat_weights(first.network), flat_weights(again.network))
    assert first.history == again.history


def test_other_settings_are_named_and_nothing_is_changed(tmp_path: Path) -> None:
    file = tmp_path / "checkpoint.safetensors"
    run(small_recipe(epochs=1, batch_size=4), file)
    before = file.read_bytes()
    other = small_recipe(epochs=3, batch_size=4, learning_rate=0.1)
    with pytest.raises(TrainingError, match=r"epochs was 1, is now 3; .*learning_rate was 0\.001, is now 0\.1"):
        run(other, file, resume=True)
    assert file.read_bytes() == before


def test_other_data_are_refused(tmp_path: Path) -> None:
    recipe, file = small_recipe(epochs=1, batch_size=4), tmp_path / "checkpoint.safetensors"
    run(recipe, file)
    with pytest.raises(TrainingError, match="data_digest was"):
        train(dots(24, seed=9), dots(8, seed=2), recipe, lambda _: None, checkpoint=file, resume=True)


def test_no_checkpoint_and_a_damaged_one_are_told_apart(tmp_path: Path) -> None:
    recipe, file = small_recipe(epochs=1, batch_size=4), tmp_path / "checkpoint.safetensors"
    with pytest.raises(TrainingError, match="no checkpoint"):
        run(recipe, file, resume=True)
    run(recipe, file)
    file.write_bytes(file.read_bytes()[:-50])
    with pytest.raises(TrainingError, match="damaged"):
        run(recipe, file, resume=True)
    file.write_bytes(safetensors.torch.save({"a": torch.zeros(1)}, {"run": "{}"}))
    with pytest.raises(TrainingError, match="no checkpoint of this version"):
        run(recipe, file, resume=True)


def test_a_full_disk_leaves_the_last_checkpoint_and_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe, file = small_recipe(epochs=3, batch_size=4), tmp_path / "checkpoint.safetensors"
    write = Path.write_bytes
    written: list[Path] = []

    def full_at_the_third(path: Path, content: bytes) -> int:
        written.append(path)
        if len(written) == 3:  # before the first epoch, after it, after the second
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(path, content)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_bytes", full_at_the_third)
        with pytest.raises(TrainingError, match=r"No space left.*--resume"):
            run(recipe, file)
    assert [path.name for path in tmp_path.iterdir()] == [file.name]
    assert torch.equal(flat_weights(run(recipe, None).network), flat_weights(run(recipe, file, resume=True).network))


def test_the_file_is_safetensors_with_its_history_in_readable_json(tmp_path: Path) -> None:
    recipe, file = small_recipe(epochs=2, batch_size=4), tmp_path / "checkpoint.safetensors"
    run(recipe, file)
    with safetensors.safe_open(file, framework="pt") as opened:
        header = json.loads(opened.metadata()["run"])
    assert [record["epoch"] for record in header["history"]] == [1, 2]
    assert Recipe.model_validate(header["identity"]["recipe"]) == recipe
