"""Files that are no captures, between captures: each is refused with its reason, each capture is diagnosed."""

import os
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cloud_service.local_stack.stack import SITE
from cloud_service.ml.synthetic.bad_files import make_bad_files
from shared.vocabulary import RefusalKind
from tests.support.photographs import take
from tests.support.stack import RunningStack, answered, running_stack, until
from tests.support.waiting import PATIENCE
from tests.support.workstation import Workstation, status_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(150)]

REFUSALS = {
    "empty.jpg": ("the file is empty", RefusalKind.EMPTY),
    "truncated.jpg": ("cannot be decoded to its end", RefusalKind.DAMAGED),
    "truncated.png": ("reaches beyond the file's end", RefusalKind.DAMAGED),
    "text.jpg": ("the file holds text", RefusalKind.NOT_AN_IMAGE),
    "noise.jpg": ("not an image that Smearflow reads", RefusalKind.NOT_AN_IMAGE),
    "no-pixels.png": ("0 pixels", RefusalKind.DAMAGED),
    "tiny.png": ("8 x 8 pixels", RefusalKind.TOO_SMALL),
    "bomb.png": ("a decompression bomb", RefusalKind.TOO_LARGE),
    "hundred-megapixels.tif": ("more than 89,478,485 pixels", RefusalKind.TOO_LARGE),
    "sixteen-bit.png": ("16 bits a sample", RefusalKind.OTHER_PIXELS),
    "sixteen-bit-colour.png": ("16 bits a sample", RefusalKind.OTHER_PIXELS),
    "sixteen-bit.tif": ("16 bits a sample", RefusalKind.OTHER_PIXELS),
    "cmyk.jpg": ("CMYK", RefusalKind.OTHER_PIXELS),
    "cmyk.tif": ("CMYK", RefusalKind.OTHER_PIXELS),
    "animated.png": ("2 frames", RefusalKind.SEVERAL_IMAGES),
    "two-pages.tif": ("2 frames", RefusalKind.SEVERAL_IMAGES),
    "animated.gif.jpg": ("a GIF", RefusalKind.OTHER_FORMAT),
    "other-format.webp.jpg": ("a WebP", RefusalKind.OTHER_FORMAT),
    "folder.jpg": ("this is a folder", RefusalKind.NOT_A_FILE),
    "vanishes.jpg": ("the file vanished before it could be read", RefusalKind.VANISHED),
    "leads-nowhere.jpg": ("the link leads to a file that is not there", RefusalKind.NOT_A_FILE),
    "no-accession.jpg": ("no accession", RefusalKind.NO_ACCESSION),
    "sidecar-cut-short.jpg": ("the sidecar is not JSON", RefusalKind.BAD_SIDECAR),
    "sidecar-without-accession.jpg": ("the sidecar is wrong at accession", RefusalKind.BAD_SIDECAR),
    "for-another-patient.jpg": ("for another accession", RefusalKind.OTHER_ACCESSION),
}
"""What the technician must read of each file, and the one word of it that leaves the site."""

DEVICES = "/api/v1/devices"

# Root may read everything, unless it gives up the right to (capabilities(7)).
AS_ANYBODY = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all"]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    with running_stack(tmp_path_factory.mktemp("bad-files")) as running:
        yield running
        assert running.restarts() == {}


def copied(source: Path, target: Path) -> Path:
    target.write_bytes(source.read_bytes())
    return target


def put_bad_files(folder: Path, bad: list[Path], crops: list[Path], good: list[Path]) -> None:
    """All files of REFUSALS, with a good capture after every third of them."""
    crop = iter(crops)
    captures = iter(good)
    for number, source in enumerate(bad):
        take(source, folder, "H26-0666")
        if number % 3 == 0:
            take(next(captures), folder, "H26-0001")
    (folder / "folder.jpg").mkdir()
    (folder / "leads-nowhere.jpg").symlink_to(folder / "nothing-there.jpg")
    copied(next(crop), folder / "no-accession.jpg")
    (folder / "sidecar-cut-short.jpg.json").write_text('{"accession": "H26-00')
    copied(next(crop), folder / "sidecar-cut-short.jpg")
    (folder / "sidecar-without-accession.jpg.json").write_text('{"smear": "A"}')
    copied(next(crop), folder / "sidecar-without-accession.jpg")
    vanishes = copied(next(crop), folder / "vanishes.jpg")
    for path in captures:
        take(path, folder, "H26-0001")
    vanishes.unlink()


