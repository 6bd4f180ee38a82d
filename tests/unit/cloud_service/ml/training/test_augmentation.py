import torch
from torch import Generator

from cloud_service.ml.training.augmentation import LIGHT_RANGE, STAIN_RANGE, augment, turn, vary_stain_and_light
from tests.support.model_packages import random_pixels


def chance(seed: int = 1) -> Generator:
    return Generator().manual_seed(seed)


def symmetries(image: torch.Tensor) -> list[torch.Tensor]:
    """The eight turned and mirrored forms of an image (S, S, C)."""
    return [torch.rot90(form, quarters) for form in (image, image.flip(0)) for quarters in range(4)]


def test_each_image_is_turned_by_itself_into_one_of_eight_forms() -> None:
    image = torch.from_numpy(random_pixels(1, size=4))[0]
    turned = turn(image.expand(200, 4, 4, 3), chance())
    forms = symmetries(image)
    found = [next(i for i, form in enumerate(forms) if torch.equal(form, one)) for one in turned]
    assert set(found) == set(range(8))


def test_images_do_not_mix() -> None:
    shades = torch.arange(5, dtype=torch.uint8).reshape(5, 1, 1, 1).expand(5, 6, 6, 3)
    torch.testing.assert_close(turn(shades, chance()), shades)


def test_stain_and_light_vary_within_their_ranges() -> None:
    grey = torch.full((300, 3, 2, 2), 0.5)
    varied = vary_stain_and_light(grey, chance())
    darkest = 0.5 ** (1 + STAIN_RANGE) * (1 - LIGHT_RANGE)
    lightest = 0.5 ** (1 - STAIN_RANGE) * (1 + LIGHT_RANGE)
    assert darkest <= varied.min() < darkest + 0.03
    assert lightest - 0.03 < varied.max() <= lightest
    assert varied.std(dim=(2, 3)).max() < 1e-6  # the same everywhere in an image
    assert varied[:, 0, 0, 0].std() > 0.01  # another in each image
    assert (varied[:, 0] - varied[:, 2]).abs().max() > 0.01  # and in each colour


def test_black_stays_black_and_white_does_not_overflow() -> None:
    extremes = torch.stack([torch.zeros(3, 2, 2), torch.ones(3, 2, 2)] * 50)
    varied = vary_stain_and_light(extremes, chance())
    assert varied[0::2].abs().max() == 0.0
    assert varied.max() <= 1.0


def test_the_generator_decides() -> None:
    pixels = torch.from_numpy(random_pixels(8, size=8))
    torch.testing.assert_close(augment(pixels, chance(5)), augment(pixels, chance(5)), atol=0, rtol=0)
    assert not torch.equal(augment(pixels, chance(5)), augment(pixels, chance(6)))


def test_leaves_images_in_the_order_that_convolutions_are_fast_in() -> None:
    images = augment(torch.from_numpy(random_pixels(4, size=8)), chance())
    assert images.shape == (4, 3, 8, 8)
    assert images.is_contiguous(memory_format=torch.channels_last)
