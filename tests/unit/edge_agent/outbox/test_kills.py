"""An outbox whose process is killed at any line of `put` holds the capture wholly, or takes it as new."""

import subprocess
import sys
from pathlib import Path

from edge_agent.intake.capture import PutResult
from edge_agent.outbox.outbox import Outbox
from shared.identifiers import sha256_of_file
from shared.vocabulary import OutboxState
from tests.support.edge import a_capture
from tests.support.outbox_kills import BEFORE, PAYLOAD

ROOT = Path(__file__).resolve().parents[4]


def test_killed_at_each_line(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.support.outbox_kills", str(tmp_path)]
    steps = int(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout)

    known = [check_consistency(tmp_path / str(number)) for number in range(1, steps + 1)]

    assert steps > 20
    assert known == sorted(known), "once a capture is durable, a later kill must not lose it"
    assert known[0] is False
    assert known[-2] is True, "the last kill came after the commit"


def check_consistency(folder: Path) -> bool:
    """Open the outbox as after a restart; returns whether it has the capture whose `put` was killed."""
    outbox = Outbox(folder)
    outbox.recover()
    capture = a_capture(PAYLOAD)
    known = outbox.is_known(capture.path, capture.fingerprint)

    entries = outbox.entries()
    assert len(entries) == (2 if known else 1)
    assert {path.name for path in (folder / "spool").iterdir()} == {str(entry.capture_id) for entry in entries}
    for entry, payload in zip(entries, (BEFORE, PAYLOAD), strict=False):
        assert entry.sha256 == a_capture(payload).sha256 == sha256_of_file(outbox.spool.path(entry.capture_id))
        assert entry.state is OutboxState.WAITING

    assert outbox.put(capture).result is (PutResult.DUPLICATE if known else PutResult.NEW)
    assert [entry.sequence for entry in outbox.entries()] == [1, 2]
    outbox.close()
    return known