def refusals(listing: dict[str, Any]) -> dict[str, tuple[str, str]]:
    return {Path(refusal["file"]).name: (refusal["reason"], refusal["kind"]) for refusal in listing["refused"]}


def test_each_bad_file_is_refused_with_its_reason_and_holds_up_no_capture(
    stack: RunningStack, crops: list[Path], tmp_path: Path
) -> None:
    good = crops[:10]
    put_bad_files(stack.captures, [made.path for made in make_bad_files(tmp_path)], crops[20:], good)
    until(lambda: len(answered(stack.edge_listing())) == len(good), PATIENCE, "the captures between are diagnosed")
    same = copied(good[0], tmp_path / "for-another-patient.jpg")
    take(same, stack.captures, "H26-0999")
    until(lambda: refusals(stack.edge_listing()).keys() >= REFUSALS.keys(), PATIENCE, "every bad file is refused")

    listing = stack.edge_listing()
    found = refusals(listing)
    assert found.keys() == REFUSALS.keys()
    assert {
        name: found[name]
        for name, (words, kind) in REFUSALS.items()
        if words not in found[name][0] or found[name][1] != kind
    } == {}
    assert {Path(file).name for capture in listing["captures"] for file in capture["files"]} == {p.name for p in good}
    assert stack.counts() == {"analysed": len(good)}

    def told() -> tuple[int, int, int]:
        code, status = status_of(stack.edge_config)
        return code, status["refused_files"], status["agent"]["files_waiting"]

    # What the agent itself has in hand is told with its next heartbeat.
    until(lambda: told() == (1, len(REFUSALS), 0), PATIENCE, "the status tells of every file, and of none that waits")
    with stack.api() as client:
        assert client.get("/api/v1/refusals").json()["total"] == 0
        kinds = Counter(kind for _, kind in REFUSALS.values())
        until(
            lambda: client.get(DEVICES).json()[0]["refused_by_kind"] == kinds, PATIENCE, "the cloud is told the kinds"
        )


def test_a_mended_sidecar_and_a_mended_file_are_taken_by_themselves(stack: RunningStack, crops: list[Path]) -> None:
    before = len(answered(stack.edge_listing()))
    (stack.captures / "late-sidecar.jpg").write_bytes(crops[30].read_bytes())
    half_saved = stack.captures / "half-saved.jpg"
    take(halved(crops[31], half_saved.parent.parent / half_saved.name), stack.captures, "H26-0002")
    until(
        lambda: {"late-sidecar.jpg", "half-saved.jpg"} <= refusals(stack.edge_listing()).keys(),
        PATIENCE,
        "both are refused",
    )
    (stack.captures / "late-sidecar.jpg.json").write_text('{"accession": "H26-0002"}')
    half_saved.write_bytes(crops[31].read_bytes())
    until(lambda: len(answered(stack.edge_listing())) == before + 2, PATIENCE, "both are diagnosed")
    assert {"late-sidecar.jpg", "half-saved.jpg"} & refusals(stack.edge_listing()).keys() == set()


def halved(source: Path, target: Path) -> Path:
    data = source.read_bytes()
    target.write_bytes(data[: len(data) // 2])
    return target


def test_a_file_that_the_agent_may_not_read(stack: RunningStack, crops: list[Path], tmp_path: Path) -> None:
    prefix = AS_ANYBODY if os.geteuid() == 0 else []
    if prefix and subprocess.run([*prefix, "true"], check=False, capture_output=True).returncode:
        pytest.skip("root may not give up its right to read everything here (setpriv failed)")
    soon = {"SMEARFLOW_EDGE_WATCH__SCAN_SECONDS": "1"}  # no event tells of a right, the next scan finds it
    station = Workstation(tmp_path / "station", prefix, soon).enrol(stack, SITE, "microscope-without-rights")
    locked = take(crops[40], station.captures, "H26-0003")
    locked.chmod(0)
    with station.running():
        take(crops[41], station.captures, "H26-0003")
        until(lambda: bool(refusals(station.listing())), PATIENCE, "the locked file is refused")
        assert refusals(station.listing()) == {
            locked.name: (
                "the file may not be read by the agent's account: grant it the right to read",
                RefusalKind.NOT_PERMITTED,
            )
        }
        until(lambda: len(answered(station.listing())) == 1, PATIENCE, "the other capture is diagnosed")
        locked.chmod(0o600)
        until(lambda: len(answered(station.listing())) == 2, PATIENCE, "once readable, it is diagnosed, too")
