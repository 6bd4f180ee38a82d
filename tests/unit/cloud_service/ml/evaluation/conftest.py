from pathlib import Path

import pytest
import torch

from cloud_service.ml.datasets.pixels import labels_of, load_pixels
from cloud_service.ml.datasets.reading import read_dataset
from cloud_service.ml.datasets.samples import dataset_digest
from cloud_service.ml.datasets.split import SplitSettings, divide
from cloud_service.ml.datasets.split_file import replay_split, save_split, split_digest
from cloud_service.ml.network.building import build_network
from cloud_service.ml.package import ModelPackage
from cloud_service.ml.packaging import CardTexts, DividedData, write_trained_package
from cloud_service.ml.training.records import LabelledPixels, Trained
from tests.support.evaluations import EPOCH, RECIPE, write_squares


@pytest.fixture(scope="session")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_squares(tmp_path_factory.mktemp("evaluation") / "squares", groups=20, seed=1)


@pytest.fixture(scope="session")
def other_dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_squares(tmp_path_factory.mktemp("evaluation") / "others", groups=4, seed=2)


@pytest.fixture(scope="session")
def split_file(dataset: Path) -> Path:
    settings = SplitSettings(validation_share=0.3, test_share=0.3)
    file = dataset.parent / "split.json"
    save_split(divide(read_dataset(dataset), settings), root=dataset, settings=settings, file=file)
    return file


@pytest.fixture(scope="session")
def divided(dataset: Path, split_file: Path) -> DividedData:
    samples = read_dataset(dataset)
    split = replay_split(split_file, samples, root=dataset)
    training, validation, test = (
        LabelledPixels(
            pixels=torch.from_numpy(load_pixels(part, RECIPE.preprocess)), labels=torch.from_numpy(labels_of(part))
        )
        for part in (split.training, split.validation, split.test)
    )
    return DividedData(
        digest=dataset_digest(samples, dataset),
        split=split,
        training=training,
        validation=validation,
        test=test,
        split_digest=split_digest(split, dataset),
        known_shortcuts=("Two pictures are the same.",),
    )


@pytest.fixture(scope="session")
def package(divided: DividedData, tmp_path_factory: pytest.TempPathFactory) -> ModelPackage:
    """A package whose network has learnt nothing."""
    torch.manual_seed(3)
    trained = Trained(network=build_network(RECIPE.network).eval(), chosen=EPOCH, history=(EPOCH,))
    directory = tmp_path_factory.mktemp("packages") / "model"
    return write_trained_package(
        directory, trained=trained, data=divided, recipe=RECIPE, texts=CardTexts(data="Squares."), sensitivity=0.9
    )
