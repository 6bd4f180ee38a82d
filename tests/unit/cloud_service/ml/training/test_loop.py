import numpy as np
import pytest
import torch

from cloud_service.ml.deployed_network import DeployedNetwork
from cloud_service.ml.network.settings import NetworkSettings
from cloud_service.ml.training.loop import (
    EpochRecord,
    LabelledPixels,
    TrainingError,
    learning_rate_at,
    predict_logits,
    train,
)
from cloud_service.ml.training.settings import Recipe, TrainingSettings
from shared.imaging.preprocess import PreprocessSpec

SMALL = NetworkSettings(filters=(4, 4, 8), reduction=2, hidden_units=8)
SPEC = PreprocessSpec(size=32, draft_edge=None)


def recipe(**settings: object) -> Recipe:
    return Recipe(network=SMALL, preprocess=SPEC, training=TrainingSettings.model_validate({"threads": 1, **settings}))


def dots(count: int, seed: int) -> LabelledPixels:
    """Light noise; each second image has a dark square somewhere, and the label 1."""
    chance = np.random.default_rng(seed)
    pixels = chance.integers(180, 255, (count, 32, 32, 3), dtype=np.uint8)
    labels = (np.arange(count) % 2).astype(np.float32)
    for image in pixels[1::2]:
        row, column = chance.integers(4, 20, 2)
        image[row : row + 6, column : column + 6] = 40
    return LabelledPixels(torch.from_numpy(pixels), torch.from_numpy(labels))


def test_learns_what_there_is_to_learn_and_tells_it_of_unseen_images() -> None:
    records: list[EpochRecord] = []
    settings = recipe(epochs=10, batch_size=8, learning_rate=0.01, schedule="cosine")
    trained = train(dots(64, seed=1), dots(32, seed=2), settings, records.append)
    assert [record.epoch for record in records] == list(range(1, 11))
    unseen = dots(40, seed=3)
    logits = predict_logits(DeployedNetwork(trained.network, SPEC), unseen.pixels)
    assert ((logits > 0) == (unseen.labels > 0)).float().mean() >= 0.95


def test_the_weights_are_those_of_the_epoch_with_the_least_validation_loss() -> None:
    records: list[EpochRecord] = []
    validation = dots(16, seed=2)
    trained = train(dots(32, seed=1), validation, recipe(epochs=6, batch_size=8, learning_rate=0.05), records.append)
    least = min(records, key=lambda record: record.validation_loss)
    assert trained.chosen == least
    logits = predict_logits(DeployedNetwork(trained.network, SPEC), validation.pixels)
    loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, validation.labels).item()
    assert loss == pytest.approx(least.validation_loss, rel=1e-6)


def test_the_same_seed_gives_the_same_network_and_another_does_not() -> None:
    first, again, other = (
        train(dots(16, seed=1), dots(8, seed=2), recipe(epochs=1, batch_size=4, seed=seed), lambda _: None)
        for seed in (1, 1, 2)
    )
    weights = [torch.cat([value.flatten() for value in run.network.parameters()]) for run in (first, again, other)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_a_batch_larger_than_the_data_is_the_data() -> None:
    train(dots(4, seed=1), dots(4, seed=2), recipe(epochs=1, batch_size=64), lambda _: None)


def test_a_loss_that_is_no_number_stops_the_run_with_advice() -> None:
    settings = recipe(epochs=5, batch_size=4, learning_rate=1e30)
    with pytest.raises(TrainingError, match=r"no longer a number.*Lower the learning rate"):
        train(dots(16, seed=1), dots(8, seed=2), settings, lambda _: None)


def test_the_cosine_schedule_changes_less_and_less_and_the_constant_one_does_not() -> None:
    def rates(**settings: object) -> list[float]:
        wanted = recipe(epochs=2, learning_rate=0.1, **settings).training
        return [learning_rate_at(step, 2, wanted) for step in range(4)]

    assert rates(schedule="constant") == [0.1] * 4
    assert rates(schedule="cosine") == pytest.approx([0.1, 0.0853553, 0.05, 0.0146447], rel=1e-4)


def test_a_warm_up_rises_to_the_highest_rate() -> None:
    wanted = recipe(epochs=2, learning_rate=0.1, warm_up=0.5).training
    assert [learning_rate_at(step, 2, wanted) for step in range(4)] == pytest.approx([0.1 / 3, 0.2 / 3, 0.1, 0.1])
