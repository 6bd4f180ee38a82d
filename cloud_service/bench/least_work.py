"""What a capture needs at the very least, item by item, each measured alone in this process on one core."""

import os
import time
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np

from cloud_service.bench.result import Figure, Table
from cloud_service.bench.spread import Spread
from cloud_service.bench.transfer import transfer_milliseconds
from cloud_service.database import make_engine
from cloud_service.ml.package import load_package
from cloud_service.ml.runtimes.loading import load_runtime
from shared.identifiers import sha256_of_bytes
from shared.imaging.assessment import WORKING_EDGE, assess
from shared.imaging.decode import open_image
from shared.imaging.preprocess import preprocess

Item = TypeVar("Item")

_ROW_BYTES = 256  # of text twice as many: about what is written of a capture at a time
_TRANSFERS = 5


def least_work(paths: Sequence[Path], model: Path, folder: Path) -> Table:
    """Milliseconds of CPU time a capture for decoding, inference, transfer and durable storage.

    Args:
        paths: photographs; each is one round.
        model: folder of the model package.
        folder: on the disk to which the durable write goes.
    """
    package = load_package(model)
    spec = package.card.preprocess
    runtime = load_runtime(package, threads=1)
    target = folder / "durable.bin"

    def write(data: bytes) -> None:
        with target.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())

    rows = make_engine(f"sqlite:///{folder / 'rows.db'}")
    with rows.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE entry (text TEXT)")

    def commit(data: bytes) -> None:
        with rows.begin() as connection:
            connection.exec_driver_sql("INSERT INTO entry VALUES (?)", (data[:_ROW_BYTES].hex(),))

    items: dict[str, Callable[[bytes], object]] = {
        "decoding for the model": lambda data: preprocess(data, spec),
        "decoding and measuring, as the edge checks it": _check,
        "transfer: SHA-256, once a side": sha256_of_bytes,
        "transfer: CRC-32, once a side": zlib.crc32,
        "durable storage: one write and fsync": write,
        "durable storage: a row, committed by itself": commit,
    }
    files = [path.read_bytes() for path in paths]
    figures = [Figure(name=name, value=_spread(item, files)) for name, item in items.items()]
    pixels = [preprocess(data, spec)[None] for data in files]
    runtime.predict(np.zeros_like(pixels[0]))  # the first one makes room
    figures.insert(1, Figure(name="inference", value=_spread(runtime.predict, pixels)))
    through = Spread.of(transfer_milliseconds(files, rounds=_TRANSFERS))
    figures.append(Figure(name="transfer: from client to client through the broker", value=through))
    rows.dispose()
    target.unlink()
    title = "CPU time a capture needs at least, each item measured alone"
    return Table(title=title, unit="ms", baseline="", figures=tuple(figures))


def _check(data: bytes) -> object:
    """What the edge does before it takes a JPEG."""
    return assess(open_image(data, draft_edge=WORKING_EDGE))


def _spread(work: Callable[[Item], object], rounds: Sequence[Item]) -> Spread:
    taken = []
    for each in rounds:
        begin = time.process_time()
        work(each)
        taken.append(1000 * (time.process_time() - begin))
    return Spread.of(taken)
