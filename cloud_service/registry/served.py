"""A model that is ready to answer: its verified package in a runtime, and what speaks against its answers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, Self

from cloud_service.blob_store import BlobStore
from cloud_service.config import Settings
from cloud_service.ml.doubts import Doubter
from cloud_service.ml.package import ModelPackage
from cloud_service.ml.runtimes.contract import Runtime
from cloud_service.ml.runtimes.loading import RuntimeName, load_runtime
from cloud_service.models import ModelVersion
from cloud_service.registry.packages import fetch_package

Load = Callable[[ModelVersion], "ServedModel"]
"""Makes a version ready; raises PermanentError or TransientError where that cannot be done, now or ever."""


class Improver(Protocol):
    """Makes a faster model of one that answers already."""

    def improve(self, model: "ServedModel") -> "ServedModel":
        """The same model in a faster runtime; may take minutes.

        Raises:
            SmearflowError: there is none; the text says why.
        """

    def close(self) -> None:
        """Let an `improve` under way end soon; called by another thread."""


@dataclass(frozen=True, slots=True)
class ServedModel:
    """Used by one thread at a time, as its runtime is. Made by `of`."""

    package: ModelPackage
    runtime: Runtime
    doubter: Doubter

    @classmethod
    def of(cls, package: ModelPackage, runtime: Runtime) -> Self:
        """A package in a runtime.

        Raises:
            ModelPackageError: the statistics are not those that the card names.
            BrokenStatisticsError: they hold something else.
        """
        return cls(package, runtime, Doubter.of(package))

    @property
    def digest(self) -> str:
        """By which every answer names the model."""
        return self.package.digest

    @property
    def name(self) -> str:
        """For people."""
        return f"{self.package.card.name} {self.package.card.version}"


def loading(blobs: BlobStore, settings: Settings) -> Load:
    """A function that fetches a version's package, verifies it and puts it into the runtime that the settings name.

    Where that is TensorRT, into the fastest of a processor: the GPU takes over later (registry.engines).

    It raises:
        ModelPackageError: the package is not kept, or is not the one that was registered.
        BrokenModelError: its graph cannot be run, or takes images of another size than its card says.
        BrokenStatisticsError: its statistics are none.
        TransientError: the blob store is away, or the disk full.
    """

    def load(version: ModelVersion) -> ServedModel:
        package = fetch_package(blobs, version, settings.model_cache_dir)
        name = RuntimeName.AUTO if settings.runtime == RuntimeName.TENSORRT else settings.runtime
        return ServedModel.of(package, load_runtime(package, name, settings.runtime_threads))

    return load
