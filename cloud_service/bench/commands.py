"""`smearflow bench …`: measure this machine, each figure beside a baseline of the same run.

What is measured is imported by the command that needs it, so that `smearflow --help` answers at once.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cloud_service.config import settings
from cloud_service.ml.runtimes.loading import RuntimeName

if TYPE_CHECKING:
    from cloud_service.bench.result import BenchResult

app = typer.Typer(help="Measure this machine: each figure beside a baseline of the same run.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")]
FigureFile = Annotated[
    Path | None, typer.Option("--figure", help="Also draw the ratios into this SVG file; needs the extra `train`.")
]
Model = Annotated[Path | None, typer.Option(help="Folder of the model package; the one in the settings otherwise.")]
Rounds = Annotated[int, typer.Option(min=1, help="Rounds that count; quartiles are over them.")]
_FEWEST_CASES = 300  # some wait for answers, some have theirs


@app.command(epilog="Example: smearflow bench inference --runtime tensorrt --json")
def inference(
    *,
    model: Model = None,
    runtime: Annotated[RuntimeName | None, typer.Option(help="Compare this runtime alone with eager torch.")] = None,
    rounds: Rounds = 5,
    json: Json = False,
    figure: FigureFile = None,
) -> None:
    """Every runtime that is installed, at batches of 1 and 32, against eager torch in NCHW order."""
    from cloud_service.bench.inference import bench_inference

    _show(bench_inference(_model(model), rounds=rounds, only=runtime), json=json, figure=figure)


@app.command(epilog="Example: smearflow bench decode --images 16")
def decode(
    *,
    model: Model = None,
    images: Annotated[int, typer.Option(min=2, help="Photographs of each size in a round.")] = 16,
    rounds: Rounds = 5,
    json: Json = False,
    figure: FigureFile = None,
) -> None:
    """Photographs to pixels, and to answers, against decoding them whole with Pillow."""
    from cloud_service.bench.decode import bench_decode

    with _folder() as folder:
        _show(bench_decode(_model(model), folder, rounds=rounds, images=images), json=json, figure=figure)


@app.command(epilog="Example: smearflow bench pipeline --captures 500 --rounds 3")
def pipeline(
    *,
    model: Model = None,
    captures: Annotated[int, typer.Option(min=2, help="Large captures in a burst.")] = 200,
    workers: Annotated[int, typer.Option(min=1, help="Inference workers of the stack.")] = 1,
    cases: Annotated[int, typer.Option(help="Cases of ten images in its database before: none, or 300 and more.")] = 0,
    rounds: Rounds = 3,
    json: Json = False,
    figure: FigureFile = None,
) -> None:
    """Bursts through the whole stack on this machine, and what each program costs, against bare inference."""
    from cloud_service.bench.pipeline import bench_pipeline

    if cases != 0 and cases < _FEWEST_CASES:
        raise typer.BadParameter(f"{cases} cases are too few for a history: say 0, or {_FEWEST_CASES} and more.")
    with _folder() as folder:
        found = bench_pipeline(_model(model), folder, rounds=rounds, captures=captures, workers=workers, cases=cases)
        _show(found, json=json, figure=figure)


@app.command(epilog="Example: smearflow bench latency --rate 5")
def latency(
    *,
    model: Model = None,
    captures: Annotated[int, typer.Option(min=2, help="Large captures.")] = 75,
    rate: Annotated[float, typer.Option(min=0.1, help="Captures a second.")] = 5.0,
    json: Json = False,
    figure: FigureFile = None,
) -> None:
    """From a complete file to its result at a browser while captures come steadily, against bare inference."""
    from cloud_service.bench.latency import bench_latency

    with _folder() as folder:
        _show(bench_latency(_model(model), folder, captures=captures, rate=rate), json=json, figure=figure)


@app.command(epilog="Example: smearflow bench worklist --cases 100000")
def worklist(
    *,
    database_url: Annotated[str | None, typer.Option(help="An empty database; a fresh SQLite file otherwise.")] = None,
    cases: Annotated[int, typer.Option(min=_FEWEST_CASES, help="Cases of ten images.")] = 100_000,
    rounds: Annotated[int, typer.Option(min=2, help="How often each request is made.")] = 40,
    json: Json = False,
    figure: FigureFile = None,
) -> None:
    """The worklist and a case's page over many cases, against joining them from their captures."""
    from cloud_service.bench.many_cases import Size
    from cloud_service.bench.worklist import bench_worklist

    with _folder() as folder:
        _show(bench_worklist(folder, database_url, rounds=rounds, size=Size(cases=cases)), json=json, figure=figure)


@app.command(epilog="Example: smearflow bench fleet --devices 10000 --seconds 60")
def fleet(
    *,
    devices: Annotated[int, typer.Option(min=1, max=10_000, help="Simulated workstations.")] = 1000,
    each: Annotated[int, typer.Option(min=1, help="Small captures that each sends.")] = 1,
    seconds: Annotated[float, typer.Option(min=0, help="Over which all captures are spread evenly.")] = 30.0,
    json: Json = False,
    figure: FigureFile = None,
) -> None:
    """Many workstations against the real broker and ingest, against one that waits for each receipt."""
    from cloud_service.bench.fleet import FleetPlan, bench_fleet

    with _folder() as folder:
        plan = FleetPlan(devices=devices, captures_each=each, seconds=seconds)
        _show(bench_fleet(folder, plan), json=json, figure=figure)


@app.command(epilog="Example: smearflow bench train --rounds 5")
def train(*, rounds: Rounds = 5, json: Json = False, figure: FigureFile = None) -> None:
    """Training by both recipes, against the loop that a first script would have."""
    from cloud_service.bench.training import bench_training

    _show(bench_training(rounds=rounds), json=json, figure=figure)


@app.command(epilog="Example: smearflow bench picture bench-results --out deploy/measured.svg")
def picture(
    results: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="Folder of JSON results.")],
    *,
    out: Annotated[Path, typer.Option(help="The SVG file to write.")],
) -> None:
    """Draw the ratios of earlier results, each as `--json` printed it, as one picture."""
    from cloud_service.bench.picture import draw_picture, read_results

    out.write_bytes(draw_picture(read_results(results)))
    typer.echo(f"{out} is drawn.")


def _model(chosen: Path | None) -> Path:
    return chosen or settings().model_dir


@contextmanager
def _folder() -> Iterator[Path]:
    """A folder for photographs, data and logs, which is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="smearflow-bench-") as name:
        yield Path(name)


def _show(result: "BenchResult", *, json: bool, figure: Path | None) -> None:
    from cloud_service.bench.rendering import text_of

    typer.echo(result.model_dump_json(indent=2) if json else text_of(result))
    if figure is not None:
        from cloud_service.bench.picture import draw_picture

        figure.write_bytes(draw_picture([result]))
        typer.echo(f"{figure} is drawn.", err=True)
