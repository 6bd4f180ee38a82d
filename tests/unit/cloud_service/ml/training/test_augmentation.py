import math

import pytest
import torch
from torch import Generator

from cloud_service.ml.training.augmentation import _places, augment, move, turn_by_quarters, vary_stain_and_light
from cloud_service.ml.training.settings import AUGMENTATIONS, AugmentationPreset, AugmentationSettings
from tests.support.model_packages import random_pixels

MODERN = AUGMENTATIONS[AugmentationPreset.MODERN]
STAIN, LIGHT = 0.2, 0.1


def chance(seed: int = 1) -> Generator:
    return Generator().manual_seed(seed)


def disc(size: int = 33) -> torch.Tensor:
    """A dark dot right of the middle, one image (1, 3, S, S)."""
    images = torch.ones(1, 3, size, size)
    images[:, :, 14:19, 25:30] = 0.0
    return images


def middle(image: torch.Tensor) -> tuple[float, float]:
    """Where the darkness (S, S) is, in pixels from the image's middle: right, down."""
    weight = 1.0 - image
    place = torch.arange(image.shape[0]) - (image.shape[0] - 1) / 2
    return float((weight.sum(0) * place).sum() / weight.sum()), float((weight.sum(1) * place).sum() / weight.sum())


def test_quarter_turns_move_pixels_without_mixing_them_and_each_image_by_itself() -> None:
    image = torch.from_numpy(random_pixels(1, size=4))[0]
    turned = turn_by_quarters(image.expand(100, 4, 4, 3), chance())
    forms = [torch.rot90(image, quarters) for quarters in range(4)]
    found = [next(i for i, form in enumerate(forms) if torch.equal(form, one)) for one in turned]
    assert set(found) == set(range(4))


def test_the_square_preset_gives_the_eight_symmetries_where_colours_stay() -> None:
    image = torch.from_numpy(random_pixels(1, size=4))[0]
    settings = AUGMENTATIONS[AugmentationPreset.SQUARE].model_copy(update={"stain": 0.0, "light": 0.0})
    varied = augment(image.expand(200, 4, 4, 3), settings, chance())
    forms = {tuple(one.flatten().tolist()) for one in varied}
    assert len(forms) == 8
    assert all(sorted(form) == sorted(forms.copy().pop()) for form in forms)


def test_without_augmentation_images_are_the_pixels_over_255() -> None:
    pixels = torch.from_numpy(random_pixels(2, size=8))
    images = augment(pixels, AUGMENTATIONS[AugmentationPreset.NONE], chance())
    torch.testing.assert_close(images, pixels.permute(0, 3, 1, 2) / 255.0)


@pytest.mark.parametrize("angle", [60.0, 90.0, 200.0])
def test_a_listed_angle_turns_by_it(angle: float) -> None:
    x, y = middle(move(disc(), AugmentationSettings(angles=(angle,)), chance())[0, 0])
    assert math.hypot(x, y) == pytest.approx(11.0, abs=0.3)
    assert math.degrees(math.atan2(-y, x)) % 360 == pytest.approx(angle, abs=1.5)  # against the clock


def test_the_paper_preset_leaves_or_turns_by_60_or_90_degrees_and_shifts_by_at_most_a_pixel() -> None:
    varied = move(disc().expand(300, -1, -1, -1), AUGMENTATIONS[AugmentationPreset.PAPER], chance())
    places = [middle(image[0]) for image in varied]
    middles = {
        angle: (11 * math.cos(math.radians(angle)), -11 * math.sin(math.radians(angle))) for angle in (0, 60, 90)
    }
    angles = [min(middles, key=lambda angle: math.dist(middles[angle], place)) for place in places]
    assert min(angles.count(angle) for angle in middles) > 70
    shifts = [math.dist(middles[angle], place) for angle, place in zip(angles, places, strict=True)]
    assert 0.8 < max(shifts) < math.sqrt(2) + 0.3


def test_pixels_come_from_where_torchs_own_grid_says() -> None:
    affine = torch.randn(3, 2, 3, generator=chance())
    expected = torch.nn.functional.affine_grid(affine, [3, 3, 9, 9], align_corners=False)
    torch.testing.assert_close(_places(affine, 9), expected)


def test_scale_changes_sizes_within_its_range() -> None:
    varied = move(disc().expand(200, -1, -1, -1), AugmentationSettings(scale=0.1), chance())
    radii = [math.hypot(*middle(image[0])) for image in varied]
    assert 9.7 < min(radii) < 10.2
    assert 11.8 < max(radii) < 12.3


def test_mirroring_keeps_the_sense_of_half_of_the_images() -> None:
    varied = augment(
        torch.from_numpy(random_pixels(1, size=6)).expand(100, 6, 6, 3), AugmentationSettings(mirrored=True), chance()
    )
    same = [torch.equal(image, varied[0]) for image in varied]
    mirrored = [torch.equal(image, varied[0].flip(2)) for image in varied]
    assert all(a != b for a, b in zip(same, mirrored, strict=True))
    assert 30 < sum(same) < 70


def test_what_lies_outside_is_the_nearest_pixel_or_a_reflection_and_never_black() -> None:
    light = torch.full((40, 16, 16, 3), 200, dtype=torch.uint8)
    for outside in ("nearest", "reflect"):
        settings = AugmentationSettings.model_validate({"angles": "any", "shift": 5.0, "outside": outside})
        torch.testing.assert_close(augment(light, settings, chance()), torch.full((40, 3, 16, 16), 200 / 255))


def test_images_do_not_mix() -> None:
    shades = torch.arange(5, dtype=torch.uint8).reshape(5, 1, 1, 1).expand(5, 6, 6, 3)
    settings = MODERN.model_copy(update={"stain": 0.0, "light": 0.0})
    torch.testing.assert_close(augment(shades, settings, chance()), shades.permute(0, 3, 1, 2) / 255.0)


def test_stain_and_light_vary_within_their_ranges() -> None:
    grey = torch.full((300, 3, 2, 2), 0.5)
    varied = vary_stain_and_light(grey, MODERN, chance())
    darkest = 0.5 ** (1 + STAIN) * (1 - LIGHT)
    lightest = 0.5 ** (1 - STAIN) * (1 + LIGHT)
    assert darkest <= varied.min() < darkest + 0.03
    assert lightest - 0.03 < varied.max() <= lightest
    assert varied.std(dim=(2, 3)).max() < 1e-6  # the same everywhere in an image
    assert varied[:, 0, 0, 0].std() > 0.01  # another in each image
    assert (varied[:, 0] - varied[:, 2]).abs().max() > 0.01  # and in each colour


def test_black_stays_black_and_white_does_not_overflow() -> None:
    extremes = torch.stack([torch.zeros(3, 2, 2), torch.ones(3, 2, 2)] * 50)
    varied = vary_stain_and_light(extremes, MODERN, chance())
    assert varied[0::2].abs().max() == 0.0
    assert varied.max() <= 1.0


@pytest.mark.parametrize("preset", AugmentationPreset)
def test_the_generator_decides_and_images_come_in_the_order_that_convolutions_are_fast_in(
    preset: AugmentationPreset,
) -> None:
    pixels, settings = torch.from_numpy(random_pixels(8, size=8)), AUGMENTATIONS[preset]
    images = augment(pixels, settings, chance(5))
    torch.testing.assert_close(images, augment(pixels, settings, chance(5)), atol=0, rtol=0)
    assert torch.equal(images, augment(pixels, settings, chance(6))) == (preset is AugmentationPreset.NONE)
    assert images.shape == (8, 3, 8, 8)
    assert images.is_contiguous(memory_format=torch.channels_last)
