"""The whole chain, from a complete file in the watched folder to the result event at a browser."""

from pathlib import Path

import pytest

from cloud_service.bench.latency import bench_latency
from cloud_service.bench.pipeline import bench_pipeline
from cloud_service.bench.rendering import text_of
from cloud_service.config import Settings

pytestmark = pytest.mark.benchmark


def test_latency_at_a_steady_rate(tmp_path: Path) -> None:
    print(f"\n{text_of(bench_latency(Settings().model_dir, tmp_path, captures=75, rate=5.0))}")


def test_bursts(tmp_path: Path) -> None:
    print(f"\n{text_of(bench_pipeline(Settings().model_dir, tmp_path, rounds=3, captures=200))}")
