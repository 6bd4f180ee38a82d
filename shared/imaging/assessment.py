"""Is this capture fit to be analysed? Four plain measures, taken on a fixed working scale, and a verdict.

The thresholds were set on 760 real fields of two sources (8-bit JPEG, 224 to 2,560 pixels wide) and on blurred,
darkened, over-exposed and emptied copies of them: `tests/unit/shared/imaging/test_assessment_real.py` counts both
again.
"""

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageChops

from shared.imaging.quality import QualityMeasures, Verdict

WORKING_EDGE = 448
"""Shorter side, in pixels, on which all is measured: twice what the network sees, so blur that it cannot see
does not count, and a camera with more pixels is not called blurred."""

CELL_WIDTH = 28.0
"""Mean width, in pixels, above which what is stained is shrunk to it before focus is measured: in a close-up of one
cell an edge is many pixels wide however sharp it is."""

FINE_FOCUS_GOOD = 0.25
COARSE_FOCUS_GOOD = 0.25
FOCUS_UNUSABLE = 0.8
DARK_MEAN_DOUBTFUL, DARK_MEAN_UNUSABLE = 100.0, 60.0
CLIPPED_DARK_DOUBTFUL, CLIPPED_DARK_UNUSABLE = 0.10, 0.30
CLIPPED_BRIGHT_DOUBTFUL, CLIPPED_BRIGHT_UNUSABLE = 0.45, 0.60
FOREGROUND_DOUBTFUL, FOREGROUND_UNUSABLE = 0.05, 0.02
SIDE_DOUBTFUL, SIDE_UNUSABLE = 200, 64

_DARKEST, _BRIGHTEST = 5, 250  # a sample at or beyond these is clipped
_STAINED = 0.88  # green light that passes a cell, as a part of what passes the empty slide
_NO_DETAIL = 0.05  # grey levels squared: gradient energy of a flat image with rounding noise
_RUN_GRAIN = 4  # pixels
_LEAST_SIDE = 32  # pixels, so that the two smoothings have room
_STRIP = 24  # rows at a time: fewer than a cell has, and each array stays in the cache and below malloc's threshold

Grey = npt.NDArray[np.float32]


def assess(image: Image.Image, *, file_size: tuple[int, int] | None = None) -> QualityMeasures:
    """Measure one RGB image (about 3 ms where the shorter side is near `WORKING_EDGE`).

    Args:
        image: 8-bit RGB, as `open_image` returns it; for a large JPEG decode with `draft_edge=WORKING_EDGE`.
        file_size: width and height of the file, where `image` was decoded at a smaller scale.

    Raises:
        ValueError: `image` is not RGB.
    """
    if image.mode != "RGB":
        raise ValueError(f"quality is measured on RGB images; this one is {image.mode}")
    width, height = file_size or image.size
    small = _reduced(image)
    sample = _sample(small)
    red, green, blue = sample.split()
    stained_below = _stained_below(green)
    measures = {
        "focus": _focus(_bands(small, stained_below)),
        "mean_luminance": float(_histogram(sample.convert("L")) @ np.arange(256)),
        "clipped_dark": _below(ImageChops.lighter(ImageChops.lighter(red, green), blue), _DARKEST + 1),
        "clipped_bright": 1.0 - _below(ImageChops.darker(ImageChops.darker(red, green), blue), _BRIGHTEST),
        "foreground": _below(green, stained_below),
    }
    unusable, doubtful = _judge(measures, min(width, height))
    verdict = Verdict.UNUSABLE if unusable else Verdict.DOUBTFUL if doubtful else Verdict.GOOD
    return QualityMeasures(
        focus=measures["focus"],
        mean_luminance=measures["mean_luminance"],
        clipped_dark=measures["clipped_dark"],
        clipped_bright=measures["clipped_bright"],
        foreground=measures["foreground"],
        width=width,
        height=height,
        verdict=verdict,
        reasons=(*unusable, *doubtful),
    )


