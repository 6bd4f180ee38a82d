"""`smearflow model build-engine`."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cloud_service import cli
from cloud_service.ml.engines import opening, parity
from cloud_service.ml.engines.bindings import NoGpuError
from tests.support.fake_gpu import fake_gpu, fakes_of

DEMO_MODEL = Path(__file__).parents[5] / "cloud_service" / "ml" / "demo_model"


def test_it_builds_shows_parity_and_fails_where_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gpu = fake_gpu()
    monkeypatch.setattr(opening, "open_gpu", lambda: gpu)
    few = parity.calibration_pixels
    monkeypatch.setattr(parity, "calibration_pixels", lambda spec: few(spec, crops=2, fields=0))
    command = ["model", "build-engine", str(DEMO_MODEL), "--engines", str(tmp_path / "engines")]

    good = CliRunner().invoke(cli.app, [*command, "--json"], catch_exceptions=False)
    assert good.exit_code == 0
    record = json.loads(good.stdout)
    assert (record["key"]["precision"], record["parity"]["changed_decisions"], record["fault"]) == ("float16", 0, None)

    fakes_of(gpu)[0].spoil = 5.0
    kept = CliRunner().invoke(cli.app, command, catch_exceptions=False)
    assert (kept.exit_code, "It passed" in kept.stdout) == (0, True)
    spoilt = CliRunner().invoke(cli.app, [*command, "--again"], catch_exceptions=False)
    assert spoilt.exit_code == 1
    assert "Not used: It does not answer as ONNX Runtime does" in spoilt.stdout


def test_without_a_gpu_it_says_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> None:
        raise NoGpuError("CUDA finds no GPU.")

    monkeypatch.setattr(opening, "open_gpu", none)
    with pytest.raises(NoGpuError):
        CliRunner().invoke(cli.app, ["model", "build-engine", str(DEMO_MODEL)], catch_exceptions=False)
    assert not list(tmp_path.iterdir())
