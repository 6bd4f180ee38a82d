"""What the demo expects: which files are good captures, and which must be refused."""

from dataclasses import dataclass
from pathlib import Path

from shared.errors import ConfigurationError, UnreadableImageError
from shared.imaging.decode import IMAGE_SUFFIXES, ImageLimits, open_image
from shared.imaging.preprocess import PreprocessSpec

_FIELDS, _CROPS, _SEED = 6, 10, 2022


@dataclass(frozen=True, slots=True)
class ExpectedFile:
    """A file, and whether it is an image within the limits."""

    path: Path
    is_good: bool


def expected_in(folder: Path) -> list[ExpectedFile]:
    """The captures in a folder and the folders within it; a good one can be opened as an image.

    Raises:
        ConfigurationError: there is none.
    """
    found = sorted(path for path in folder.resolve().rglob("*") if path.suffix.lower() in IMAGE_SUFFIXES)
    if not found:
        raise ConfigurationError(f"{folder} holds no image ({', '.join(sorted(IMAGE_SUFFIXES))}).")
    return [ExpectedFile(path, _is_readable(path)) for path in found]


def _is_readable(path: Path) -> bool:
    try:
        open_image(path, ImageLimits(), draft_edge=PreprocessSpec().draft_edge)
    except (UnreadableImageError, OSError):
        return False
    return True
