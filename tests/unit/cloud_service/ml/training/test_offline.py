import pytest
import torch

from cloud_service.ml.training.offline import ClassCounts, offline_augment
from cloud_service.ml.training.records import LabelledPixels, TrainingError
from cloud_service.ml.training.settings import AUGMENTATIONS, AugmentationPreset
from tests.support.training import dots

PAPER = AUGMENTATIONS[AugmentationPreset.PAPER]


def shades(count: int) -> LabelledPixels:
    """One shade an image, so that each copy tells what it is a copy of; every third with the label 1."""
    pixels = torch.arange(count, dtype=torch.uint8).reshape(-1, 1, 1, 1).expand(-1, 8, 8, 3).contiguous()
    return LabelledPixels(pixels, (torch.arange(count) % 3 == 0).float())


@pytest.mark.parametrize("counts", [ClassCounts(not_all=800, all=920), ClassCounts(not_all=1036, all=1022)])
def test_the_counts_of_the_papers_tables_are_reached(counts: ClassCounts) -> None:
    data = offline_augment(shades(200), counts, PAPER, seed=1)
    assert (int((data.labels == 0).sum()), int((data.labels == 1).sum())) == counts
    assert data.pixels.shape == (sum(counts), 8, 8, 3)
    assert data.pixels.dtype == torch.uint8


def test_originals_stay_and_copies_are_spread_evenly() -> None:
    data = offline_augment(shades(9), ClassCounts(not_all=15, all=10), PAPER, seed=1)
    assert torch.equal(data.pixels[:9], shades(9).pixels)
    sources = data.pixels[:, 0, 0, 0].tolist()
    assert {shade: sources.count(shade) for shade in (1, 2, 4, 5, 7, 8)} == pytest.approx(
        dict.fromkeys((1, 2, 4, 5, 7, 8), 2.5), abs=0.5
    )
    assert all(sources.count(shade) in (3, 4) for shade in (0, 3, 6))
    assert data.labels.tolist() == [float(shade % 3 == 0) for shade in sources]


def test_each_copy_is_varied_by_itself_and_the_seed_decides() -> None:
    counts = ClassCounts(not_all=20, all=20)
    data, again, other = (offline_augment(dots(4, seed=1), counts, PAPER, seed=seed).pixels for seed in (1, 1, 2))
    assert len({bytes(image.numpy().tobytes()) for image in data}) == 40
    assert torch.equal(data, again)
    assert not torch.equal(data, other)


def test_exactly_as_many_as_there_are_means_no_copies() -> None:
    data = offline_augment(shades(9), ClassCounts(not_all=6, all=3), PAPER, seed=1)
    assert torch.equal(data.pixels, shades(9).pixels)


@pytest.mark.parametrize("counts", [ClassCounts(not_all=5, all=10), ClassCounts(not_all=0, all=10)])
def test_fewer_than_there_are_is_refused(counts: ClassCounts) -> None:
    with pytest.raises(TrainingError, match=r"images without ALL of the 6 that"):
        offline_augment(shades(9), counts, PAPER, seed=1)
