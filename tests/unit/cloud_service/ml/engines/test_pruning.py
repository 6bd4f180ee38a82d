"""Engines that are of no more use go, and none that anybody has in hand."""

import fcntl
import os
import subprocess
import sys
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cloud_service.ml.engines.cache import EngineCache
from cloud_service.ml.engines.key import EngineKey
from cloud_service.ml.engines.locking import locked, locked_if_free
from cloud_service.ml.engines.making import make_engine
from cloud_service.ml.engines.precision import Precision
from cloud_service.ml.engines.pruning import prune
from cloud_service.ml.package import ModelPackage, load_package
from tests.support.fake_cuda import H100
from tests.support.fake_gpu import fake_gpu, few_cells

ROOT = Path(__file__).parents[5]
SEVERAL_DAYS = timedelta(days=3)
LONG = timedelta(days=40)


@pytest.fixture(scope="module")
def package() -> ModelPackage:
    return load_package(ROOT / "cloud_service" / "ml" / "demo_model")


@pytest.fixture
def cache(tmp_path: Path) -> EngineCache:
    return EngineCache(tmp_path / "engines")


def made(package: ModelPackage, cache: EngineCache, *, unused_for: timedelta = timedelta(0), **gpu: str) -> EngineKey:
    """An engine for a GPU that differs so, last used so long ago."""
    device = fake_gpu(description=replace(H100, **gpu))
    key = make_engine(package, device, cache, Precision.FLOAT16, lambda: few_cells(package)).key
    at = (time.time() - unused_for.total_seconds(),) * 2
    for file in cache.directory.glob(f"{key.name}.*"):
        os.utime(file, at)
    return key


def names(*keys: EngineKey) -> list[str]:
    return sorted(key.name for key in keys)


def test_what_nobody_used_for_long_goes_with_all_its_files(package: ModelPackage, cache: EngineCache) -> None:
    serving = made(package, cache, unused_for=LONG)
    old = made(package, cache, unused_for=LONG, name="NVIDIA H200")
    recent = made(package, cache, unused_for=SEVERAL_DAYS, name="NVIDIA L40S")

    assert prune(cache, serving) == [old.name]

    assert cache.names() == names(serving, recent)
    assert not list(cache.directory.glob(f"*{old.name}*"))


def test_what_an_update_replaced_goes_a_day_after_its_last_use(package: ModelPackage, cache: EngineCache) -> None:
    replaced = made(package, cache, unused_for=SEVERAL_DAYS, driver="570.1, CUDA 12080")
    in_use_elsewhere = made(package, cache, unused_for=timedelta(hours=2), driver="575.1, CUDA 12090")
    of_another_gpu = made(package, cache, unused_for=SEVERAL_DAYS, compute_capability="10.0")
    serving = made(package, cache)

    assert prune(cache, serving) == [replaced.name]
    assert cache.names() == names(in_use_elsewhere, of_another_gpu, serving)


def test_whoever_finds_an_engine_keeps_it(package: ModelPackage, cache: EngineCache) -> None:
    serving = made(package, cache)
    old = made(package, cache, unused_for=LONG, name="NVIDIA H200")

    assert cache.find(old)

    assert prune(cache, serving) == []


def test_what_cannot_be_read_goes_too(package: ModelPackage, cache: EngineCache) -> None:
    serving = made(package, cache)
    old = made(package, cache, name="NVIDIA H200")
    (cache.directory / f"{old.name}.json").write_text("{")
    (cache.directory / f".{old.name}-draft").touch()
    for file in cache.directory.glob(f"{old.name}.*"):
        os.utime(file, (0, 0))

    assert prune(cache, serving) == [old.name]
    assert not list(cache.directory.glob(f"*{old.name}*"))


def test_one_process_prunes_while_another_loads(package: ModelPackage, cache: EngineCache) -> None:
    serving = made(package, cache, name="NVIDIA H200")
    old = made(package, cache, unused_for=LONG)
    arguments = [str(package.directory), str(cache.directory), "looking"]
    other = subprocess.Popen(
        [sys.executable, "-m", "tests.support.engine_child", *arguments],
        cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert other.stdout
    assert any(line.strip() == "reading" for line in iter(other.stdout.readline, ""))

    assert prune(cache, serving) == []  # it holds the lock, though it has not marked the engine as used yet

    said, _ = other.communicate("go on\n")
    assert said.split() == ["answers", "2"]
    assert prune(cache, serving) == []
    assert cache.names() == names(serving, old)


def test_an_engine_in_hand_is_not_waited_for(package: ModelPackage, cache: EngineCache) -> None:
    key = made(package, cache, unused_for=LONG)
    with cache.lock(key):
        assert cache.find(key) is None
        assert prune(cache, made(package, cache, name="NVIDIA H200")) == []
    assert cache.find(key)


def test_a_lock_whose_file_was_removed_is_taken_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, honest = tmp_path / "engine.lock", fcntl.flock
    calls: list[int] = []

    def flock(descriptor: Any, how: int) -> None:
        if not calls:
            path.unlink()  # by the one who held it until now
        calls.append(how)
        honest(descriptor, how)

    monkeypatch.setattr(fcntl, "flock", flock)
    with locked(path):
        assert len(calls) == 2
        with locked_if_free(path, shared=True) as is_held:
            assert not is_held
    with locked_if_free(path) as is_held:
        assert is_held
