"""A folder of captures goes in; each comes back diagnosed, at the device, on the event stream and in the API."""

import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import numpy as np
import pytest
from PIL import Image

from cloud_service.bench.stream import StreamWatcher, watched_stream
from cloud_service.ml.evaluation.probes import turn_hue
from cloud_service.ml.synthetic.bad_files import make_odd_files
from edge_agent.credentials import EdgeSecrets
from shared.identifiers import case_pseudonym
from shared.vocabulary import CustodyStage
from tests.support.photographs import take
from tests.support.stack import BIN, RunningStack, answered, running_stack, until
from tests.support.waiting import PATIENCE
from tests.support.workstation import status_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

CROPS = 16
A_CASE = 4
OTHER_STAIN = "another-stain.png"
PASSED = [
    CustodyStage.CAPTURED,
    CustodyStage.QUEUED,
    CustodyStage.RECEIVED,
    CustodyStage.ANALYSED,
    CustodyStage.DELIVERED,
    CustodyStage.ACKNOWLEDGED,
]


def accession_of(number: int) -> str:
    return f"H26-{number // A_CASE:04}"


def summaries(stack: RunningStack) -> dict[UUID, dict[str, Any]]:
    with stack.api() as client:
        page = client.get("/api/v1/captures", params={"limit": 500}).json()
    return {UUID(capture["id"]): capture for capture in page["captures"]}


def in_another_stain(crop: Path, target: Path) -> Path:
    """Write a photograph with all its hues turned by 120 degrees."""
    (turned,) = turn_hue(np.asarray(Image.open(crop))[None], 120.0)
    Image.fromarray(turned).save(target)
    return target


class Chain:
    """A stack through which a folder of captures has gone.

    Half of them lay in the folder when the agent started, the others came while it ran; one came twice.
    """

    def __init__(self, stack: RunningStack, stream: StreamWatcher, taken: dict[str, str]) -> None:
        self.stack = stack
        self.stream = stream
        self.taken = taken
        """The accession of each file, by the file's path."""
        self.listing = stack.edge_listing()
        self.ids = {UUID(capture["capture_id"]) for capture in self.listing["captures"]}


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory, crops: list[Path]) -> Iterator[Chain]:
    folder = tmp_path_factory.mktemp("chain")
    # Plain crops, and all kinds of pixels, formats and names, and a cell in a stain that the model does not know.
    pictures = crops[:CROPS] + [made.path for made in make_odd_files(folder / "drawn")]
    pictures.append(in_another_stain(crops[0], folder / "drawn" / OTHER_STAIN))
    early, late = folder / "captures" / "from before", folder / "captures"
    early.mkdir(parents=True)
    taken: dict[str, str] = {}

    def photograph(number: int, source: Path, target: Path) -> None:
        taken[str(take(source, target, accession_of(number)))] = accession_of(number)

    for number, source in enumerate(pictures[::2]):
        photograph(number * 2, source, early)
    with running_stack(folder) as stack, watched_stream(stack.url, stack.token) as stream:
        for number, source in enumerate(pictures[1::2]):
            photograph(number * 2 + 1, source, late)
        until(lambda: len(answered(stack.edge_listing())) == len(pictures), PATIENCE, "every capture is answered")
        photograph(0, pictures[0], late)
        until(lambda: taken.keys() <= files_of(stack.edge_listing()), PATIENCE, "the second copy is known")
        ids = [UUID(capture["capture_id"]) for capture in stack.edge_listing()["captures"]]
        until(
            lambda: all(CustodyStage.ACKNOWLEDGED in stream.stages_of(id_) for id_ in ids),
            PATIENCE,
            "the stream tells all",
        )
        yield Chain(stack, stream, taken)


def files_of(listing: dict[str, Any]) -> set[str]:
    return {file for capture in listing["captures"] for file in capture["files"]}


def test_every_file_has_its_result_at_the_device(chain: Chain) -> None:
    assert files_of(chain.listing) == set(chain.taken)
    assert chain.listing["refused"] == []
    assert Counter(capture["state"] for capture in chain.listing["captures"]) == {"answered": len(chain.taken) - 1}
    for capture in chain.listing["captures"]:
        result = capture["result"]
        assert (result["kind"], result["capture_id"]) == ("prediction", capture["capture_id"])
        assert result["sha256"] == capture["sha256"]
        assert 0.0 <= result["probability"] <= 1.0


