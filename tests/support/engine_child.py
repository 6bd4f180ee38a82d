"""`python -m tests.support.engine_child PACKAGE CACHE HOW`: makes a package's engine with the fake GPU, in a process.

HOW is `plainly`; `waiting`: it says "building" and goes on when it is told a line; `stopping-N`: it says "writing" at
the Nth time that it waits for the disk, and does nothing more; `wrongly`: the engine's answers are wrong; `looking`: it
finds one that is there, says "reading" with the engine's lock held, and uses it when it is told a line.
"""

import os
import signal
import sys
from pathlib import Path
from typing import Any
from unittest import mock

from cloud_service.ml.engines.bindings import Gpu
from cloud_service.ml.engines.cache import EngineCache, EngineRecord
from cloud_service.ml.engines.key import EngineKey
from cloud_service.ml.engines.making import make_engine
from cloud_service.ml.engines.precision import Precision
from cloud_service.ml.engines.using import open_engine
from cloud_service.ml.package import ModelPackage, load_package
from cloud_service.ml.runtimes.contract import Runtime
from cloud_service.registry.engines import BuildCommand
from tests.support.fake_gpu import fake_gpu, fakes_of, few_cells, noise


def main(package: Path, cache: Path, how: str) -> None:
    """Make the engine; print how many builds that took here."""
    gpu = fake_gpu()
    library, _ = fakes_of(gpu)
    if how == "waiting":
        library.on_build = _wait
    if how == "wrongly":
        library.spoil = 5.0
    if how.startswith("stopping-"):
        _stop_at(int(how.removeprefix("stopping-")))
    print("starting", flush=True)  # noqa: T201
    model = load_package(package)
    if how == "looking":
        print(f"answers {len(_look(model, gpu, cache).predict(noise(2)).probabilities)}", flush=True)  # noqa: T201
        return
    record = make_engine(model, gpu, EngineCache(cache), Precision.FLOAT16, lambda: few_cells(model))
    print(f"builds {library.builds}, usable {record.is_usable}", flush=True)  # noqa: T201


def command(how: str) -> BuildCommand:
    """What starts this instead of the command that builds for a worker."""
    module = "tests.support.engine_child"
    return lambda package, place: [sys.executable, "-m", module, str(package.directory), str(place.directory), how]


def _look(model: ModelPackage, gpu: Gpu, directory: Path) -> Runtime:
    """The runtime over an engine that is found, with a stop while its record is read."""

    class Stopping(EngineCache):
        def read(self, key: EngineKey) -> EngineRecord | None:
            print("reading", flush=True)  # noqa: T201
            sys.stdin.readline()
            return super().read(key)

    cache = Stopping(directory)
    record = cache.find(EngineKey.of(model, gpu, Precision.FLOAT16))
    assert record, "the engine was there"
    return open_engine(model, gpu, cache, record, threads=1)


def _wait() -> None:
    print("building", flush=True)  # noqa: T201
    sys.stdin.readline()


def _stop_at(number: int) -> None:
    """Let the process be stopped, for good, where it waits for the disk for the Nth time."""
    honest = os.fsync
    seen: list[object] = []

    def fsync(descriptor: Any) -> None:
        seen.append(descriptor)
        if len(seen) == number:
            print("writing", flush=True)  # noqa: T201
            signal.pause()
        honest(descriptor)

    mock.patch.object(os, "fsync", fsync).start()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
