"""The machine that a figure was measured on, and the versions of what ran there."""

import os
import platform
from importlib import metadata
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict

_LIBRARIES = (
    "celery",
    "numpy",
    "onnxruntime",
    "openvino",
    "paho-mqtt",
    "pillow",
    "simplejpeg",
    "sqlalchemy",
    "tensorrt",
    "torch",
    "uvicorn",
)
_GIGABYTE = 1e9


class Machine(BaseModel):
    """One machine, as every result names it."""

    model_config = ConfigDict(frozen=True)

    cpu: str
    cores: int  # that this process may use
    memory_gigabytes: float
    system: str
    python: str
    versions: dict[str, str]

    @classmethod
    def this(cls) -> Self:
        """The machine that this runs on."""
        return cls(
            cpu=_cpu_model(Path("/proc/cpuinfo")),
            cores=cores(),
            memory_gigabytes=round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / _GIGABYTE, 1),
            system=_system(),
            python=platform.python_version(),
            versions=_versions(),
        )

    @property
    def in_words(self) -> str:
        """One line for people."""
        return f"{self.cpu}, {self.cores} cores, {self.memory_gigabytes:g} GB, {self.system}, Python {self.python}"


def cores() -> int:
    """Cores that this process may use, which in a container are fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _cpu_model(cpuinfo: Path) -> str:
    """As Linux names it (proc(5)); elsewhere the architecture."""
    if cpuinfo.is_file():
        for line in cpuinfo.read_text().splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()


def _system() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except OSError:
        return platform.platform(terse=True)


def _versions() -> dict[str, str]:
    found = {}
    for name in _LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue  # optional, and not here
    return found
