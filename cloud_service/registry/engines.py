"""TensorRT engines for the models that a worker serves: found or built while a processor answers already.

Building takes minutes and may take a process down with it, so that it has one of its own. That process goes on where
the worker is killed; whoever needs the engine next waits for it, or finds it.
"""

import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

from cloud_service.config import Settings
from cloud_service.ml.engines import opening
from cloud_service.ml.engines.cache import EngineCache, EngineRecord, UnsafeCacheError
from cloud_service.ml.engines.key import EngineKey
from cloud_service.ml.engines.place import EnginePlace
from cloud_service.ml.engines.precision import Precision
from cloud_service.ml.engines.pruning import prune
from cloud_service.ml.engines.using import open_engine
from cloud_service.ml.package import ModelPackage
from cloud_service.ml.runtimes.loading import RuntimeName
from cloud_service.registry.served import ServedModel
from shared.errors import TransientError
from shared.logs import get_logger

_LONGEST_SECONDS = 3600.0
_LAST_WORDS = 600  # characters of what a build said

log = get_logger(__name__)

BuildCommand = Callable[[ModelPackage, EnginePlace], Sequence[str]]


class EngineBuildStoppedError(TransientError):
    """The process that built an engine ended without saying what became of it; the text has its last words."""


class EngineImprover:
    """Puts models into TensorRT, where there is a GPU and their engine passes.

    Args:
        place: where engines are kept.
        threads: of the processor, for the day on which the GPU fails.
        command: starts the process that builds.
    """

    def __init__(self, place: EnginePlace, threads: int, command: BuildCommand | None = None) -> None:
        self._place = place
        self._threads = threads
        self._command = command or build_command
        self._lock = threading.Lock()
        self._building: subprocess.Popen[str] | None = None
        self._is_closed = False

    def improve(self, model: ServedModel) -> ServedModel:
        """See `Improver`.

        Raises:
            NoGpuError: there is no GPU, or not all that it needs.
            EngineRefusedError: its engine cannot be built, or does not answer as ONNX Runtime does.
            EngineBuildStoppedError: building ended early.
            GpuError: the GPU failed.
            UnsafeCacheError: others can write into the cache.
            ModelPackageError: the package has no file for this precision.
        """
        gpu, cache = opening.open_gpu(), EngineCache(self._place.directory)
        key = EngineKey.of(model.package, gpu, self._place.precision)
        record = cache.find(key) or self._build(model.package, cache, key)
        runtime = open_engine(model.package, gpu, cache, record, self._threads)
        try:
            prune(cache, key)
        except (UnsafeCacheError, OSError) as error:
            log.warning("old engines could not be removed", folder=str(cache.directory), reason=str(error))
        return replace(model, runtime=runtime)

    def close(self) -> None:
        """See `Improver`."""
        with self._lock:
            self._is_closed = True
            if self._building is not None:
                self._building.terminate()

    def _build(self, package: ModelPackage, cache: EngineCache, key: EngineKey) -> EngineRecord:
        log.info("an engine is built beside the service", model=package.digest, engine=key.name)
        command = self._command(package, self._place)
        with self._lock:
            if self._is_closed:
                raise EngineBuildStoppedError("The worker stops; the engine is built the next time.")
            # What is started is this very program, or what a test gives; all arguments are this process's own.
            self._building = subprocess.Popen(  # noqa: S603
                command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
            )
        try:
            _, said = self._building.communicate(timeout=_LONGEST_SECONDS)
        except subprocess.TimeoutExpired as error:
            self._building.kill()
            self._building.communicate()
            raise EngineBuildStoppedError(f"Building an engine took more than {_LONGEST_SECONDS:.0f} s.") from error
        record = cache.find(key)
        if record is None:
            raise EngineBuildStoppedError(
                f"Building an engine of model {package.digest[:12]} ended with code {self._building.returncode}: "
                f"{said.strip()[-_LAST_WORDS:] or 'it said nothing.'} The worker tries again when it is started again."
            )
        return record


def build_command(package: ModelPackage, place: EnginePlace) -> list[str]:
    """`smearflow model build-engine` for a package, by this very Python."""
    program = "from cloud_service.cli import main; main()"
    options = ["--engines", str(place.directory), "--precision", place.precision.value]
    return [sys.executable, "-c", program, "model", "build-engine", str(package.directory), *options]


def improver_for(settings: Settings) -> EngineImprover | None:
    """What the settings ask for; None: a processor's runtime by name."""
    if settings.runtime not in (RuntimeName.AUTO, RuntimeName.TENSORRT):
        return None
    place = EnginePlace(settings.engine_cache_dir, Precision(settings.engine_precision))
    return EngineImprover(place, settings.runtime_threads)
