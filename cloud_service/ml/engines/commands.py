"""`smearflow model build-engine`."""

from pathlib import Path
from typing import Annotated

import typer

from cloud_service.ml.engines.precision import Precision

app = typer.Typer()


@app.command("build-engine", epilog="Example: smearflow model build-engine trained/model --images captures")
def build_engine(
    model: Annotated[Path, typer.Argument(help="Folder of the model package.")],
    *,
    engines: Annotated[
        Path | None, typer.Option(help="Where engines are kept; by default SMEARFLOW_ENGINE_CACHE_DIR.")
    ] = None,
    precision: Annotated[
        Precision | None, typer.Option(help="What to calculate in; by default SMEARFLOW_ENGINE_PRECISION.")
    ] = None,
    images: Annotated[
        Path | None,
        typer.Option(exists=True, file_okay=False, help="A folder of photographs to check the answers on as well."),
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Also where it was built, or failed, before.")] = False,
    json: Annotated[bool, typer.Option("--json", help="What became of it, with its parity report, as JSON.")] = False,
) -> None:
    """Build a package's TensorRT engine for this machine's GPU, and check it against ONNX Runtime; takes minutes.

    Workers do this by themselves, and use what is built here. Exit code 1: the engine is not used.
    """
    from cloud_service.config import settings
    from cloud_service.ml.comparing import pixels_of
    from cloud_service.ml.engines import opening
    from cloud_service.ml.engines.cache import EngineCache
    from cloud_service.ml.engines.key import EngineKey
    from cloud_service.ml.engines.making import make_engine
    from cloud_service.ml.engines.parity import calibration_pixels
    from cloud_service.ml.package import load_package

    package, gpu = load_package(model), opening.open_gpu()
    cache = EngineCache(engines or settings().engine_cache_dir)
    chosen = precision or Precision(settings().engine_precision)
    key = EngineKey.of(package, gpu, chosen)
    if again or images:  # what was checked before was not checked on these
        with cache.lock(key):
            cache.forget(key)
    spec = package.card.preprocess
    record = make_engine(package, gpu, cache, chosen, lambda: pixels_of(calibration_pixels(spec), spec, images))
    if json:
        typer.echo(record.model_dump_json(indent=2))
    else:
        typer.echo(f"{key.precision} for {key.gpu}, TensorRT {key.tensorrt}, driver {key.driver}; {key.name}")
        if record.parity:
            typer.echo(f"Parity: {record.parity.in_words}.")
        typer.echo(f"Not used: {record.fault}" if record.fault else "It passed, and is used from now on.")
    raise typer.Exit(1 if record.fault else 0)
