"""edge_agent.intake.taking: files that the agent's account may not read, tried as another account than root."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.edge_intake import jpeg

_TAKE_AS_NOBODY = """
import os, sys
from pathlib import Path
from tests.support.edge_intake import taking
taking_all = taking(unidentified="own-case")
if os.geteuid() == 0:
    taking_all.take(Path(sys.argv[1]))  # imports all that is needed while this account may read it
    os.setgroups([])
    os.setresgid(65534, 65534, 65534)
    os.setresuid(65534, 65534, 65534)
for name in sys.argv[2:]:
    refusal = taking_all.take(Path(name))
    print(refusal.kind, refusal.reason)
"""


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """A folder that every account may look into, as pytest's own is not."""
    with tempfile.TemporaryDirectory(prefix="smearflow-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


def test_unreadable_file_and_sidecar_say_whose_right_is_missing(public_folder: Path) -> None:
    good, image, described, sidecar = (public_folder / name for name in ("g.jpg", "a.jpg", "b.jpg", "b.json"))
    for path in (good, image, described):
        path.write_bytes(jpeg())
    sidecar.write_text('{"accession": "A"}')
    image.chmod(0)
    sidecar.chmod(0)
    root = Path(__file__).parents[4]
    child = subprocess.run(
        [sys.executable, "-c", _TAKE_AS_NOBODY, *map(str, (good, image, described))],
        cwd=root,
        env={"PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert child.stdout.splitlines() == [
        "not_permitted the file may not be read by the agent's account: grant it the right to read",
        "not_permitted its sidecar may not be read by the agent's account: grant it the right to read",
    ], child.stderr
