"""The report of a run on a machine with a GPU: one file that says what ran where, and how it ended."""

import json
import platform
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from cloud_service.config import settings
from cloud_service.gpu_doctor import examine_gpu


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--gpu-report FILE`."""
    parser.addoption("--gpu-report", type=Path, help="Write what ran, on which machine and how it ended, as JSON.")


@pytest.hookimpl(wrapper=True)
def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> Iterator[None]:
    """Write the report, whatever became of the tests."""
    yield
    target: Path | None = config.getoption("gpu_report", None)
    if target is None:
        return
    tests = [
        {"test": report.nodeid, "outcome": outcome, "seconds": round(report.duration, 3), **_told(report)}
        for outcome in ("passed", "failed", "error", "skipped", "xfailed")
        for report in terminalreporter.stats.get(outcome, [])
        if outcome != "passed" or report.when == "call"
    ]
    machine = {"system": platform.platform(), "python": platform.python_version()}
    checks = [asdict(check) for check in examine_gpu(settings())]
    target.write_text(json.dumps({"machine": machine, "checks": checks, "tests": tests}, indent=2) + "\n")
    terminalreporter.write_line(f"The report is {target}.")


def _told(report: pytest.TestReport) -> dict[str, Any]:
    """What a test measured, and why it was skipped or failed."""
    told: dict[str, Any] = dict(report.user_properties)
    if report.skipped and isinstance(report.longrepr, tuple):
        told["reason"] = report.longrepr[2]
    elif report.failed:
        told["reason"] = str(report.longrepr)
    return told
