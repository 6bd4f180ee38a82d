import numpy as np
import pytest
import torch

from cloud_service.ml.deployed_network import DeployedNetwork
from cloud_service.ml.training.loop import (
    EpochRecord,
    LabelledPixels,
    TrainingError,
    learning_rate_at,
    predict_logits,
    train,
)
from tests.support.training import SPEC, dots, flat_weights, small_recipe, timeless


def nobody(_record: EpochRecord) -> None:
    pass


def test_learns_what_there_is_to_learn_and_tells_it_of_unseen_images() -> None:
    records: list[EpochRecord] = []
    settings = small_recipe(epochs=10, batch_size=8, learning_rate=0.01, schedule="cosine")
    trained = train(dots(64, seed=1), dots(32, seed=2), settings, records.append)
    assert [record.epoch for record in records] == list(range(1, 11))
    assert trained.history == tuple(records)
    unseen = dots(40, seed=3)
    network = DeployedNetwork(trained.network, SPEC)
    logits = predict_logits(network, unseen.pixels)
    assert ((logits > 0) == (unseen.labels > 0)).float().mean() >= 0.95


def test_the_steadied_recipe_learns_too_and_its_epochs_agree() -> None:
    settings = small_recipe(
        epochs=12, batch_size=8, learning_rate=0.02, schedule="cosine", warm_up=0.1, averaging=0.9, batch_norm_images=32
    )
    trained = train(dots(64, seed=1), dots(32, seed=2), settings, nobody)
    assert [record.validation_accuracy for record in trained.history[-3:]] == pytest.approx([1.0] * 3, abs=0.1)


@pytest.mark.parametrize("steadied", [{}, {"averaging": 0.5, "batch_norm_images": 16}])
def test_the_weights_are_those_of_the_epoch_with_the_least_validation_loss(steadied: dict[str, float]) -> None:
    validation = dots(16, seed=2)
    settings = small_recipe(epochs=6, batch_size=8, learning_rate=0.05, **steadied)
    trained = train(dots(32, seed=1), validation, settings, nobody)
    assert trained.chosen == min(trained.history, key=lambda record: record.validation_loss)
    logits = predict_logits(DeployedNetwork(trained.network, SPEC), validation.pixels)
    loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, validation.labels).item()
    assert loss == pytest.approx(trained.chosen.validation_loss, rel=1e-6)


def test_training_ends_when_validation_gets_no_better() -> None:
    settings = small_recipe(epochs=40, patience=3, batch_size=8, learning_rate=0.05)
    trained = train(dots(16, seed=1), dots(8, seed=2), settings, nobody)
    assert len(trained.history) == trained.chosen.epoch + 3 < 40


def test_the_same_seed_gives_the_same_network_and_another_does_not() -> None:
    first, again, other = (
        train(dots(16, seed=1), dots(8, seed=2), small_recipe(epochs=1, batch_size=4, seed=seed), nobody)
        for seed in (1, 1, 2)
    )
    assert torch.equal(flat_weights(first.network), flat_weights(again.network))
    assert not torch.equal(flat_weights(first.network), flat_weights(other.network))
    assert timeless(first.history) == timeless(again.history)


def test_a_batch_larger_than_the_data_is_the_data() -> None:
    train(dots(4, seed=1), dots(4, seed=2), small_recipe(epochs=1, batch_size=64), nobody)


@pytest.mark.parametrize("averaging", [0.0, 0.9])
def test_a_loss_that_is_no_number_stops_the_run_with_advice(averaging: float) -> None:
    settings = small_recipe(epochs=5, batch_size=4, learning_rate=1e30, averaging=averaging)
    with pytest.raises(TrainingError, match=r"no longer a number.*Lower the learning rate"):
        train(dots(16, seed=1), dots(8, seed=2), settings, nobody)


def test_a_gpu_that_is_not_there_is_named() -> None:
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    with pytest.raises(TrainingError, match="no GPU"):
        train(dots(4, seed=1), dots(4, seed=2), small_recipe(epochs=1, device="cuda"), nobody)


def test_copies_made_before_training_are_trained_on() -> None:
    settings = small_recipe(epochs=1, batch_size=4, offline_not_all=10, offline_all=14)
    trained = train(dots(8, seed=1), dots(4, seed=2), settings, nobody)
    steps = 24 // 4
    (record,) = trained.history
    assert record.learning_rate == settings.training.learning_rate
    assert np.isfinite(record.images_per_second)
    without = train(dots(8, seed=1), dots(4, seed=2), small_recipe(epochs=1, batch_size=4), nobody)
    assert record.training_loss != without.history[0].training_loss
    assert steps == 6


def test_the_cosine_schedule_changes_less_and_less_and_the_constant_one_does_not() -> None:
    def rates(schedule: str) -> list[float]:
        wanted = small_recipe(epochs=2, learning_rate=0.1, schedule=schedule).training
        return [learning_rate_at(step, 2, wanted) for step in range(4)]

    assert rates("constant") == [0.1] * 4
    assert rates("cosine") == pytest.approx([0.1, 0.0853553, 0.05, 0.0146447], rel=1e-4)


def test_a_warm_up_rises_to_the_highest_rate() -> None:
    wanted = small_recipe(epochs=2, learning_rate=0.1, warm_up=0.5).training
    assert [learning_rate_at(step, 2, wanted) for step in range(4)] == pytest.approx([0.1 / 3, 0.2 / 3, 0.1, 0.1])


@pytest.mark.parametrize(("balanced", "expected"), [(False, 0.75), (True, 0.5)])
def test_a_balanced_loss_leans_to_neither_label(*, balanced: bool, expected: float) -> None:
    """Images that tell nothing, of which three of four have ALL: the answer is that share, or one half."""
    labels = (torch.arange(64) % 4 != 0).float()
    blank = LabelledPixels(torch.full((64, 32, 32, 3), 200, dtype=torch.uint8), labels)
    settings = small_recipe(epochs=40, batch_size=64, learning_rate=0.05, schedule="cosine", balanced=balanced)
    trained = train(blank, blank, settings, nobody)
    logits = predict_logits(DeployedNetwork(trained.network, SPEC), blank.pixels)
    assert torch.sigmoid(logits).mean().item() == pytest.approx(expected, abs=0.02)
