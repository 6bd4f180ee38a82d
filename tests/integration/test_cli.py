"""The command `smearflow` as a program of its own."""

import os
import subprocess
import sys

COMMAND = [sys.executable, "-c", "from cloud_service.cli import main; main()"]


def test_a_database_without_tables_is_said_without_a_traceback(database_url: str) -> None:
    ended = subprocess.run(
        [*COMMAND, "user", "list"],
        env=os.environ | {"SMEARFLOW_DATABASE_URL": database_url},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert ended.returncode == 1
    assert "user_account" in ended.stderr
    assert "`smearflow migrate`" in ended.stderr
    assert "Traceback" not in ended.stderr
