"""How fast photographs become the network's pixels, and then answers, against decoding them whole with Pillow."""

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from cloud_service.bench.bare import CONTENDER_MODULE, bare_rate, bare_workers, runtime_in_service
from cloud_service.bench.contender import EAGER
from cloud_service.bench.machine import cores
from cloud_service.bench.photographs import draw_crops, draw_fields
from cloud_service.bench.progress import tell
from cloud_service.bench.result import BenchResult, Table
from cloud_service.bench.servant import Servant
from cloud_service.bench.spread import by_turns
from cloud_service.ml.runtimes.contract import Pixels
from cloud_service.ml.runtimes.loading import RuntimeName
from shared.imaging.preprocess import PreprocessSpec, preprocess

FULL = "Pillow, whole image"
PLAIN = "Pillow whole + torch eager NCHW, batch 32"
_SIZE = 224
_NAIVE_BATCH = 32
_DRAFTS = (448, _SIZE)
Decode = Callable[[bytes], Pixels]


def bench_decode(model: Path, folder: Path, *, rounds: int, images: int) -> BenchResult:
    """Decoding alone, on one core, and decoding with inference on all of them, for fields and for crops.

    Args:
        model: folder of the model package.
        folder: where the photographs are drawn.
        rounds: that count.
        images: of each kind in a round.
    """
    tell("Drawing photographs")
    kinds = {"fields of 2592x1944": draw_fields(folder, images), "crops of 257x257": draw_crops(folder, images)}
    tables = [
        table
        for kind, paths in kinds.items()
        for table in (_decoding(kind, paths, rounds), _with_inference(kind, paths, model, rounds))
    ]
    return BenchResult(
        name="decode",
        title="From JPEG to pixels, and to answers",
        tables=tuple(tables),
        limit=f"bare decoding and inference, a process a core: {_limits(tables)}.",
        notes=("Differences are those of the 224x224 pixels, of 255, from decoding the whole image.",),
    )


def _limits(tables: Sequence[Table]) -> str:
    """The best of each table with inference."""
    with_inference = [table for table in tables if table.baseline == PLAIN]
    best = [max(figure.value.median for figure in table.figures) for table in with_inference]
    return " and ".join(f"{rate:.0f} images/s" for rate in best)


def decoders() -> dict[str, Decode]:
    """Each way to the network's 224x224 pixels that is installed here, decoding the whole image first."""
    ways: dict[str, Decode] = {
        FULL: _by(PreprocessSpec(draft_edge=None)),
        "Pillow, draft(448)": _by(PreprocessSpec(draft_edge=448)),
        "Pillow, draft(224)": _by(PreprocessSpec(draft_edge=_SIZE)),
    }
    try:
        import simplejpeg  # type: ignore[import-not-found,unused-ignore] # noqa: PLC0415 - optional
    except ImportError:
        return ways
    for edge in _DRAFTS:
        ways[f"simplejpeg, {edge}"] = _simplejpeg(simplejpeg, edge)
    return ways


def _by(spec: PreprocessSpec) -> Decode:
    return lambda data: preprocess(data, spec)


def _simplejpeg(library: Any, edge: int) -> Decode:
    def decode(data: bytes) -> Pixels:
        pixels = library.decode_jpeg(data, min_height=edge, min_width=edge)
        resized = Image.fromarray(pixels).resize((_SIZE, _SIZE), Image.Resampling.BILINEAR)
        return np.asarray(resized)

    return decode


def _decoding(kind: str, paths: list[Path], rounds: int) -> Table:
    tell(f"Decoding {kind}")
    files = [path.read_bytes() for path in paths]

    def speed(decode: Decode) -> Callable[[], float]:
        def measure() -> float:
            begin = time.perf_counter()
            for data in files:
                decode(data)
            return len(files) / (time.perf_counter() - begin)

        return measure

    ways = decoders()
    whole = [ways[FULL](data).astype(int) for data in files]
    notes = {name: _difference(decode, files, whole) for name, decode in ways.items()}
    found = by_turns({name: speed(decode) for name, decode in ways.items()}, rounds)
    return Table.of(f"Decoding {kind} on one core", "images/s", found, baseline=FULL, notes=notes)


def _difference(decode: Decode, files: list[bytes], whole: list[Any]) -> str:
    differences = [np.abs(decode(data) - expected) for data, expected in zip(files, whole, strict=True)]
    return f"mean difference {np.mean(differences):.2f}, largest {np.max(differences)}"


def _with_inference(kind: str, paths: list[Path], model: Path, rounds: int) -> Table:
    tell(f"Decoding and answering {kind}")
    names = [str(path) for path in paths]
    with ExitStack() as stack:
        plain = stack.enter_context(Servant(CONTENDER_MODULE, EAGER, str(cores()), str(model)))

        def naive() -> float:
            return len(names) / float(plain.ask({"batch": _NAIVE_BATCH, "files": names, "draft": None})["seconds"])

        measures: dict[str, Callable[[], float]] = {PLAIN: naive}
        for runtime in dict.fromkeys((RuntimeName.ONNXRUNTIME, runtime_in_service(model))):
            workers = stack.enter_context(bare_workers(model, runtime))
            for edge in _DRAFTS:
                measures[f"draft({edge}) + {runtime}, a process a core"] = _ours(workers, paths, edge)
        found = by_turns(measures, rounds)
    return Table.of(f"Decoding and answering {kind} on {cores()} cores", "images/s", found, baseline=PLAIN)


def _ours(workers: list[Servant], paths: list[Path], edge: int) -> Callable[[], float]:
    return lambda: bare_rate(workers, paths, draft=edge)[0]
