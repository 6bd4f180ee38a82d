"""What a file's name says: not a capture, a sidecar, or an image, and which of them belong together."""

import os
from pathlib import Path

from shared.imaging.decode import IMAGE_SUFFIXES

SIDECAR_SUFFIX = ".json"

_UNFINISHED_ENDINGS = ("~", ".part", ".partial", ".tmp", ".temp", ".crdownload", ".filepart", ".swp")
_SYSTEM_FILES = frozenset({"thumbs.db", "desktop.ini"})


def is_ignored(name: str) -> bool:
    """Hidden files and folders, files that a program has not finished, and what the system leaves in folders."""
    lower = name.lower()
    return lower.startswith((".", "~")) or lower.endswith(_UNFINISHED_ENDINGS) or lower in _SYSTEM_FILES


def is_sidecar(name: str) -> bool:
    """Whether a file of this name describes an image and is none itself."""
    return name.lower().endswith(SIDECAR_SUFFIX)


def looks_like_image(name: str) -> bool:
    """Whether the name ends as an image's does. Other files are read all the same, and refused with a reason."""
    return name.lower().endswith(IMAGE_SUFFIXES)


def sidecar_names(image_name: str) -> tuple[str, str]:
    """What an image's sidecar may be called; the first that exists counts."""
    stem = image_name.rpartition(".")[0] or image_name
    return image_name + SIDECAR_SUFFIX, stem + SIDECAR_SUFFIX


def sidecars_of(image: Path) -> tuple[Path, Path]:
    """Where an image's sidecar may stand; the first that exists counts."""
    first, second = sidecar_names(image.name)
    return image.with_name(first), image.with_name(second)


def images_of(sidecar: Path) -> list[Path]:
    """The images beside a sidecar that it describes."""
    described = sidecar.with_name(sidecar.name[: -len(SIDECAR_SUFFIX)])
    suffixes = (*IMAGE_SUFFIXES, *(suffix.upper() for suffix in IMAGE_SUFFIXES))
    candidates = (described, *(described.with_name(described.name + suffix) for suffix in suffixes))
    return [candidate for candidate in candidates if os.path.lexists(candidate)]
