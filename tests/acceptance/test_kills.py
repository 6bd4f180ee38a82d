"""Whatever is killed, whenever: each capture ends with one blob, one prediction, its own pseudonym and a receipt."""

import hashlib
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_agent.credentials import EdgeSecrets
from shared.identifiers import case_pseudonym, sha256_of_file
from tests.support.photographs import take
from tests.support.stack import RunningStack, answered, running_stack, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

VICTIMS = ("edge", "mosquitto", "ingest", "redis", "worker", "api")
CAPTURES = 60
PAUSE_SECONDS = 0.25
HEALED_SECONDS = 150


def accession_of(number: int) -> str:
    return f"H26-{number // 4:04}"


class Photographer(threading.Thread):
    """Takes one capture after another while the stack is being killed."""

    def __init__(self, drawn: list[Path], folder: Path) -> None:
        super().__init__(name="photographer")
        self.drawn, self.folder = drawn, folder

    def run(self) -> None:
        pause = threading.Event()
        for number, source in enumerate(self.drawn):
            take(source, self.folder, accession_of(number))
            pause.wait(PAUSE_SECONDS)


@pytest.fixture
def survivors(crops: list[Path], tmp_path: Path) -> Iterator[RunningStack]:
    with running_stack(tmp_path) as stack:
        photographer = Photographer(crops[:CAPTURES], stack.captures)
        photographer.start()
        for victim in VICTIMS:
            stack.kill_and_await_restart(victim)
        photographer.join()
        until(
            lambda: len(answered(stack.edge_listing())) == CAPTURES,
            HEALED_SECONDS,
            "every capture is answered at the device",
        )
        yield stack


def test_nothing_is_lost_doubled_or_mixed_up_when_each_part_is_killed(
    survivors: RunningStack,
    crops: list[Path],
) -> None:
    digests = [sha256_of_file(path) for path in crops[:CAPTURES]]

    stored = survivors.rows("SELECT sha256, case_pseudonym, state FROM capture")
    assert sorted(sha256 for sha256, _, _ in stored) == sorted(digests)
    assert Counter(state for _, _, state in stored) == {"analysed": CAPTURES}

    key = EdgeSecrets.load(survivors.data / "edge" / "state" / "secrets.json").pseudonym_key_bytes
    expected_cases = {digest: case_pseudonym(accession_of(n), key) for n, digest in enumerate(digests)}
    assert {sha256: case for sha256, case, _ in stored} == expected_cases

    predictions = survivors.rows("SELECT capture_id, model_digest FROM prediction")
    assert len(predictions) == len(set(predictions)) == CAPTURES
    assert len({model for _, model in predictions}) == 1

    blobs = [path for path in (survivors.data / "blobs").rglob("*") if path.is_file()]
    contents = {hashlib.sha256(path.read_bytes()).hexdigest() for path in blobs}
    assert set(digests) <= contents
    assert survivors.command("check-archive", "--json")["damaged"] is False

    listing = survivors.edge_listing()
    assert {capture["sha256"] for capture in listing["captures"]} == set(digests)
    assert len(listing["captures"]) == CAPTURES
    assert listing["refused"] == []
