"""Runtimes and decoding against what a first script would do."""

from pathlib import Path

import pytest

from cloud_service.bench.decode import bench_decode
from cloud_service.bench.inference import bench_inference
from cloud_service.bench.rendering import text_of
from cloud_service.config import Settings

pytestmark = pytest.mark.benchmark

LEAST_RATIO = {"Batches of 1": 3.0, "Batches of 32": 4.0}
LARGEST_DIFFERENCE = 1e-5


def test_inference() -> None:
    result = bench_inference(Settings().model_dir, rounds=5)
    print(f"\n{text_of(result)}")
    tables = {table.title: table for table in result.tables}
    differences = next(table for title, table in tables.items() if title.startswith("Largest difference"))
    assert differences.figure("runtime onnxruntime").value.median <= LARGEST_DIFFERENCE
    for title, least in LEAST_RATIO.items():
        best = max(figure.ratio.median for figure in tables[title].figures if figure.ratio)
        assert best >= least, title


def test_decoding(tmp_path: Path) -> None:
    print(f"\n{text_of(bench_decode(Settings().model_dir, tmp_path, rounds=5, images=16))}")
