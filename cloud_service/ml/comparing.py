"""Photographs beside those that are always there, to compare runtimes on."""

from pathlib import Path

import numpy as np

from cloud_service.ml.runtimes.contract import Pixels
from shared.errors import PermanentError, UnreadableImageError
from shared.imaging.decode import IMAGE_SUFFIXES
from shared.imaging.preprocess import PreprocessSpec, preprocess


def pixels_of(always: Pixels, spec: PreprocessSpec, images: Path | None) -> Pixels:
    """What is always compared on, and what photographs lie in the folder `images`, as the model sees them.

    Raises:
        PermanentError: one of them cannot be read, or there are none.
    """
    paths = sorted(images.rglob("*")) if images else []
    found = []
    for path in paths:
        if path.suffix.lower() in IMAGE_SUFFIXES:
            try:
                found.append(preprocess(path, spec))
            except UnreadableImageError as error:
                raise PermanentError(f"{path} cannot be compared on: {error}. Or take it out of the folder.") from error
    if images and not found:
        raise PermanentError(f"{images} holds no photographs to compare the runtimes on; name another folder.")
    return np.stack([*always, *found])
