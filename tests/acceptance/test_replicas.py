"""Two ingest replicas and two workers serve two sites; one of each is killed in the middle of a stream of captures."""

import threading
from collections import Counter
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from cloud_service.local_stack.stack import SITE
from edge_agent.credentials import EdgeSecrets
from shared.identifiers import case_pseudonym, sha256_of_file
from shared.topics import shard_of
from tests.support.photographs import take
from tests.support.stack import RunningStack, answered, running_stack, until
from tests.support.waiting import PATIENCE
from tests.support.workstation import Workstation

pytestmark = [pytest.mark.slow, pytest.mark.timeout(200)]

SHARDS = 2
EACH = 24
PAUSE_SECONDS = 0.2
OTHER_SITE = next(name for n in count() if shard_of(name := f"site-{n}", SHARDS) != shard_of(SITE, SHARDS))
OTHER_INGEST = ("ingest", "ingest-2")[shard_of(OTHER_SITE, SHARDS)]


def accession_of(number: int) -> str:
    return f"H26-{number // 3:04}"


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[RunningStack]:
    with running_stack(tmp_path / "stack", "--ingests", str(SHARDS), "--workers", "2") as running:
        yield running


def photograph(drawn: list[Path], here: Path, there: Path, under_way: threading.Event) -> None:
    """Captures at both sites in turn; says when a third of them are taken."""
    pause = threading.Event()
    for number, source in enumerate(drawn):
        take(source, there if number % 2 else here, accession_of(number))
        if number == EACH * 2 // 3:
            under_way.set()
        pause.wait(PAUSE_SECONDS)


def test_a_killed_ingest_and_a_killed_worker_cost_nothing(
    stack: RunningStack, crops: list[Path], tmp_path: Path
) -> None:
    drawn = crops[: 2 * EACH]
    with Workstation(tmp_path / "other").enrol(stack, OTHER_SITE, "microscope-2").running() as other:
        under_way = threading.Event()
        photographer = threading.Thread(target=photograph, args=(drawn, stack.captures, other.captures, under_way))
        photographer.start()
        assert under_way.wait(PATIENCE)
        stack.kill_and_await_restart(OTHER_INGEST)
        stack.kill_and_await_restart("worker")
        photographer.join()
        until(lambda: len(answered(stack.edge_listing())) == EACH, PATIENCE, "every capture of one site is answered")
        until(lambda: len(answered(other.listing())) == EACH, PATIENCE, "every capture of the other site is answered")
        here = EdgeSecrets.load(stack.data / "edge" / "state" / "secrets.json").pseudonym_key_bytes
        keys = (here, other.pseudonym_key)

    expected = {
        sha256_of_file(path): ((SITE, OTHER_SITE)[n % 2], case_pseudonym(accession_of(n), keys[n % 2]))
        for n, path in enumerate(drawn)
    }
    stored = stack.rows("SELECT sha256, site_id, case_pseudonym FROM capture WHERE state = 'analysed'")
    assert sorted(sha256 for sha256, _, _ in stored) == sorted(expected)
    assert {sha256: (site, case) for sha256, site, case in stored} == expected

    predictions = Counter(capture for (capture,) in stack.rows("SELECT capture_id FROM prediction"))
    assert len(predictions) == len(drawn)
    assert set(predictions.values()) == {1}
    archive = stack.command("check-archive", "--json")
    assert (archive["damaged"], archive["captures"], archive["packages"]) == (False, len(drawn), 1)
    assert archive["blobs"] == len(drawn) + 1  # the package of the model is one
    assert stack.restarts() == {OTHER_INGEST: 1, "worker": 1}
