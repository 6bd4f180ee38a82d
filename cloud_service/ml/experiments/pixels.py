"""The pixels of an experiment's data sets, read once for each way of preprocessing."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from cloud_service.ml.datasets.pixels import load_pixels
from cloud_service.ml.datasets.samples import Sample
from cloud_service.ml.experiments.material import Material
from shared.imaging.preprocess import PreprocessSpec


class PixelStore:
    """Reads data sets when their pixels are first asked for and keeps them: 150 kB an image at size 224.

    Args:
        materials: the data sets.
        on_images: told how many images are to be read.
        on_image: called after each.
    """

    def __init__(
        self, materials: Sequence[Material], on_images: Callable[[int], None], on_image: Callable[[], None]
    ) -> None:
        self._materials = materials
        self._on_images, self._on_image = on_images, on_image
        self._read: dict[tuple[str, str], NDArray[np.uint8]] = {}
        self._places = {
            sample.path: (material.key, index)
            for material in materials
            for index, sample in enumerate(material.samples)
        }

    def of(self, samples: Sequence[Sample], spec: PreprocessSpec) -> NDArray[np.uint8]:
        """(N, S, S, 3) uint8 of samples of these data sets, in their order.

        Raises:
            DatasetError: an image cannot be read.
        """
        places = [self._places[sample.path] for sample in samples]
        arrays = {key: self._whole(key, spec) for key in dict.fromkeys(key for key, _ in places)}
        return np.stack([arrays[key][index] for key, index in places])

    def _whole(self, key: str, spec: PreprocessSpec) -> NDArray[np.uint8]:
        name = (key, spec.model_dump_json())
        if name not in self._read:
            (material,) = (material for material in self._materials if material.key == key)
            self._on_images(len(material.samples))
            self._read[name] = load_pixels(material.samples, spec, self._on_image)
        return self._read[name]
