"""What the benchmarks stand on: turns, ratios, a measured program of its own, and how a result is shown."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from cloud_service.bench import worklist
from cloud_service.bench.commands import app
from cloud_service.bench.fleet_device import altered
from cloud_service.bench.picture import NoResultsError, draw_picture, read_results
from cloud_service.bench.rendering import text_of
from cloud_service.bench.result import BenchResult, Figure, Table
from cloud_service.bench.servant import Servant, ServantError
from cloud_service.bench.spread import Spread, by_turns

RATES = {"plain": [10.0, 20.0, 40.0], "ours": [30.0, 40.0, 200.0]}
RESULT = BenchResult(
    name="trial",
    title="A trial",
    tables=(Table.of("Speed", "images/s", RATES, baseline="plain"),),
    limit="300 images/s at most.",
    notes=("Not here: another.",),
)


def test_ways_take_turns_and_what_warms_up_does_not_count() -> None:
    order: list[str] = []

    def way(name: str) -> float:
        order.append(name)
        return float(len(order))

    found = by_turns({"a": lambda: way("a"), "b": lambda: way("b")}, rounds=2)

    assert order == ["a", "b"] * 3
    assert found == {"a": [3.0, 5.0], "b": [4.0, 6.0]}


def test_ratios_are_taken_round_by_round_and_above_one_is_better() -> None:
    faster = RESULT.tables[0].figure("ours").ratio
    assert faster is not None
    assert (faster.median, faster.lower, faster.upper) == (3.0, 2.5, 4.0)

    slower = Table.of("Time", "s", RATES, baseline="plain", more_is_better=False).figure("ours").ratio
    assert slower is not None
    assert slower.median == pytest.approx(1 / 3)
    with pytest.raises(ValueError, match="as many baselines"):
        Spread.of_ratios([1.0, 2.0], [1.0])


def test_a_result_says_machine_versions_medians_spread_ratio_and_limit() -> None:
    text = text_of(RESULT)

    for expected in (
        RESULT.machine.cpu,
        f"numpy {np.__version__}",
        "against 'plain'",
        "40.0 [35.0, 120]",
        "3.00 [2.50, 4.00]",
    ):
        assert expected in text
    assert "Limit: 300 images/s at most." in text
    assert "Not here: another." in text


def test_json_stands_alone_on_standard_output_and_is_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def bench(folder: Path, url: str | None, **_: object) -> BenchResult:
        assert folder.is_dir()
        assert url == "sqlite:///none.db"
        return RESULT

    monkeypatch.setattr(worklist, "bench_worklist", bench)
    figure = tmp_path / "trial.svg"

    shown = CliRunner().invoke(
        app, ["worklist", "--database-url", "sqlite:///none.db", "--json", "--figure", str(figure)]
    )

    assert shown.exit_code == 0
    assert BenchResult.model_validate(json.loads(shown.stdout)) == RESULT
    assert "is drawn" in shown.stderr
    assert figure.read_bytes().startswith(b"<?xml")

    (tmp_path / "trial.json").write_text(shown.stdout)
    assert read_results(tmp_path) == [RESULT]


def test_a_picture_needs_ratios_and_results(tmp_path: Path) -> None:
    counted = Figure(name="counted", value=Spread.of([1.0]))
    bare = Table(title="Counts", unit="", baseline="", figures=(counted,))
    with pytest.raises(NoResultsError, match="ratio"):
        draw_picture([RESULT.model_copy(update={"tables": (bare,)})])
    with pytest.raises(NoResultsError, match="smearflow bench"):
        read_results(tmp_path)
    (tmp_path / "other.json").write_text("{}")
    with pytest.raises(NoResultsError, match=r"other\.json"):
        read_results(tmp_path)


def test_a_measured_program_that_cannot_start_says_why() -> None:
    with pytest.raises(ServantError, match="No module named"), Servant("cloud_service.bench.no_such_program"):
        pass


def test_each_simulated_capture_is_another_file_of_the_same_picture() -> None:
    held = io.BytesIO()
    Image.fromarray(np.random.default_rng(1).integers(0, 256, (32, 32, 3), dtype=np.uint8)).save(held, "JPEG")
    first, second = (altered(held.getvalue(), text) for text in ("device 1", "device 2"))

    assert first != second
    pixels = [np.asarray(Image.open(io.BytesIO(data))) for data in (held.getvalue(), first, second)]
    assert np.array_equal(pixels[0], pixels[1])
    assert np.array_equal(pixels[0], pixels[2])
