import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from cloud_service.local_stack.supervisor import Program, Supervisor
from tests.support.waiting import PATIENCE

WAIT_FOR_SIGNAL = "import signal; print('up', flush=True); signal.pause()"
IGNORE_SIGTERM = "import signal; signal.signal(15, signal.SIG_IGN); print('up', flush=True)\nwhile True: signal.pause()"


def program(name: str, code: str) -> Program:
    return Program(name, [sys.executable, "-c", code], ports=(1234,))


def rows(folder: Path) -> dict[str, dict[str, object]]:
    return {row["name"]: row for row in json.loads((folder / "processes.json").read_text())}


def pid_of(folder: Path, name: str) -> int:
    pid = rows(folder)[name]["pid"]
    assert isinstance(pid, int)
    return pid


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - another process changes what is looked at
            await asyncio.sleep(0.02)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_restarts_what_is_killed_and_reaps_all_at_the_end(tmp_path: Path) -> None:
    async def scenario() -> None:
        supervisor = Supervisor(tmp_path)
        await supervisor.start(program("one", WAIT_FOR_SIGNAL), program("two", WAIT_FOR_SIGNAL))
        await until(lambda: "up" in supervisor.log_of("one").read_text())
        first = pid_of(tmp_path, "one")
        os.kill(first, signal.SIGKILL)
        await until(lambda: rows(tmp_path)["one"]["restarts"] == 1)
        second = pid_of(tmp_path, "one")
        assert second != first
        assert rows(tmp_path)["one"]["ports"] == [1234]
        await until(lambda: supervisor.log_of("one").read_text().count("up") == 2)
        other = pid_of(tmp_path, "two")
        await supervisor.stop()
        assert not is_alive(second)
        assert not is_alive(other)
        assert {row["pid"] for row in rows(tmp_path).values()} == {None}

    asyncio.run(scenario())


def test_kills_a_program_that_does_not_heed_sigterm(tmp_path: Path) -> None:
    async def scenario() -> None:
        supervisor = Supervisor(tmp_path, stop_seconds=0.2)
        await supervisor.start(program("deaf", IGNORE_SIGTERM))
        await until(lambda: "up" in supervisor.log_of("deaf").read_text())
        pid = pid_of(tmp_path, "deaf")
        await supervisor.stop()
        assert not is_alive(pid)

    asyncio.run(scenario())


def test_stops_at_once_while_a_program_waits_for_its_restart(tmp_path: Path) -> None:
    async def scenario() -> None:
        supervisor = Supervisor(tmp_path)
        await supervisor.start(program("short-lived", "raise SystemExit(3)"))
        await until(lambda: int(str(rows(tmp_path)["short-lived"]["restarts"])) >= 2)
        async with asyncio.timeout(10):
            await supervisor.stop()

    asyncio.run(scenario())


def test_the_kernel_ends_the_children_of_a_killed_supervisor(tmp_path: Path) -> None:
    script = f"""
import asyncio, sys
from pathlib import Path
from cloud_service.local_stack.supervisor import Program, Supervisor
async def main():
    await Supervisor(Path({str(tmp_path)!r})).start(Program("child", [sys.executable, "-c", {WAIT_FOR_SIGNAL!r}]))
    print("ready", flush=True)
    await asyncio.Event().wait()
asyncio.run(main())
"""

    async def scenario() -> None:
        parent = await asyncio.create_subprocess_exec(sys.executable, "-c", script, stdout=asyncio.subprocess.PIPE)
        assert parent.stdout is not None
        assert await parent.stdout.readline() == b"ready\n"
        child = pid_of(tmp_path, "child")
        parent.kill()
        await parent.wait()
        await until(lambda: not is_alive(child) or Path(f"/proc/{child}/stat").read_text().split()[2] == "Z")

    asyncio.run(scenario())
