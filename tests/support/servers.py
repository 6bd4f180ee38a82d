"""Real Mosquitto, Redis and PostgreSQL for tests; conftest.py offers them as fixtures."""

import itertools
import json
import os
import signal
import socket
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import psycopg

from cloud_service.local_stack.ports import LOOPBACK
from cloud_service.local_stack.programs import dynamic_security_plugin, find_program
from tests.support.processes import ServerProcess, accepts_connections

_NOBODY = 65534


class Mosquitto(ServerProcess):
    """A broker with persistence.

    Args:
        folder: its settings, data and log.
        dynamic_security: what `dynamic-security.json` holds; without it anybody may do anything.
        settings: more lines for mosquitto.conf, such as `max_packet_size 100000`.
    """

    def __init__(self, folder: Path, dynamic_security: Mapping[str, Any] | None = None, settings: str = "") -> None:
        super().__init__(folder)
        lines = [
            f"listener {self.port} {LOOPBACK}",
            f"allow_anonymous {'true' if dynamic_security is None else 'false'}",
            "persistence true",
            f"persistence_location {folder}/",
            "max_queued_messages 0",
            "set_tcp_nodelay true",
            "log_dest stderr",
            "user root" if os.geteuid() == 0 else "",
            settings,
        ]
        if dynamic_security is not None:
            roles = folder / "dynamic-security.json"
            roles.write_text(json.dumps(dynamic_security))
            roles.chmod(0o600)
            lines += [f"plugin {dynamic_security_plugin()}", f"plugin_opt_config_file {roles}"]
        self._settings = folder / "mosquitto.conf"
        self._settings.write_text("\n".join(lines) + "\n")

    def command(self) -> Sequence[str | Path]:
        """See ServerProcess."""
        return [find_program("mosquitto"), "-c", self._settings]

    def is_ready(self) -> bool:
        """See ServerProcess."""
        return accepts_connections(self.port)


class Redis(ServerProcess):
    """A Redis that appends every write to its file before it answers."""

    @property
    def url(self) -> str:
        """For redis-py and Celery."""
        return f"redis://{LOOPBACK}:{self.port}/0"

    def command(self) -> Sequence[str | Path]:
        """See ServerProcess."""
        settings = {
            "port": self.port,
            "bind": LOOPBACK,
            "dir": self.folder,
            "appendonly": "yes",
            "appendfsync": "always",
            "save": "",
        }
        options = [text for name, value in settings.items() for text in (f"--{name}", str(value))]
        return [find_program("redis-server"), *options]

    def is_ready(self) -> bool:
        """Whether it answers PING, which it does not while it reads its file."""
        try:
            with socket.create_connection((LOOPBACK, self.port), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(64).startswith(b"+PONG")
        except OSError:
            return False


class Postgres(ServerProcess):
    """A PostgreSQL of the tests' own, without fsync (a killed server keeps what it committed, a power cut would not).

    Args:
        folder: must be reachable for everybody, since PostgreSQL refuses to run as root and then runs as nobody.
    """

    stop_signal = signal.SIGINT  # "fast": does not wait for clients to leave

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._data = folder / "data"
        self._numbers = itertools.count(1)
        if os.geteuid() == 0:
            os.chown(folder, _NOBODY, _NOBODY)
            self.user_switch = _as_nobody(find_program("initdb"))
        initdb: list[str | Path] = [
            find_program("initdb"),
            "--no-sync",
            "--auth=trust",
            "--username=smearflow",
            "--encoding=UTF8",
        ]
        switch = ["setpriv", *self.user_switch, "--"] if self.user_switch else []
        subprocess.run([*switch, *initdb, "--no-locale", "-D", self._data], check=True, stdout=subprocess.DEVNULL)

    def url(self, database: str) -> str:
        """For SQLAlchemy."""
        return f"postgresql+psycopg://smearflow@{LOOPBACK}:{self.port}/{database}"

    def conninfo(self, database: str) -> str:
        """For psycopg."""
        return f"host={LOOPBACK} port={self.port} user=smearflow dbname={database}"

    def create_database(self, template: str = "template1") -> str:
        """A new database's name, a copy of `template`, to which nobody may be connected."""
        name = f"test_{next(self._numbers)}"
        self._administer(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return name

    def drop_database(self, name: str) -> None:
        """Drops the database, with whoever is still connected to it."""
        self._administer(f'DROP DATABASE "{name}" WITH (FORCE)')

    def command(self) -> Sequence[str | Path]:
        """See ServerProcess."""
        settings = {
            "port": self.port,
            "listen_addresses": LOOPBACK,
            "unix_socket_directories": "",
            "fsync": "off",
            "full_page_writes": "off",
        }
        options = [text for name, value in settings.items() for text in ("-c", f"{name}={value}")]
        return [find_program("postgres"), "-D", self._data, *options]

    def is_ready(self) -> bool:
        """Whether it lets somebody in, which it does not while it recovers."""
        try:
            self._administer("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def _administer(self, statement: str) -> None:
        with psycopg.connect(self.conninfo("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())


def _as_nobody(program: Path) -> Sequence[str]:
    """Options for setpriv; with the right to read all where `program` lies in a folder of root's, say in /root."""
    switch = [f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups"]
    reachable = subprocess.run(
        ["setpriv", *switch, "--", "test", "-x", program], check=False, stderr=subprocess.DEVNULL
    )
    if reachable.returncode == 0:
        return switch
    # access(2), which PostgreSQL asks whether it can run itself, forgets capabilities without the secure bit.
    right_to_read = ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
    return [*switch, *right_to_read, "--securebits=+no_setuid_fixup"]
