"""A model as it is measured: fetched, verified, and loaded into both runtimes."""

import statistics
import time
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Final, Self

import numpy as np

from cloud_service.blob_store import BlobStore
from cloud_service.gate.margins import SPEED_IMAGES
from cloud_service.gate.schemas import ParityFigures, SpeedFigures
from cloud_service.gate.work_order import OrderedModel, Said
from cloud_service.ml.deployed_network import DeployedNetwork
from cloud_service.ml.doubts import Doubter
from cloud_service.ml.export import LARGEST_DIFFERENCE, largest_difference, sample_pixels
from cloud_service.ml.package import ModelPackage, PackageFile
from cloud_service.ml.runtimes.contract import Pixels, Runtime
from cloud_service.ml.runtimes.loading import RuntimeName, load_runtime
from cloud_service.ml.weights import network_of
from cloud_service.models import ModelVersion
from cloud_service.registry.packages import fetch_package
from shared.imaging.preprocess import PreprocessSpec

_WARM_UP: Final = 3
_LEAST: Final = 2.0**-25  # float32 tells no probability nearer to 1 from it


@dataclass(frozen=True, slots=True, eq=False)
class MeasuredModel:
    """A model in the runtime that serves, which is measured, and in torch, which that is compared with."""

    package: ModelPackage
    network: DeployedNetwork
    runtime: Runtime
    doubter: Doubter

    @classmethod
    def load(cls, wanted: OrderedModel, blobs: BlobStore, cache: Path, *, runtime: str, threads: int) -> Self:
        """Fetch a model's package, verify it by its digest and load it.

        Args:
            wanted: which model.
            blobs: where packages are kept.
            cache: a folder for packages, made where it is missing.
            runtime: a RuntimeName.
            threads: of one answer.

        Raises:
            ModelPackageError: the package is not kept, or not what was registered.
            BrokenStatisticsError: its statistics are none.
            BrokenModelError: its ONNX file cannot be loaded.
            TransientError: the blob store is away, or the disk is full.
        """
        version = ModelVersion(digest=wanted.digest, package_sha256=wanted.package_sha256)
        package = fetch_package(blobs, version, cache)
        loaded = load_runtime(package, runtime, threads)
        network = DeployedNetwork(network_of(package), package.card.preprocess).eval()
        return cls(package, network, loaded, Doubter.of(package))

    @property
    def spec(self) -> PreprocessSpec:
        """How images become the pixels that it takes."""
        return self.package.card.preprocess

    def logits(self, pixels: Pixels) -> list[float]:
        """Its logits before any temperature, as they are served: in eight bits, where the runtime is.

        Worked back from probabilities, so that beyond 17 times the temperature all are the same.

        Args:
            pixels: (N, S, S, 3) uint8.

        Raises:
            BrokenModelError: an answer is no number.
        """
        probabilities = np.clip(np.array(self._probabilities(pixels)), _LEAST, 1.0 - _LEAST)
        found: list[float] = (self.package.card.temperature * np.log(probabilities / (1.0 - probabilities))).tolist()
        return found

    def say(self, pixels: Pixels) -> list[Said]:
        """Its answers as they are served, for pixels (N, S, S, 3) uint8.

        Raises:
            BrokenModelError: an answer is no number.
        """
        return [self._said(*pair) for pair in zip(pixels, self._probabilities(pixels), strict=True)]

    def parity(self, pixels: Pixels) -> ParityFigures:
        """How far ONNX Runtime is from torch on drawn images and on these, (N, S, S, 3) uint8.

        Raises:
            ExportError: they disagree, or the ONNX file lacks an output.
            BrokenModelError: ONNX Runtime cannot run the file.
        """
        images = np.concatenate([sample_pixels(self.spec.size), pixels])
        onnx_file = self.package.read(PackageFile.ONNX)
        with_attention = self.package.card.attention is not None
        load_runtime(self.package, RuntimeName.ONNXRUNTIME)  # says in words why a file cannot be run
        difference = largest_difference(self.network, onnx_file, images, with_attention=with_attention)
        return ParityFigures(images=len(images), difference=difference, most=LARGEST_DIFFERENCE)

    def _probabilities(self, pixels: Pixels) -> list[float]:
        found: list[float] = []
        limit = self.runtime.batch_limit
        for start in range(0, len(pixels), limit):
            found += self.runtime.predict(pixels[start : start + limit]).probabilities.tolist()
        return found

    def _said(self, pixels: Pixels, probability: float) -> Said:
        doubts = self.doubter.doubts(pixels, probability)
        return Said(probability=probability, label=self.package.card.label_of(probability), doubted=bool(doubts))


def speed_of(challenger: MeasuredModel, champion: MeasuredModel | None, *, threads: int) -> SpeedFigures:
    """How long one image takes each model: they answer in turn, so that both meet the same load of the machine.

    Args:
        challenger: the model in question.
        champion: the one in service; None: there is none.
        threads: that they were loaded with.

    Raises:
        BrokenModelError: a model cannot answer.
    """
    models = [challenger] if champion is None else [challenger, champion]
    drawn = [list(islice(cycle(sample_pixels(model.spec.size)), _WARM_UP + SPEED_IMAGES)) for model in models]
    taken = [
        [_seconds(model.runtime, image) for model, image in zip(models, images, strict=True)]
        for images in zip(*drawn, strict=True)
    ][_WARM_UP:]
    medians = [1000.0 * statistics.median(seconds) for seconds in zip(*taken, strict=True)]
    return SpeedFigures(
        runtime=challenger.runtime.name,
        threads=threads,
        images=SPEED_IMAGES,
        challenger_milliseconds=medians[0],
        champion_milliseconds=medians[1] if champion else None,
        ratio=statistics.median(ours / theirs for ours, theirs in taken) if champion else None,
    )


def _seconds(runtime: Runtime, image: Pixels) -> float:
    started = time.perf_counter()
    runtime.predict(image[None])
    return time.perf_counter() - started