def test_an_answer_that_means_nothing_is_doubted_at_the_device_and_in_the_api(chain: Chain) -> None:
    by_name = {Path(capture["files"][0]).name: capture for capture in chain.listing["captures"]}
    known, other = by_name["crop-0000.jpg"], by_name[OTHER_STAIN]
    assert known["result"]["doubts"] == []
    assert other["result"]["doubts"][0].startswith("Unlike the images that the model was trained on")

    found = summaries(chain.stack)
    for capture in chain.listing["captures"]:
        assert found[UUID(capture["capture_id"])]["prediction"]["doubts"] == capture["result"]["doubts"]
    list_ = [str(BIN / "smearflow-edge"), "outbox", "list", "--all", "--config", str(chain.stack.edge_config)]
    lines = subprocess.run(list_, check=True, capture_output=True, text=True).stdout.splitlines()
    (told,) = [line for line in lines if OTHER_STAIN in line]
    assert "preliminary finding: Cannot say. Unlike the images" in told


def test_the_password_that_was_printed_lets_the_first_administrator_in(chain: Chain) -> None:
    form = {"user": "admin", "password": chain.stack.first_password}
    with httpx.Client(base_url=chain.stack.url, trust_env=False) as browser:
        assert browser.post("/api/v1/session", json=form).json()["role"] == "administrator"
        assert browser.get("/api/v1/captures").status_code == 200
    actions = [entry["action"] for entry in chain.stack.command("audit", "list", "--json")]

    assert actions[0] == "log-in"
    # The worker registers its model as it starts, whatever comes meanwhile.
    assert actions.count("model-registered") == 1
    others = [action for action in actions if action != "model-registered"]
    assert others[-3:] == ["token-added", "device-enrolled", "user-added"]
    assert chain.stack.command("audit", "verify", "--json")["position"] == len(actions)


def test_the_same_image_twice_is_one_capture(chain: Chain) -> None:
    copies = [capture["files"] for capture in chain.listing["captures"] if len(capture["files"]) > 1]
    assert [[Path(file).name for file in files] for files in copies] == [["crop-0000.jpg"] * 2]


def test_the_stream_tells_each_step_of_each_capture_once_and_without_a_gap(chain: Chain) -> None:
    told = {capture: chain.stream.stages_of(capture) for capture in chain.ids}
    assert {tuple(stages) for stages in told.values()} == {
        (CustodyStage.RECEIVED, CustodyStage.ANALYSED, CustodyStage.ACKNOWLEDGED)
    }
    assert chain.stream.seen_at.keys() == chain.ids
    assert chain.stream.positions == list(range(len(chain.stream.positions)))  # 0 is the greeting


def test_the_api_knows_each_captures_whole_way_and_its_case(chain: Chain) -> None:
    found = summaries(chain.stack)
    assert found.keys() == chain.ids
    assert {tuple(step["stage"] for step in capture["custody"]) for capture in found.values()} == {tuple(PASSED)}
    for capture in found.values():
        times = [step["at"] for step in capture["custody"]]
        assert times == sorted(times)

    key = EdgeSecrets.load(chain.stack.data / "edge" / "state" / "secrets.json").pseudonym_key_bytes
    for capture in chain.listing["captures"]:
        expected = {case_pseudonym(chain.taken[file], key) for file in capture["files"]}
        assert {found[UUID(capture["capture_id"])]["case"]} == expected


def test_no_accession_and_no_file_name_leaves_the_site(chain: Chain) -> None:
    kept = chain.stack.database.read_bytes() + b"".join(path.read_bytes() for path in cloud_logs(chain.stack))
    for name in ("H26-000", "crop-0000", "мазок"):
        assert name.encode() not in kept


def cloud_logs(stack: RunningStack) -> list[Path]:
    return [path for path in (stack.data / "logs").iterdir() if path.name != "edge.log"]


def test_the_status_of_a_device_that_needs_nobody_and_then_a_person(chain: Chain, crops: list[Path]) -> None:
    code, status = status_of(chain.stack.edge_config)
    assert (code, status["running"], status["agent"]["connected"], status["agent"]["cloud_online"]) == (
        0,
        True,
        True,
        True,
    )
    assert status["captures"] == {"waiting": 0, "stored": 0, "answered": len(chain.ids), "parked": 0}
    assert (status["parked"], status["refused"], status["alarms"]) == ([], [], [])
    assert all(result["finding"].startswith("preliminary finding: ") for result in status["results"])
    assert chain.stack.restarts() == {}

    nameless = take(crops[CROPS], chain.stack.captures)
    until(lambda: bool(status_of(chain.stack.edge_config)[1]["refused"]), PATIENCE, "the refusal is shown")
    code, status = status_of(chain.stack.edge_config)
    assert (code, status["refused_files"], status["refused"][0]["file"]) == (1, 1, str(nameless))
    assert status["refused"][0]["reason"].startswith("no accession")


def test_the_status_without_settings(tmp_path: Path) -> None:
    command = [str(BIN / "smearflow-edge"), "status", "--json", "--config", str(tmp_path / "edge.toml")]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (3, "")
    assert "smearflow-edge enrol" in done.stderr
