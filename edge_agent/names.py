"""What a file's name says: not a capture, a sidecar, or an image, and which of them belong together."""

import os
from pathlib import Path

from shared.imaging.decode import IMAGE_SUFFIXES

SIDECAR_SUFFIX = ".json"

_UNFINISHED_SUFFIXES = frozenset({".part", ".partial", ".tmp", ".temp", ".crdownload", ".filepart", ".swp"})
_SYSTEM_FILES = frozenset({"thumbs.db", "desktop.ini"})


def is_ignored(name: str) -> bool:
    """Hidden files and folders, files that a program has not finished, and what the system leaves in folders."""
    lower = name.lower()
    return (
        lower.startswith((".", "~"))
        or lower.endswith("~")
        or lower in _SYSTEM_FILES
        or Path(lower).suffix in _UNFINISHED_SUFFIXES
    )


def is_sidecar(name: str) -> bool:
    """Whether a file of this name describes an image and is none itself."""
    return name.lower().endswith(SIDECAR_SUFFIX)


def looks_like_image(name: str) -> bool:
    """Whether the name ends as an image's does. Other files are read all the same, and refused with a reason."""
    return name.lower().endswith(IMAGE_SUFFIXES)


def sidecars_of(image: Path) -> tuple[Path, Path]:
    """Where an image's sidecar may stand; the first that exists counts."""
    return image.with_name(image.name + SIDECAR_SUFFIX), image.with_suffix(SIDECAR_SUFFIX)


def images_of(sidecar: Path) -> list[Path]:
    """The images beside a sidecar that it describes."""
    described = sidecar.with_name(sidecar.name[: -len(SIDECAR_SUFFIX)])
    suffixes = (*IMAGE_SUFFIXES, *(suffix.upper() for suffix in IMAGE_SUFFIXES))
    candidates = (described, *(described.with_name(described.name + suffix) for suffix in suffixes))
    return [candidate for candidate in candidates if os.path.lexists(candidate)]
