from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from cloud_service.ml.experiments import commands
from cloud_service.ml.experiments.material import ExperimentError
from cloud_service.ml.experiments.report import Report


@pytest.fixture
def app() -> typer.Typer:
    program = typer.Typer()
    program.add_typer(commands.app)
    program.command("other")(lambda: None)  # as in the whole program, so that `experiment` is a command by its name
    return program


def run(app: typer.Typer, *arguments: object) -> str:
    result = CliRunner().invoke(app, ["experiment", *(str(argument) for argument in arguments)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_a_table_from_the_command_line(app: typer.Typer, cells: Path, recipe_file: Path, tmp_path: Path) -> None:
    options = ("table2", "--dataset", cells, "--recipe", recipe_file, "--out", tmp_path / "out")
    out = run(app, *options, "--runs", 2, "--epochs", 1)
    assert "SE-CNN, cells, recipe tiny: accuracy" in out
    assert "colours alone" in out
    assert "Research use only" in out
    assert f"Report: {tmp_path / 'out/report.html'}" in out
    with pytest.raises(ExperimentError, match=r"recipes\.tiny\.training\.epochs was 1, is now 2"):
        run(app, *options, "--runs", 2, "--epochs", 2)


def test_folds_mask_a_corner_for_all_recipes(app: typer.Typer, fields: Path, recipe_file: Path, tmp_path: Path) -> None:
    masked = tmp_path / "masked.toml"
    masked.write_text("[preprocess]\ncorner_mask = {corners = ['bottom-right'], width = 0.2, height = 0.1}\n")
    other = tmp_path / "other.json"
    other.write_text(recipe_file.read_text())
    options = ("--recipe", recipe_file, "--recipe", other, "--preprocess", masked, "--epochs", 1, "--runs", 2)
    out = run(app, "folds", "--dataset", fields, *options, "--out", tmp_path / "out")
    assert "recipe other and recipe tiny" in out
    report = Report.model_validate_json((tmp_path / "out/report.json").read_text())
    masks = [recipe.preprocess.corner_mask for recipe in report.recipes.values()]
    assert [mask.width for mask in masks if mask] == [0.2, 0.2]
    assert [recipe.preprocess.size for recipe in report.recipes.values()] == [32, 32]  # as the recipes have it


def test_ctrl_c_says_how_to_go_on(
    app: typer.Typer, cells: Path, recipe_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("cloud_service.ml.experiments.running.train", stop)
    arguments = ["experiment", "table2", "--dataset", cells, "--recipe", recipe_file, "--out", tmp_path / "out"]
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == 130
    assert "the same command goes on" in result.output


def test_a_table_takes_one_recipe(app: typer.Typer, cells: Path, tmp_path: Path) -> None:
    arguments = ["table2", "--dataset", cells, "--recipe", "paper", "--recipe", "modern", "--out", tmp_path / "out"]
    result = CliRunner().invoke(app, ["experiment", *(str(argument) for argument in arguments)])
    assert result.exit_code == 2
    assert "a table takes one --recipe" in result.output


def test_recipes_of_one_name_are_refused(app: typer.Typer, cells: Path, recipe_file: Path, tmp_path: Path) -> None:
    arguments = ["folds", "--dataset", cells, "--recipe", recipe_file, "--recipe", recipe_file, "--out", tmp_path]
    result = CliRunner().invoke(app, ["experiment", *(str(argument) for argument in arguments)])
    assert result.exit_code == 2
    assert "two recipes are called tiny" in result.output