def reduction(size: tuple[int, int]) -> int:
    """By how much an image of this width and height is reduced at first: it may have far more pixels than are needed.

    `assess` does so by itself; who decodes in bands may do it band by band, and hand over the small image.
    """
    return max(1, min(size) // WORKING_EDGE)


def _reduced(image: Image.Image) -> Image.Image:
    factor = reduction(image.size)
    return image.reduce(factor) if factor > 1 else image


def _sample(image: Image.Image) -> Image.Image:
    """Every second pixel each way, unless there are few: parts of the field are as well counted on a quarter of it."""
    width, height = (side // 2 for side in image.size)
    if min(width, height) < WORKING_EDGE // 2:
        return image
    return image.resize((width, height), Image.Resampling.NEAREST)


def _bands(image: Image.Image, stained_below: int) -> Iterator[Grey]:
    """Its luminance on the scale on which focus is measured, in strips of rows: of a large one every second.

    What lies between two strips is lower than a cell, so that none is overlooked.
    """
    luminance = image.convert("L")
    cell_width = _mean_width(image.getchannel("G"), stained_below)
    scale = min(1.0, WORKING_EDGE / min(luminance.size), CELL_WIDTH / cell_width if cell_width else 1.0)
    width, height = (max(_LEAST_SIDE, round(side * scale)) for side in luminance.size)
    rows = luminance.height / height
    for top in range(0, height - _STRIP // 2, _STRIP if height < WORKING_EDGE else 2 * _STRIP):
        bottom = min(top + _STRIP, height)
        box = (0, top * rows, luminance.width, bottom * rows)
        yield np.asarray(luminance.resize((width, bottom - top), Image.Resampling.BILINEAR, box), np.float32)


def _mean_width(green: Image.Image, stained_below: int) -> float:
    """Mean length, in pixels, of the runs of stained pixels along the rows; 0 where nothing is stained."""
    coarse = green.reduce(_RUN_GRAIN)  # so that a camera's noise does not cut the runs
    stained = np.asarray(coarse) < stained_below
    starts = np.count_nonzero(stained[:, 1:] & ~stained[:, :-1]) + np.count_nonzero(stained[:, 0])
    return _RUN_GRAIN * np.count_nonzero(stained) / starts if starts else 0.0


def _focus(bands: Iterable[Grey]) -> float:
    """How much detail a further blur would take away, at two scales; the weaker one counts.

    After the re-blur idea of Crete et al., "The blur effect", SPIE 6492 (2007): a sharp image loses much of its
    gradient when it is blurred, a blurred one little, whatever it shows. The fine scale (3 pixels) finds blur on
    large fields of small cells, the coarse one (7 pixels) is not fooled by a camera's noise.
    """
    energies = np.zeros(3)
    for raw in bands:
        once = _smooth(raw, 1)
        energies += (_energy(raw), _energy(once), _energy(_smooth(once, 2)))
    raw_energy, fine, coarse = energies
    if fine < _NO_DETAIL:
        return 0.0
    return max(0.0, float(min((1.0 - fine / raw_energy) / FINE_FOCUS_GOOD, (1.0 - coarse / fine) / COARSE_FOCUS_GOOD)))


def _smooth(grey: Grey, step: int) -> Grey:
    """Mean of 3 x 3 samples that stand `step` apart; the result is smaller by 2 x step each way."""
    rows = grey[: -2 * step] + grey[step:-step]
    rows += grey[2 * step :]
    smooth: Grey = rows[:, : -2 * step] + rows[:, step:-step]
    smooth += rows[:, 2 * step :]
    smooth *= np.float32(1.0 / 9.0)
    return smooth


def _energy(grey: Grey) -> float:
    """Mean squared difference of neighbours, grey levels squared."""
    down, right = grey[1:] - grey[:-1], grey[:, 1:] - grey[:, :-1]
    return float(np.vdot(down, down) + np.vdot(right, right)) / grey.size


def _histogram(channel: Image.Image) -> npt.NDArray[np.float64]:
    """Parts of the 256 levels; they add up to 1."""
    return np.asarray(channel.histogram(), np.float64) / (channel.width * channel.height)


def _below(channel: Image.Image, level: int) -> float:
    return float(min(1.0, _histogram(channel)[:level].sum()))


def _stained_below(green: Image.Image) -> int:
    """The level of green below which a pixel is stained; the empty slide is taken from the brightest tenth."""
    background = int(np.searchsorted(np.cumsum(_histogram(green)), 0.9))
    return int(_STAINED * background)


def _judge(measures: dict[str, float], side: int) -> tuple[list[str], list[str]]:
    """Reasons that make a capture unusable, and reasons that make it doubtful."""
    focus, mean = measures["focus"], measures["mean_luminance"]
    dark, bright = measures["clipped_dark"], measures["clipped_bright"]
    foreground = measures["foreground"]
    checks = (
        (
            side < SIDE_UNUSABLE,
            side < SIDE_DOUBTFUL,
            f"too small: {side} pixels on its shorter side, {SIDE_DOUBTFUL} are needed; save the camera's full image",
        ),
        (
            mean < DARK_MEAN_UNUSABLE or dark > CLIPPED_DARK_UNUSABLE,
            mean < DARK_MEAN_DOUBTFUL or dark > CLIPPED_DARK_DOUBTFUL,
            f"too dark: mean brightness {mean:.0f} of 255, {dark:.0%} black; raise the lamp or the exposure time",
        ),
        (
            bright > CLIPPED_BRIGHT_UNUSABLE,
            bright > CLIPPED_BRIGHT_DOUBTFUL,
            f"over-exposed: {bright:.0%} of the field is pure white; lower the lamp or the exposure time",
        ),
        (
            foreground < FOREGROUND_UNUSABLE,
            foreground < FOREGROUND_DOUBTFUL,
            f"almost empty: cells cover {foreground:.1%} of the field; move to a part of the smear with cells",
        ),
        (
            focus < FOCUS_UNUSABLE and foreground >= FOREGROUND_UNUSABLE,
            focus < 1.0 and foreground >= FOREGROUND_UNUSABLE,
            f"out of focus: sharpness {focus:.2f}, 1.00 is needed; refocus and capture again",
        ),
    )
    unusable = [reason for bad, _, reason in checks if bad]
    doubtful = [reason for bad, poor, reason in checks if poor and not bad]
    return unusable, doubtful
