"""The edge agent at rest, its largest size by format, and its start with 10,000 files while a new capture comes in.

The baseline of the start is *an empty folder*, in the same run: the time from a complete file to its receipt. That of
the formats is JPEG, whose pixels are not touched.
"""

import io
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from PIL import Image

from cloud_service.local_stack.stack import SITE
from shared.identifiers import sha256_of_file
from tests.support.photographs import draw_crops, draw_fields, take
from tests.support.stack import RunningStack, running_stack, until
from tests.support.workstation import Workstation

pytestmark = pytest.mark.benchmark

FILES = 10_000
IDLE_SECONDS = 30
NEW_CAPTURES = 5
MEGABYTE = 1_000_000
FULL_FIELDS = 2
FORMATS: dict[str, tuple[str, dict[str, Any]]] = {
    "JPEG": ("JPEG", {"quality": 92}),
    "BMP": ("BMP", {}),
    "BMP, palette": ("BMP", {}),
    "TIFF": ("TIFF", {}),
    "TIFF, LZW": ("TIFF", {"compression": "tiff_lzw"}),
    "TIFF, Deflate": ("TIFF", {"compression": "tiff_adobe_deflate"}),
    "PNG": ("PNG", {"compress_level": 1}),
}
OWN_CASE = {"SMEARFLOW_EDGE_IDENTIFICATION__UNIDENTIFIED": "own-case"}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    with running_stack(tmp_path_factory.mktemp("stack")) as running:
        yield running


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return draw_crops(tmp_path_factory.mktemp("photographs"), 2 * NEW_CAPTURES + 1)


def fill(folder: Path) -> None:
    """Small images, none like another."""
    noise = np.random.default_rng(0)
    for number in range(FILES):
        buffer = io.BytesIO()
        Image.fromarray(noise.integers(0, 255, (48, 48, 3), np.uint8)).save(buffer, "JPEG")
        (folder / f"before-{number:05}.jpg").write_bytes(buffer.getvalue())


def await_receipt(stack: RunningStack, path: Path) -> None:
    query = "SELECT count(*) FROM capture WHERE original_sha256 = ? AND received_at IS NOT NULL"
    digest = sha256_of_file(path)
    until(lambda: bool(stack.rows(query, digest)[0][0]), 300, f"{path.name} is stored")


def seconds_to_receipt(stack: RunningStack, station: Workstation, photographs: list[Path]) -> list[float]:
    """For each photograph, one after another: from the complete file to its receipt."""
    taken = []
    for path in photographs:
        begin = time.monotonic()
        take(path, station.captures)
        await_receipt(stack, path)
        taken.append(time.monotonic() - begin)
    return taken


def await_connection(station: Workstation) -> None:
    until(lambda: bool((station.status()[1].get("agent") or {}).get("cloud_online")), 30, "the agent is connected")


def test_at_rest(stack: RunningStack, photographs: list[Path]) -> None:
    take(photographs[-1], stack.captures, "H26-0001")
    await_receipt(stack, photographs[-1])
    agent = psutil.Process(stack.row("edge")["pid"])
    before = agent.cpu_times()
    threading.Event().wait(IDLE_SECONDS)
    after = agent.cpu_times()
    used = after.user + after.system - before.user - before.system
    print(
        f"\nedge agent at rest: {agent.memory_info().rss / MEGABYTE:.0f} MB resident,"
        f" {100 * used / IDLE_SECONDS:.2f} % of one core over {IDLE_SECONDS} s",
    )


def noisy_fields(folder: Path) -> list[Image.Image]:
    """Full fields with a sensor's noise, without which a PNG would be far smaller than a real one."""
    noise = np.random.default_rng(0)
    drawn = [np.asarray(Image.open(path)) for path in draw_fields(folder, FULL_FIELDS)]
    return [Image.fromarray(np.clip(noise.normal(image, 2.0), 0, 255).astype(np.uint8)) for image in drawn]


def largest_size(pid: int) -> float:
    """Megabytes that the process ever had resident (proc(5): VmHWM)."""
    status = Path(f"/proc/{pid}/status").read_text()
    return 1024 * int(status.split("VmHWM:")[1].split()[0]) / MEGABYTE


def test_largest_size_by_format(stack: RunningStack, tmp_path: Path) -> None:
    fields = noisy_fields(tmp_path)
    print(f"\nedge agent that takes {FULL_FIELDS} captures of {fields[0].width}x{fields[0].height}, largest size:")
    for number, (name, (image_format, options)) in enumerate(FORMATS.items()):
        station = Workstation(tmp_path / str(number), environment=OWN_CASE).enrol(stack, SITE, f"formats-{number}")
        with station.running():
            await_connection(station)
            before = largest_size(station.pid)
            begun = sum(psutil.Process(station.pid).cpu_times()[:2])
            for index, image in enumerate(fields):
                path = tmp_path / f"{number}-{index}.{image_format.lower()}"
                (image.quantize() if "palette" in name else image).save(path, image_format, **options)
                take(path, station.captures)
                await_receipt(stack, path)
            used = sum(psutil.Process(station.pid).cpu_times()[:2]) - begun
            print(
                f"  {name:14} {largest_size(station.pid):5.1f} MB (before the first {before:.1f} MB),"
                f" {1000 * used / FULL_FIELDS:.0f} ms of CPU a capture",
            )


def test_a_start_with_many_files(stack: RunningStack, photographs: list[Path], tmp_path: Path) -> None:
    empty = Workstation(tmp_path / "empty", environment=OWN_CASE).enrol(stack, SITE, "microscope-empty")
    with empty.running():
        await_connection(empty)
        baseline = seconds_to_receipt(stack, empty, photographs[:NEW_CAPTURES])

    full = Workstation(tmp_path / "full", environment=OWN_CASE).enrol(stack, SITE, "microscope-full")
    fill(full.captures)
    with full.running():
        await_connection(full)
        overtaking = seconds_to_receipt(stack, full, photographs[NEW_CAPTURES : 2 * NEW_CAPTURES])
        memory = psutil.Process(full.pid).memory_info().rss / MEGABYTE
        rows = stack.rows("SELECT count(*) FROM capture WHERE device_id = 'microscope-full'")
        so_far = rows[0][0] - NEW_CAPTURES
    print(
        f"\n{FILES} files in the folder at the start, {so_far} of them sent when the last new capture had its receipt:"
        f"\n  new capture to its receipt  max {max(overtaking):.2f} s, mean {sum(overtaking) / NEW_CAPTURES:.2f} s"
        f"\n  empty folder                max {max(baseline):.2f} s, mean {sum(baseline) / NEW_CAPTURES:.2f} s"
        f"\n  ratio  full / empty = {sum(overtaking) / sum(baseline):.1f}; the agent has {memory:.0f} MB resident",
    )
    assert so_far < FILES, "the folder was empty before the new captures came"
