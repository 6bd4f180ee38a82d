"""What an engine depends on: where any of it differs, it is another engine."""

from typing import Self

from pydantic import BaseModel, ConfigDict

from cloud_service.ml.engines.bindings import Gpu
from cloud_service.ml.engines.precision import Precision, source_of
from cloud_service.ml.package import ModelPackage
from shared.identifiers import Sha256, sha256_of_bytes

RECIPE = 1
"""Raised whenever this software makes another engine, or checks it otherwise, from the same files."""


class EngineKey(BaseModel):
    """By what an engine is found in the cache. Its own file beside the engine, for people."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    onnx_digest: Sha256
    card_digest: Sha256  # threshold and temperature decide what the parity check says
    tensorrt: str
    gpu: str
    compute_capability: str
    driver: str
    precision: Precision
    recipe: int = RECIPE

    @classmethod
    def of(cls, package: ModelPackage, gpu: Gpu, precision: Precision) -> Self:
        """The key of a package's engine on this GPU.

        Raises:
            GpuError: the GPU does not say what it is.
            ModelPackageError: the package has no file for this precision, or it is not the one that the card names.
        """
        device = gpu.cuda.describe()
        return cls(
            onnx_digest=sha256_of_bytes(package.read(source_of(precision))),
            card_digest=package.digest,
            tensorrt=gpu.tensorrt.__version__,
            gpu=device.name,
            compute_capability=device.compute_capability,
            driver=device.driver,
            precision=precision,
        )

    @property
    def name(self) -> str:
        """64 characters that stand for all of it."""
        return sha256_of_bytes(self.model_dump_json().encode())
