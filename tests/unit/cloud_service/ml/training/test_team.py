"""Several processes that train one network, on the CPU through gloo."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from cloud_service.ml.training.loop import TrainingError, train
from tests.support.evaluations import write_squares
from tests.support.training import dots, small_recipe

ROOT = Path(__file__).parents[5]
PROGRAM = """
import json, os, sys
from cloud_service.ml.training.loop import train
from tests.support.evaluations import write_squares
from tests.support.training import dots, flat_weights, small_recipe, timeless
told = []
recipe = small_recipe(epochs=3, batch_size=8, averaging=0.5, batch_norm_images=8)
trained = train(dots(32, seed=1), dots(8, seed=2), recipe, lambda record: told.append(record.epoch))
found = {"weights": flat_weights(trained.network).tolist(), "history": timeless(trained.history), "told": told}
open(os.path.join(sys.argv[1], os.environ["RANK"]), "w").write(json.dumps(found))
"""


def torchrun(processes: int, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--log-dir=/dev/null",  # else it leaves a folder behind in the system's temporary one, at each start
        f"--nproc-per-node={processes}",
        *arguments,
    ]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=100, check=False)


@pytest.mark.slow
def test_two_processes_end_with_the_same_network_and_one_of_them_reports(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    run = torchrun(2, str(program), str(tmp_path))
    assert run.returncode == 0, run.stderr
    first, second = (json.loads((tmp_path / rank).read_text()) for rank in ("0", "1"))
    assert first["weights"] == second["weights"]
    assert first["history"] == second["history"]
    assert (first["told"], second["told"]) == ([1, 2, 3], [])


@pytest.mark.slow
def test_the_command_that_the_help_names_trains_one_model_and_speaks_once(tmp_path: Path) -> None:
    squares = write_squares(tmp_path / "squares", groups=20, seed=1)
    recipe = tmp_path / "recipe.json"
    recipe.write_text(small_recipe(epochs=1, batch_size=4, device="cpu").model_dump_json())
    command = Path(sys.executable).with_name("smearflow")
    options = ("--dataset", squares, "--recipe", recipe, "--out", tmp_path / "out")
    run = torchrun(2, "--no-python", str(command), "train", *(str(option) for option in options))
    assert run.returncode == 0, run.stderr
    assert run.stdout.count(f"Model package: {tmp_path / 'out/model'}") == 1
    assert (tmp_path / "out/model/card.json").is_file()


def test_processes_that_do_not_find_each_other_are_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"WORLD_SIZE": "2", "RANK": "0"}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(TrainingError, match=r"2 processes train together.*MASTER_ADDR.*unset WORLD_SIZE"):
        train(dots(8, seed=1), dots(4, seed=2), small_recipe(batch_size=8, device="cpu"), lambda _: None)


def test_a_batch_that_cannot_be_divided_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"WORLD_SIZE": "3", "RANK": "0"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(torch.distributed, "is_initialized", lambda: True)
    with pytest.raises(TrainingError, match="batch of 8 images cannot be divided among 3 processes"):
        train(dots(8, seed=1), dots(4, seed=2), small_recipe(batch_size=8), lambda _: None)
