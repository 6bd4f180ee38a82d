"""What the demo expects: which files are good captures, and which must be refused."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from cloud_service.ml.synthetic.bad_files import make_bad_files, make_odd_files
from cloud_service.ml.synthetic.dataset import write_dataset
from shared.errors import ConfigurationError, UnreadableImageError
from shared.imaging.decode import IMAGE_SUFFIXES, ImageLimits, open_image
from shared.imaging.preprocess import PreprocessSpec

_FIELDS, _CROPS, _SEED = 4, 10, 2022
_FIELD_SIZE = (1712, 1368)  # the smaller of the two cameras of ALL-IDB1


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


def make_captures(folder: Path) -> list[ExpectedFile]:
    """Write a mixed set of procedural captures: fields and crops, odd ones that are good, and broken ones.

    Some have a sidecar, one of which is malformed; one image lies there twice.
    """
    write_dataset(folder / "fields", "field", _FIELDS, _SEED, size=_FIELD_SIZE)
    write_dataset(folder / "crops", "crop", _CROPS, _SEED)
    made = sorted(folder.rglob("*.jpg"))
    copy = Path(shutil.copy(made[0], folder / "the-same-again.jpg"))
    mislabelled = Path(shutil.copy(made[1], folder / "sidecar-is-no-json.jpg"))
    Path(f"{mislabelled}.json").write_text('{"accession": "H26-0001"', "utf-8")
    labelled = [*made, copy]
    for number, path in enumerate(labelled):
        # Every three images are one case; the copy belongs to the case of its original.
        case = 0 if path == copy else number // 3
        Path(f"{path}.json").write_text(json.dumps({"accession": f"H26-{case:04}", "smear": "A"}), "utf-8")
    odd = [file.path for file in make_odd_files(folder / "odd")]
    bad = [file.path for file in make_bad_files(folder / "broken")]
    good = [ExpectedFile(path.resolve(), is_good=True) for path in (*labelled, *odd)]
    return good + [ExpectedFile(path.resolve(), is_good=False) for path in (*bad, mislabelled)]
